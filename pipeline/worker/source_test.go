package worker

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"ladderd/media"
	"ladderd/pipeline"
)

// source is a broadcast as a stream hands it to a worker.
type source struct {
	packets []media.Packet
	video   media.VideoParams
	audio   *media.AudioParams
	backend pipeline.Backend // of jobs
}

// record makes a source with Debian's ffmpeg: args are its inputs, filters and
// encoders. What it writes is FLV, so timestamps are whole milliseconds, as they
// are in RTMP. The first IDR is moved to one second, as a stream's timeline does.
func record(t testing.TB, args ...string) *source {
	t.Helper()
	path := sourcePath(args)
	if _, err := os.Stat(path); err != nil {
		own := fmt.Sprintf("%s.%d", path, os.Getpid()) // others may be making it too
		ffmpeg(t, append(args, "-f", "flv", "-y", own)...)
		if err := os.Rename(own, path); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := parseFLV(t, b)
	if len(s.packets) == 0 {
		t.Fatal("ffmpeg recorded nothing")
	}
	return s
}

// sourcesMark in the environment names a folder in which tests and test processes share
// sources: half of their time would go into making them.
const sourcesMark = "LADDERD_TEST_SOURCES"

func sourcePath(args []string) string {
	return filepath.Join(os.Getenv(sourcesMark), fmt.Sprintf("%x.flv", sha256.Sum256([]byte(strings.Join(args, "\n")))))
}

// ffmpeg runs the stock ffmpeg and returns what it writes to standard output.
func ffmpeg(t testing.TB, args ...string) []byte {
	t.Helper()
	return command(t, "ffmpeg", append([]string{"-hide_banner", "-loglevel", "error", "-nostdin"}, args...)...)
}

func command(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(name, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, errs.String())
	}
	return out.Bytes()
}

// parseFLV reads the tags of an FLV file (Adobe FLV 10.1, annex E), H.264 and AAC.
func parseFLV(t testing.TB, b []byte) *source {
	t.Helper()
	s := &source{backend: backendUnderTest(t)}
	var config *media.VideoParams
	for b = b[13:]; len(b) >= 15; {
		n := int(b[1])<<16 | int(b[2])<<8 | int(b[3])
		ms := int64(b[4])<<16 | int64(b[5])<<8 | int64(b[6]) | int64(b[7])<<24
		kind, body := b[0], b[11:11+n]
		b = b[15+n:]
		switch {
		case kind == 9 && body[1] == 0:
			params, err := avcParams(body[5:])
			if err != nil {
				t.Fatal(err)
			}
			config = params
			if s.video.Width == 0 {
				s.video = *params
			}
		case kind == 9 && body[1] == 1:
			offset := int64(int32(binary.BigEndian.Uint32(body[1:])<<8) >> 8)
			p := media.Packet{Kind: media.Video, DTS: media.FromMillis(ms), PTS: media.FromMillis(ms + offset), Data: body[5:]}
			p.Key, p.Video, config = body[0]>>4 == 1, config, nil
			s.packets = append(s.packets, p)
		case kind == 8 && body[1] == 0:
			params, err := media.NewAudioParams(body[2:])
			if err != nil {
				t.Fatal(err)
			}
			s.audio = params
		case kind == 8 && n > 2:
			at := media.FromMillis(ms)
			s.packets = append(s.packets, media.Packet{Kind: media.Audio, PTS: at, DTS: at, Data: body[2:]})
		}
	}
	s.shift()
	return s
}

func (s *source) shift() {
	i := slices.IndexFunc(s.packets, func(p media.Packet) bool { return p.Key })
	if i < 0 {
		return
	}
	by := media.Clock - s.packets[i].PTS
	for i := range s.packets {
		s.packets[i].PTS += by
		s.packets[i].DTS += by
	}
}

// keys are the PTS of the source's IDRs.
func (s *source) keys() (at []media.Ticks) {
	for _, p := range s.packets {
		if p.Key {
			at = append(at, p.PTS)
		}
	}
	return at
}

// times are the PTS of the source's pictures or sounds in order of display.
func (s *source) times(k media.Kind) (at []media.Ticks) {
	for _, p := range s.packets {
		if p.Kind == k {
			at = append(at, p.PTS)
		}
	}
	slices.Sort(at)
	return at
}

// job asks for outputs of s with the source's IDRs as the grid.
func (s *source) job(rate media.Rate, outs ...pipeline.VideoOutput) pipeline.Job {
	return pipeline.Job{Stream: "st-test", Video: s.video, Rate: rate, Backend: s.backend, Videos: outs, After: -1}
}

// rendition is what came out of a graph for one output.
type rendition struct {
	packets []media.Packet
	video   *media.VideoParams // those of the first packet
	audio   *media.AudioParams
}

func (r *rendition) keys() (at []media.Ticks) {
	for _, p := range r.packets {
		if p.Key {
			at = append(at, p.PTS)
		}
	}
	return at
}

func (r *rendition) times() (at []media.Ticks) {
	for _, p := range r.packets {
		at = append(at, p.PTS)
	}
	return at
}

// result collects a graph's output.
type result struct {
	mu             sync.Mutex
	videos, audios []rendition
	encoders       []string
}

func newResult(job pipeline.Job) *result {
	return &result{videos: make([]rendition, len(job.Videos)), audios: make([]rendition, len(job.Audios))}
}

func (r *result) put(o pipeline.Output) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	to := &r.videos
	if o.Packet.Kind == media.Audio {
		to = &r.audios
	}
	v := &(*to)[o.Index]
	if len(v.packets) == 0 {
		v.video, v.audio = o.Packet.Video, o.Packet.Audio
	}
	v.packets = append(v.packets, o.Packet)
	return nil
}

// transcode runs the job's graph over the whole source.
func transcode(t testing.TB, job pipeline.Job, packets []media.Packet) *result {
	t.Helper()
	r, err := tryTranscode(t, job, packets)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func tryTranscode(t testing.TB, job pipeline.Job, packets []media.Packet) (*result, error) {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	defer logLibav(log)()
	r := newResult(job)
	ready := func(names []string) error { r.encoders = names; return nil }
	g, err := newGraph(job, r.put, ready, log)
	if err != nil {
		return nil, err
	}
	defer g.close()
	for _, p := range packets {
		if err := g.write(p); err != nil {
			return r, err
		}
	}
	return r, g.drain()
}

// annexB is the rendition as a player's decoder gets it.
func (r *rendition) annexB(t testing.TB) []byte {
	t.Helper()
	var b []byte
	set := func(nal []byte) { b = append(append(b, 0, 0, 0, 1), nal...) }
	for _, p := range r.packets {
		if p.Video != nil {
			set(p.Video.SPS)
			set(p.Video.PPS)
		}
		var err error
		if b, err = media.AVCCToAnnexB(b, p.Data); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// save writes b to a file of the test's.
func save(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
