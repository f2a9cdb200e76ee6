package packager

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"ladderd/media"
)

// encode has ffmpeg make a second or more of picture and sound as an encoder
// sends it, with B-frames.
func encode(t *testing.T) (video, audio []media.Packet) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "source.mp4")
	run(t, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-f", "lavfi", "-i", "sine=sample_rate=48000",
		"-t", "5", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "60", "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2",
		"-movflags", "frag_keyframe+empty_moov+default_base_moof", file)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if i := bytes.Index(data, []byte("mfra")); i > 0 {
		data = data[:i-4]
	}
	return packetsOf(t, data)
}

// packetsOf puts an fMP4 file's tracks on the stream's timeline.
func packetsOf(t *testing.T, data []byte) (video, audio []media.Packet) {
	t.Helper()
	var init fmp4.Init
	if err := init.Unmarshal(bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	var parts fmp4.Parts
	if err := parts.Unmarshal(data[bytes.Index(data, []byte("moof"))-4:]); err != nil {
		t.Fatal(err)
	}
	shift := int64(-1) // the first picture is at origin
	for _, part := range parts {
		for _, track := range part.Tracks {
			head := init.Tracks[track.ID-1]
			at := int64(track.BaseTime)
			for _, s := range track.Samples {
				scale := int64(head.TimeScale)
				dts, pts := at*media.Clock/scale, (at+int64(s.PTSOffset))*media.Clock/scale
				at += int64(s.Duration)
				if shift < 0 {
					shift = int64(origin) - pts
				}
				p := media.Packet{Kind: media.Video, PTS: media.Ticks(pts + shift), DTS: media.Ticks(dts + shift), Data: s.Payload}
				switch codec := head.Codec.(type) {
				case *codecs.H264:
					for unit := range media.NALUnits(p.Data) {
						p.Key = p.Key || unit[0]&0x1f == 5
					}
					if p.Key {
						p.Video = must(media.NewVideoParams(codec.SPS, codec.PPS))
					}
					video = append(video, p)
				case *codecs.MPEG4Audio:
					p.Kind = media.Audio
					if len(audio) == 0 {
						p.Audio = must(media.NewAACLC(codec.Config.SampleRate, int(codec.Config.ChannelConfig)))
					}
					audio = append(audio, p)
				}
			}
		}
	}
	return video, audio
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return string(out)
}

// TestFFmpegDecodesTheStream has ffmpeg play a stream's files by their playlists:
// each picture decodes, and none is missing.
func TestFFmpegDecodesTheStream(t *testing.T) {
	video, audio := encode(t)
	if len(video) != 150 || video[1].PTS-video[1].DTS == video[0].PTS-video[0].DTS {
		t.Fatalf("%d pictures, not as asked for", len(video))
	}
	for _, container := range containers {
		for _, latency := range []Latency{Low, Normal} {
			t.Run(fmt.Sprintf("%s %s", container, latency), func(t *testing.T) {
				o := testOptions()
				o.Container, o.Latency = container, latency
				s := newStream(t, o, rung("180p30", fps(30), 0), onlyAudio(false))
				feed(s, send(0, 0, video), send(0, 9000, audio), send(1, 9000, audio))
				s.End()
				list := save(t, s.writers[0].out)
				run(t, "ffmpeg", "-v", "error", "-xerror", "-allowed_extensions", "ALL", "-i", list, "-f", "null", "-")
				if got := frames(t, list); !strings.Contains(got, "h264,320,180,150") || !strings.Contains(got, "aac") {
					t.Errorf("ffprobe says\n%s", got)
				}
				if got := frames(t, save(t, s.writers[1].out)); !strings.Contains(got, "aac,235") || strings.Contains(got, "h264") {
					t.Errorf("ffprobe says of audio_only\n%s", got)
				}
			})
		}
	}
}

// save writes what a rendition's playlist lists beside it, and returns its path.
func save(t *testing.T, r *Rendition) string {
	t.Helper()
	dir := t.TempDir()
	doc, err := r.Playlist(context.Background(), Plain)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(uris(doc.Body), "index.m3u8") {
		data := doc.Body
		if name != "index.m3u8" {
			res, err := r.Media(context.Background(), name)
			if err != nil {
				t.Fatal(err)
			}
			data = bytesOf(t, res)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "index.m3u8")
}

// frames are the streams that ffprobe finds, with how many frames decode.
func frames(t *testing.T, list string) string {
	t.Helper()
	return run(t, "ffprobe", "-v", "error", "-allowed_extensions", "ALL", "-count_frames", "-show_entries",
		"stream=codec_name,width,height,nb_read_frames", "-of", "csv=p=0", list)
}
