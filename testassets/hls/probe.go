package hls

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// Packet is one access unit of video or frame of audio, as ffprobe reads it.
// Times are in units of its stream's time base: 1/90000 s for video, one sample
// for audio.
type Packet struct {
	Kind     string `json:"codec_type"`
	PTS      int64  `json:"pts"`
	DTS      int64  `json:"dts"`
	Duration int64  `json:"duration"`    // ffprobe's notion, by the frame rate
	Size     int    `json:"size,string"` // bytes
	Flags    string `json:"flags"`
	MSN      int64  `json:"-"` // the media sequence number of its segment
	Pos      string `json:"pos"`
	pos      int64
}

// Key says whether the container marks the packet as a sync sample.
func (p Packet) Key() bool { return strings.HasPrefix(p.Flags, "K") }

// StreamInfo is what ffprobe says of a track.
type StreamInfo struct {
	Kind          string `json:"codec_type"`
	Codec         string `json:"codec_name"`
	Profile       string `json:"profile"`
	Width         int    `json:"width"`
	Height        int    `json:"height"`
	TimeBase      string `json:"time_base"`
	SampleRate    string `json:"sample_rate"`
	Channels      int    `json:"channels"`
	PixelFormat   string `json:"pix_fmt"`
	ColorRange    string `json:"color_range"`
	ColorSpace    string `json:"color_space"`
	ColorTransfer string `json:"color_transfer"`
	Primaries     string `json:"color_primaries"`
}

// probe reads a file's tracks and packets.
func probe(ctx context.Context, file string) ([]StreamInfo, []Packet, error) {
	out, err := run(ctx, "ffprobe", "-v", "error", "-show_streams", "-show_packets", "-of", "json", file)
	if err != nil {
		return nil, nil, err
	}
	var probed struct {
		Streams []StreamInfo `json:"streams"`
		Packets []Packet     `json:"packets"`
	}
	if err := json.Unmarshal(out, &probed); err != nil {
		return nil, nil, fmt.Errorf("ffprobe's answer for %s: %w", file, err)
	}
	if err := locate(probed.Packets); err != nil {
		return nil, nil, fmt.Errorf("ffprobe's answer for %s: %w", file, err)
	}
	for _, s := range probed.Streams {
		switch {
		case s.Kind == "audio" && s.TimeBase == ticks:
			if err := countSamples(probed.Packets, s.SampleRate); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", file, err)
			}
		case s.Kind == "video" && s.TimeBase != ticks:
			return nil, nil, fmt.Errorf("%s: the video's time base is %s, not %s", file, s.TimeBase, ticks)
		}
	}
	return probed.Streams, probed.Packets, nil
}

// ticks is the time base of video, and in MPEG-TS of audio too.
const ticks = "1/90000"

// locate notes where in the file packets are. Of the AAC frames in a PES packet
// ffprobe tells that of the first.
func locate(packets []Packet) error {
	last := map[string]int64{} // by kind
	for i := range packets {
		p := &packets[i]
		before, known := last[p.Kind]
		if p.Pos == "" && known {
			p.pos = before
			continue
		}
		var err error
		if p.pos, err = strconv.ParseInt(p.Pos, 10, 64); err != nil {
			return fmt.Errorf("position %q of packet %d", p.Pos, i)
		}
		last[p.Kind] = p.pos
	}
	return nil
}

// countSamples puts audio that is in 90 kHz ticks into samples, as MP4 has it.
func countSamples(packets []Packet, sampleRate string) error {
	rate, err := strconv.ParseInt(sampleRate, 10, 64)
	if err != nil {
		return fmt.Errorf("sample rate %q: %w", sampleRate, err)
	}
	samples := func(at int64) int64 { return (at*rate + 45000) / 90000 }
	for i := range packets {
		if p := &packets[i]; p.Kind == "audio" {
			p.PTS, p.DTS, p.Duration = samples(p.PTS), samples(p.DTS), samples(p.Duration)
		}
	}
	return nil
}

// Values of nal_unit_type (ITU-T H.264, table 7-1): a coded slice of an IDR picture, and
// supplemental enhancement information.
const (
	nalIDR = "5"
	nalSEI = "6"
)

// probeIDRs lists the PTS of the access units that hold IDR slices: ffmpeg takes
// all other NAL units out, and drops the packets of which nothing is left.
func probeIDRs(ctx context.Context, file string) ([]int64, error) {
	out, err := run(ctx, "ffmpeg", "-nostdin", "-v", "error", "-copyts", "-i", file, "-map", "0:v", "-c", "copy",
		"-bsf:v", "filter_units=pass_types="+nalIDR, "-avoid_negative_ts", "disabled", "-f", "framecrc", "-")
	if err != nil {
		return nil, err
	}
	var idrs []int64
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		line := lines.Text()
		if tb, ok := strings.CutPrefix(line, "#tb 0: "); ok && tb != "1/90000" {
			return nil, fmt.Errorf("%s: IDRs come in units of %s", file, tb)
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		// stream, dts, pts, duration, size, checksum
		fields := strings.Split(line, ",")
		if len(fields) < 3 {
			return nil, fmt.Errorf("%s: framecrc line %q", file, line)
		}
		pts, err := strconv.ParseInt(strings.TrimSpace(fields[2]), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: framecrc line %q: %w", file, line, err)
		}
		idrs = append(idrs, pts)
	}
	return idrs, lines.Err()
}

// decode decodes all of a file; whatever ffmpeg has to complain of is an error.
func decode(ctx context.Context, file string) error {
	cmd := exec.CommandContext(ctx, "ffmpeg", "-nostdin", "-v", "error", "-i", file,
		// Frames keep their times: at a nominal rate ffmpeg would complain of variable ones.
		"-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "null", "-")
	out, err := cmd.CombinedOutput()
	if err == nil && len(out) > 0 {
		err = fmt.Errorf("it complains")
	}
	if err != nil {
		return fmt.Errorf("decode %s: %w\n%s", file, err, out)
	}
	return nil
}

func run(ctx context.Context, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", program, args[len(args)-1], err, errs.String())
	}
	return out, nil
}
