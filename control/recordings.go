package control

import (
	"context"
)

type createRecordingRequest struct {
	Name            *recordingName   `json:"name"`
	Destination     *destination     `json:"destinationConfiguration" required:"true"`
	ReconnectWindow *reconnectWindow `json:"recordingReconnectWindowSeconds"`
	Thumbnails      *thumbnails      `json:"thumbnailConfiguration"`
	Renditions      *renditions      `json:"renditionConfiguration"`
	withTags
}

type recordingResponse struct {
	Configuration recordingConfiguration `json:"recordingConfiguration"`
}

// States of a recording configuration. It is being made as long as it is not stored.
const (
	stateCreating = "CREATING"
	stateActive   = "ACTIVE"
)

func (a *API) createRecording(ctx context.Context, in *createRecordingRequest) (*recordingResponse, error) {
	if in.Destination.S3 == nil {
		return nil, fault(codeValidation, "destinationConfiguration.s3 is missing")
	}
	r := &recordingRecord{ID: newID(), Created: a.now(), Bucket: string(in.Destination.S3.Name), Tags: in.tagged()}
	set(&r.Name, in.Name)
	if in.ReconnectWindow != nil {
		r.ReconnectWindow = int(*in.ReconnectWindow)
	}
	var err error
	if r.Thumbnails, err = completeThumbnails(in.Thumbnails); err != nil {
		return nil, err
	}
	if r.Renditions, err = completeRenditions(in.Renditions); err != nil {
		return nil, err
	}
	err = a.change(ctx, func(d *draft) error {
		if err := d.count(kindRecording, 1, a.settings.Load().Quotas.Recordings, "recording configurations"); err != nil {
			return err
		}
		return d.put(entryKey(kindRecording, r.ID), r)
	})
	if err != nil {
		return nil, err
	}
	out := a.recording(r)
	out.State = stateCreating // as the service answers; whoever asks next sees it active
	return &recordingResponse{out}, nil
}

// completeThumbnails fills in what was not said, by the model's defaults.
func completeThumbnails(wish *thumbnails) (thumbnails, error) {
	mode, interval := recordingMode("INTERVAL"), thumbnailInterval(60)
	t := thumbnails{}
	if wish != nil {
		t = *wish
	}
	if t.Mode == nil {
		t.Mode = &mode
	}
	if *t.Mode == "DISABLED" {
		if t.Interval != nil {
			return t, fault(codeValidation, "thumbnailConfiguration.targetIntervalSeconds is for recordingMode INTERVAL")
		}
		return t, nil
	}
	if t.Interval == nil {
		t.Interval = &interval
	}
	if len(t.Storage) == 0 {
		t.Storage = []thumbnailStorage{"SEQUENTIAL"}
	}
	return t, nil
}

func completeRenditions(wish *renditions) (renditions, error) {
	all := renditionSelection("ALL")
	r := renditions{}
	if wish != nil {
		r = *wish
	}
	if r.Selection == nil {
		r.Selection = &all
	}
	if *r.Selection == "CUSTOM" && len(r.Sizes) == 0 {
		return r, fault(codeValidation, "renditionConfiguration.renditions is missing, which renditionSelection CUSTOM needs")
	}
	return r, nil
}

type byRecordingARN struct {
	ARN recordingARN `json:"arn" required:"true"`
}

func (r byRecordingARN) resources(arns) []string { return []string{string(r.ARN)} }

func (a *API) getRecording(ctx context.Context, in *byRecordingARN) (*recordingResponse, error) {
	var r recordingRecord
	if err := a.load(ctx, kindRecording, string(in.ARN), &r); err != nil {
		return nil, err
	}
	return &recordingResponse{a.recording(&r)}, nil
}

func (a *API) deleteRecording(ctx context.Context, in *byRecordingARN) (*empty, error) {
	return nil, a.delete(ctx, kindRecording, string(in.ARN))
}

type listRecordingsResponse struct {
	Configurations []recordingConfiguration `json:"recordingConfigurations"`
	further
}

func (a *API) listRecordings(ctx context.Context, in *paged) (*listRecordingsResponse, error) {
	most := in.most(min(pageMost, a.settings.Load().Quotas.Recordings))
	records, err := listOf[recordingRecord](ctx, a, kindRecording, *in, most)
	if err != nil {
		return nil, err
	}
	records, more := cut(string(kindRecording), records, most, func(r *recordingRecord) string { return r.ID })
	out := &listRecordingsResponse{Configurations: make([]recordingConfiguration, len(records)), further: more}
	for i, r := range records {
		c := a.recording(r)
		c.Thumbnails, c.ReconnectWindow, c.Renditions = nil, nil, nil
		out.Configurations[i] = c
	}
	return out, nil
}

func (a *API) recording(r *recordingRecord) recordingConfiguration {
	return recordingConfiguration{
		ARN: a.arns.of(kindRecording, r.ID), Name: r.Name, Destination: destination{S3: &bucket{bucketName(r.Bucket)}},
		State: stateActive, Tags: shown(r.Tags), Thumbnails: &r.Thumbnails, ReconnectWindow: &r.ReconnectWindow, Renditions: &r.Renditions,
	}
}
