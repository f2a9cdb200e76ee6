package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"ladderd/ladder"
	"ladderd/media"
	"ladderd/pipeline"
	"ladderd/pipeline/route"
	"ladderd/testassets/publish"
)

// source is the broadcast that is measured with: a busy 1080p60 picture as OBS
// would send it, with B-frames and an IDR every 2 s.
func source(seconds int) publish.Clip {
	return publish.Clip{
		Name: "source", Width: 1920, Height: 1080, Rate: "60", Seconds: seconds, Bitrate: 8_000_000, GOP: 2, BFrames: 2,
	}
}

// sourceFPS is the frame rate of source.
const sourceFPS = 60

// clip is a broadcast as the worker takes it.
type clip struct {
	video   *media.VideoParams
	audio   *media.AudioParams
	packets []media.Packet
}

// readPackets reads a clip's packets on the stream's timeline.
func readPackets(file string) (*clip, error) {
	tags, err := publish.ReadFLV(file)
	if err != nil {
		return nil, err
	}
	d := &clip{}
	for _, t := range tags {
		if err := d.add(t); err != nil {
			return nil, fmt.Errorf("%s at %d ms: %w", file, t.Time, err)
		}
	}
	if d.video == nil || d.audio == nil {
		return nil, fmt.Errorf("%s: video or audio is missing", file)
	}
	return d, nil
}

func (d *clip) add(t publish.Tag) (err error) {
	dts := media.Clock + media.FromMillis(t.Time)
	switch {
	case t.Type == publish.TagVideo && t.Config():
		d.video, err = parameterSets(t.Body[5:])
	case t.Type == publish.TagAudio && t.Config():
		d.audio, err = media.NewAudioParams(t.Body[2:])
	case t.Type == publish.TagVideo && len(t.Body) > 5 && t.Body[1] == 1:
		d.packets = append(d.packets, media.Packet{
			Kind: media.Video, DTS: dts, PTS: media.Clock + media.FromMillis(shownAt(t)), Key: t.Key(), Data: t.Body[5:],
		})
	case t.Type == publish.TagAudio && len(t.Body) > 2:
		d.packets = append(d.packets, media.Packet{Kind: media.Audio, DTS: dts, PTS: dts, Data: t.Body[2:]})
	}
	return err
}

// shownAt is the time in milliseconds at which a video tag's picture is shown: its
// own and the composition time behind it (Adobe Flash Video File Format 10.1, E.4.3.1).
func shownAt(t publish.Tag) int64 {
	return t.Time + int64(int32(uint32(t.Body[2])<<24|uint32(t.Body[3])<<16|uint32(t.Body[4])<<8)>>8)
}

// parameterSets reads an AVCDecoderConfigurationRecord (ISO/IEC 14496-15,
// 5.3.3.1) with one set of each kind, as ffmpeg writes it.
func parameterSets(b []byte) (*media.VideoParams, error) {
	errShort := errors.New("decoder configuration is cut off")
	var sets [2][]byte
	b = bytes.Clone(b)
	if len(b) < 6 {
		return nil, errShort
	}
	b = b[5:]
	for i := range sets {
		if len(b) < 3 || len(b) < 3+int(binary.BigEndian.Uint16(b[1:])) {
			return nil, errShort
		}
		n := 3 + int(binary.BigEndian.Uint16(b[1:]))
		sets[i], b = b[3:n], b[n:]
	}
	return media.NewVideoParams(sets[0], sets[1])
}

// rung is a rendition that is encoded anew.
type rung struct {
	Name          string
	Width, Height int
	FPS           int // whole, since the source's are
	Bitrate       int // of the video, bits per second
	AudioBitrate  int // bits per second; 0 where the source's audio is passed through
}

// standardLadder is what a STANDARD channel makes of the source: the renditions
// that are encoded, and the job for a worker to make them.
func standardLadder(d *clip) ([]rung, pipeline.Job, error) {
	rate := media.Rate{Num: sourceFPS, Den: 1}
	renditions, err := ladder.For(ladder.Standard, "", ladder.Input{
		Width: d.video.Width, Height: d.video.Height, Rate: rate, Audio: true,
	})
	if err != nil {
		return nil, pipeline.Job{}, err
	}
	plan := route.New("bench", renditions, route.Source{Video: d.video, Audio: d.audio, Rate: rate}, media.Clock)
	plan.Job.Backend = pipeline.Backend{Encoder: pipeline.X264}
	return encoded(renditions), plan.Job, nil
}

// encoded are the renditions that are encoded anew.
func encoded(renditions []ladder.Rendition) (rungs []rung) {
	for _, r := range renditions {
		if r.Video == ladder.Transcode {
			rungs = append(rungs, rung{r.Name, r.Width, r.Height, r.Rate.Num / r.Rate.Den, r.VideoBitrate, r.AudioBitrate})
		}
	}
	return rungs
}
