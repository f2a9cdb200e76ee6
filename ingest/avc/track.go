package avc

import "ladderd/media"

// Track is one publisher's H.264 track. Its zero value is ready.
type Track struct {
	lengthSize int // bytes before each NAL unit, in FLV; 0 until known
	sets       parameterSets
	params     *media.VideoParams
	changed    bool   // params are not on a packet yet
	leading    []byte // SEI that came without a picture
}

// Known says whether there are parameters yet.
func (t *Track) Known() bool { return t.params != nil }

// Configure takes an AVCDecoderConfigurationRecord. It may have no parameter sets:
// then they come in band.
func (t *Track) Configure(record []byte) error {
	lengthSize, sets, err := readConfiguration(record)
	if err != nil {
		return err
	}
	t.lengthSize, t.sets = lengthSize, sets
	return t.update()
}

// update makes new parameters if the sets have changed in what a decoder must
// know beforehand.
func (t *Track) update() error {
	if t.sets.empty() {
		return nil
	}
	sps, pps := t.sets.primary()
	if t.params != nil && string(sps) == string(t.params.SPS) && string(pps) == string(t.params.PPS) {
		return nil
	}
	params, err := media.NewVideoParams(sps, pps)
	if err != nil {
		return err
	}
	t.params, t.changed = params, true
	return nil
}

// AccessUnit makes a packet of an access unit's NAL units, without timestamps: those
// are the caller's to set. The packet is nil where no picture can be shown: before
// any parameters, and for units without a picture, of which SEI goes into the next.
// The units are copied.
func (t *Track) AccessUnit(units [][]byte) (*media.Packet, error) {
	au := t.sort(units)
	if au.setsChanged {
		if err := t.update(); err != nil {
			return nil, err
		}
	}
	if t.params == nil || len(au.units) == 0 {
		return nil, nil
	}
	if !au.picture {
		t.leading = appendUnits(nil, au.units)
		return nil, nil
	}
	p := &media.Packet{Kind: media.Video, Key: au.idr}
	if au.idr || au.setsChanged {
		p.Data = appendUnits(nil, t.sets.further())
	}
	p.Data = appendUnits(append(p.Data, t.leading...), au.units)
	t.leading = nil
	if t.changed {
		p.Video, t.changed = t.params, false
	}
	return p, nil
}
