package ts

import (
	"errors"
	"fmt"
	"slices"

	"ladderd/ingest/avc"
	"ladderd/media"
)

const (
	// maxPicture and maxAudio bound a PES packet in bytes. Over RTMP an access unit
	// may be as large.
	maxPicture = 8 << 20
	maxAudio   = 256 << 10
	// maxWithoutVideo is how many PMTs may come before there is one with video. Encoders
	// send ten a second.
	maxWithoutVideo = 100
)

// errNoVideo refuses what has no picture.
var errNoVideo = errors.New("the transport stream has no video track")

// Counts are what was wrong since the beginning.
type Counts struct {
	Resyncs int64 // times that bytes were passed over which were no packets
	Lost    int64 // places at which transport packets were missing
	Damaged int64 // pictures and PES packets of audio that were left out
	Ignored int64 // transport packets that were marked as damaged, or scrambled
}

// Demuxer reads the transport stream of one publisher.
type Demuxer struct {
	out func(media.Packet) error

	aligner  aligner
	counts   Counts
	pat      section
	pmts     []*programMap // of the PAT's programs
	selected *programMap   // the program that is taken, with its tracks
	maps     int           // PMTs that came while none was selected

	clock clock
	video avc.Track
	audio audioTrack
	// videoPES and audioPES are nil while there is no such track.
	videoPES, audioPES *track
}

// programMap is a program of the PAT.
type programMap struct {
	program
	section
}

// track is an elementary stream that is taken.
type track struct {
	pid uint16
	pes
}

// NewDemuxer makes a demuxer that gives what it reads to out, in the order in which it
// becomes whole. An error of out ends Write.
func NewDemuxer(out func(media.Packet) error) *Demuxer { return &Demuxer{out: out} }

// Counts is what was wrong so far.
func (d *Demuxer) Counts() Counts {
	c := d.counts
	c.Resyncs = d.aligner.resyncs
	return c
}

// Write takes any number of bytes. Its error is out's, or names what the encoder
// sends that is not taken; then the stream is over.
func (d *Demuxer) Write(b []byte) error { return d.aligner.feed(b, d.packet) }

// HasAudio says whether the program that is taken has audio that is.
func (d *Demuxer) HasAudio() bool { return d.audioPES != nil }

// End says that no more will come. The last picture, which no other one has ended,
// goes out if it is whole.
func (d *Demuxer) End() error {
	if d.videoPES == nil {
		return nil
	}
	return d.videoPES.end(d.picture, d.spoiled)
}

func (d *Demuxer) packet(b []byte) error {
	p, ok := readPacket(b)
	if !ok {
		if p.pid != pidNull {
			d.counts.Ignored++
		}
		return nil
	}
	if len(p.payload) == 0 {
		return nil
	}
	switch {
	case d.videoPES != nil && p.pid == d.videoPES.pid:
		return d.videoPES.put(p, d.step(d.videoPES, p), d.picture, d.spoiled)
	case d.audioPES != nil && p.pid == d.audioPES.pid:
		is := d.step(d.audioPES, p)
		if is == lost {
			d.audio.lose()
		}
		return d.audioPES.put(p, is, d.sound, d.spoiledSound)
	case p.pid == pidPAT:
		d.pat.put(p, d.takePAT)
		return nil
	}
	return d.table(p)
}

// step counts what is missing before p.
func (d *Demuxer) step(t *track, p packet) step {
	is := t.next(p)
	if is == lost {
		d.counts.Lost++
	}
	return is
}

// Missing says that up to so many transport packets have not come between what was
// written and what will be. The counters alone do not tell sixteen from none.
func (d *Demuxer) Missing(packets int) {
	d.aligner.cut()
	if packets < counters {
		return
	}
	d.audio.lose()
	for _, t := range []*track{d.videoPES, d.audioPES} {
		if t != nil {
			t.damaged = t.open
		}
	}
	for _, m := range d.pmts {
		m.buf = nil
	}
	d.pat.buf = nil
}

// takePAT keeps the programs that are still there, with what has come of their maps.
func (d *Demuxer) takePAT(b []byte) {
	programs, ok := readPAT(b)
	if !ok {
		return
	}
	var pmts []*programMap
	for _, p := range programs {
		i := slices.IndexFunc(d.pmts, func(m *programMap) bool { return m.program == p })
		if i >= 0 {
			pmts = append(pmts, d.pmts[i])
		} else {
			pmts = append(pmts, &programMap{program: p})
		}
	}
	d.pmts = pmts
	if d.selected != nil && !slices.Contains(pmts, d.selected) {
		d.selected = nil // the tracks stay until another program's come
	}
}

// table takes a packet of a PMT.
func (d *Demuxer) table(p packet) (err error) {
	// Programs may share a pid; each then finds its own sections.
	for _, m := range d.pmts {
		if m.pid != p.pid {
			continue
		}
		m.put(p, func(b []byte) {
			if number, streams, ok := readPMT(b); ok && number == m.number && err == nil {
				err = d.takePMT(m, streams)
			}
		})
	}
	return err
}

// takePMT takes the first program with video, and what becomes of it.
func (d *Demuxer) takePMT(m *programMap, streams []stream) error {
	if d.selected != nil && d.selected != m {
		return nil
	}
	video, refusedVideo := choose(streams, media.Video)
	if refusedVideo != nil {
		return fmt.Errorf("video: %w", refusedVideo)
	}
	if video == nil {
		return d.withoutVideo()
	}
	audio, refusedAudio := choose(streams, media.Audio)
	if refusedAudio != nil {
		return fmt.Errorf("audio: %w", refusedAudio)
	}
	d.selected, d.maps = m, 0
	d.videoPES = d.videoPES.keep(video, maxPicture)
	before := d.audioPES
	if d.audioPES = d.audioPES.keep(audio, maxAudio); d.audioPES != before {
		d.audio.lose()
	}
	return nil
}

// withoutVideo waits for a program with video, but not for ever.
func (d *Demuxer) withoutVideo() error {
	d.maps++
	if d.maps > maxWithoutVideo {
		return errNoVideo
	}
	return nil
}

// choose finds the first stream of a kind that is taken; an error where there are
// only others.
func choose(streams []stream, kind media.Kind) (*stream, error) {
	var refused error
	for i, s := range streams {
		if s.codec.kind != kind {
			continue
		}
		if s.codec.taken {
			return &streams[i], nil
		}
		if refused == nil {
			refused = refuse(s.codec)
		}
	}
	return nil, refused
}

// keep is the track of s: t where that is it already.
func (t *track) keep(s *stream, most int) *track {
	switch {
	case s == nil:
		return nil
	case t != nil && t.pid == s.pid:
		return t
	}
	return &track{pid: s.pid, pes: pes{most: most}}
}

// picture takes a PES packet of video, which is an access unit.
func (d *Demuxer) picture(u unit) error {
	units, err := avc.SplitStartCodes(u.data)
	if err != nil || !u.timed {
		d.spoiled()
		return nil
	}
	known := d.video.Known()
	p, err := d.video.AccessUnit(units)
	switch {
	case err != nil && !known:
		return fmt.Errorf("video: %w", err)
	case err != nil:
		d.spoiled()
		return nil
	case p == nil:
		return nil
	}
	p.DTS = d.clock.unwrap(u.dts)
	p.PTS = p.DTS + offset(u)
	p.Received = len(u.data)
	return d.out(*p)
}

// offset is PTS − DTS, across the wrap.
func offset(u unit) media.Ticks {
	d := (u.pts - u.dts) & (wrap - 1)
	if d >= wrap/2 {
		d -= wrap
	}
	return media.Ticks(d)
}

// sound takes a PES packet of audio.
func (d *Demuxer) sound(u unit) error {
	pts, known := d.audio.goesOn()
	if u.timed {
		pts, known = d.clock.unwrap(u.pts), true
	}
	if !known {
		return nil
	}
	skipped, err := d.audio.unit(pts, u.data, d.out)
	if skipped > 0 {
		d.counts.Damaged++
	}
	return err
}

func (d *Demuxer) spoiled() { d.counts.Damaged++ }

func (d *Demuxer) spoiledSound() {
	d.counts.Damaged++
	d.audio.lose()
}
