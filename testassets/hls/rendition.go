package hls

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"time"
)

// Rendition is a whole rendition, as it was downloaded and probed.
type Rendition struct {
	Variant
	Playlist *Playlist
	Streams  []StreamInfo // of the first initialisation section
	// Video and Audio are all packets in the order of decoding.
	Video, Audio []Packet
	// IDRs are the PTS, in 90 kHz ticks, of the access units that hold an IDR
	// picture according to their NAL units, whatever the container says.
	IDRs []int64

	files []string // what was downloaded, one for each initialisation section
}

// Stream is the first stream of a kind, "video" or "audio"; false where the
// rendition has none.
func (r *Rendition) Stream(kind string) (StreamInfo, bool) {
	for _, s := range r.Streams {
		if s.Kind == kind {
			return s, true
		}
	}
	return StreamInfo{}, false
}

// Duration is how much media the playlist lists.
func (r *Rendition) Duration() time.Duration {
	var sum time.Duration
	for _, s := range r.Playlist.Segments {
		sum += s.Duration
	}
	return sum
}

// period is a run of segments with one initialisation section.
type period struct {
	file string
	// ends[i] is where in the file the data of segment msns[i] end.
	msns []int64
	ends []int64
}

// Download fetches all of a variant that its playlist lists, into files in dir,
// and probes it. Gaps are left out. It fails where a part is not what its segment
// holds in that place, and where ffmpeg cannot decode all of it without a word.
func (c *Client) Download(ctx context.Context, v Variant, dir string) (*Rendition, error) {
	p, err := c.Playlist(ctx, v.URL)
	if err != nil {
		return nil, err
	}
	r := &Rendition{Variant: v, Playlist: p}
	periods, err := c.fetchPeriods(ctx, v, p, dir)
	if err != nil {
		return nil, err
	}
	for i, period := range periods {
		r.files = append(r.files, period.file)
		streams, packets, err := probe(ctx, period.file)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			r.Streams = streams
		}
		for _, packet := range packets {
			packet.MSN = period.msn(packet.pos)
			if packet.Kind == "video" {
				r.Video = append(r.Video, packet)
			} else {
				r.Audio = append(r.Audio, packet)
			}
		}
		if v.HasVideo() {
			idrs, err := probeIDRs(ctx, period.file)
			if err != nil {
				return nil, err
			}
			r.IDRs = append(r.IDRs, idrs...)
		}
		if err := decode(ctx, period.file); err != nil {
			return nil, fmt.Errorf("rendition %s: %w", v.Name, err)
		}
	}
	return r, nil
}

func (c *Client) fetchPeriods(ctx context.Context, v Variant, p *Playlist, dir string) ([]period, error) {
	var periods []period
	var data []byte
	flush := func() error {
		if len(periods) == 0 {
			return nil
		}
		return os.WriteFile(periods[len(periods)-1].file, data, 0o600)
	}
	var initialisation string
	for _, s := range p.Segments {
		if s.Gap {
			continue
		}
		if mapOf(s) != initialisation || len(periods) == 0 {
			if err := flush(); err != nil {
				return nil, err
			}
			data, initialisation = nil, mapOf(s)
			if s.Map != nil {
				var err error
				if data, err = c.relative(ctx, v.URL, s.Map.URI); err != nil {
					return nil, err
				}
			}
			periods = append(periods, period{file: filepath.Join(dir, fmt.Sprintf("%s.%d%s", v.Name, len(periods), path.Ext(s.URI)))})
		}
		body, err := c.fetchSegment(ctx, v.URL, s)
		if err != nil {
			return nil, err
		}
		data = append(data, body...)
		last := &periods[len(periods)-1]
		last.msns, last.ends = append(last.msns, s.MSN), append(last.ends, int64(len(data)))
	}
	return periods, flush()
}

// fetchSegment gets a segment, and its parts where they are listed still.
func (c *Client) fetchSegment(ctx context.Context, playlist string, s Segment) ([]byte, error) {
	body, err := c.relative(ctx, playlist, s.URI)
	if err != nil {
		return nil, err
	}
	rest := body
	for _, part := range s.Parts {
		if part.Gap {
			continue
		}
		data, err := c.relative(ctx, playlist, part.URI)
		if err != nil {
			return nil, err
		}
		if !bytes.HasPrefix(rest, data) {
			return nil, fmt.Errorf("part %s: its %d bytes are not what segment %s has in that place", part.URI, len(data), s.URI)
		}
		rest = rest[len(data):]
	}
	if len(s.Parts) > 0 && len(rest) > 0 {
		return nil, fmt.Errorf("segment %s has %d bytes that no part has", s.URI, len(rest))
	}
	return body, nil
}

func (c *Client) relative(ctx context.Context, base, ref string) ([]byte, error) {
	url, err := Resolve(base, ref)
	if err != nil {
		return nil, err
	}
	return c.Get(ctx, url)
}

// msn is the segment that the byte at pos of the period's file belongs to.
func (p period) msn(pos int64) int64 {
	for i, end := range p.ends {
		if pos < end {
			return p.msns[i]
		}
	}
	return -1
}
