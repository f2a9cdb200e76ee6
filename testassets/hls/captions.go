package hls

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// Caption is the A/53 entries, three bytes each, that a picture carries.
type Caption struct {
	PTS     int64 // 90 kHz ticks, as the picture's
	Entries []byte
}

// Captions are a rendition's captions in order of display, as ffmpeg's decoder reads
// them.
func (r *Rendition) Captions(ctx context.Context) ([]Caption, error) {
	var all []Caption
	for _, file := range r.files {
		captions, err := probeCaptions(ctx, file)
		if err != nil {
			return nil, err
		}
		all = append(all, captions...)
	}
	return all, nil
}

func probeCaptions(ctx context.Context, file string) ([]Caption, error) {
	out, err := run(ctx, "ffprobe", "-v", "error", "-f", "lavfi", "-i", "movie="+file+"[out+subcc]",
		"-select_streams", "s", "-show_packets", "-show_data", "-show_streams", "-of", "json")
	if err != nil {
		return nil, err
	}
	var probed struct {
		Streams []StreamInfo `json:"streams"`
		Packets []struct {
			PTS  int64  `json:"pts"`
			Data string `json:"data"`
		} `json:"packets"`
	}
	if err := json.Unmarshal(out, &probed); err != nil {
		return nil, fmt.Errorf("ffprobe's answer for the captions of %s: %w", file, err)
	}
	for _, s := range probed.Streams {
		if s.TimeBase != ticks {
			return nil, fmt.Errorf("%s: the captions' time base is %s, not %s", file, s.TimeBase, ticks)
		}
	}
	var all []Caption
	for _, p := range probed.Packets {
		entries, err := dumped(p.Data)
		if err != nil {
			return nil, fmt.Errorf("captions of %s: %w", file, err)
		}
		all = append(all, Caption{p.PTS, entries})
	}
	return all, nil
}

// dumped reads ffprobe's hex dump: lines of an address, up to eight groups, and text.
func dumped(text string) (b []byte, err error) {
	for line := range strings.Lines(text) {
		_, groups, found := strings.Cut(line, ": ")
		if !found {
			continue
		}
		groups, _, _ = strings.Cut(groups, "  ")
		line, err := hex.DecodeString(strings.ReplaceAll(groups, " ", ""))
		if err != nil {
			return nil, err
		}
		b = append(b, line...)
	}
	return b, nil
}

// SEI is all SEI NAL units of a rendition, in Annex B.
func (r *Rendition) SEI(ctx context.Context) ([]byte, error) {
	var all []byte
	for _, file := range r.files {
		units, err := run(ctx, "ffmpeg", "-nostdin", "-v", "error", "-i", file, "-map", "0:v", "-c", "copy",
			"-bsf:v", "filter_units=pass_types="+nalSEI, "-f", "h264", "-")
		if err != nil {
			return nil, err
		}
		all = append(all, units...)
	}
	return all, nil
}
