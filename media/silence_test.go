package media

import (
	"bytes"
	"fmt"
	"os/exec"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
)

// TestSilenceDecodesToSilence has ffmpeg decode frames of silence and wants every
// sample of every frame to be zero.
func TestSilenceDecodesToSilence(t *testing.T) {
	const frames = 3
	for channels := range channelElements {
		t.Run(fmt.Sprint(channels), func(t *testing.T) {
			frame, err := Silence(channels)
			if err != nil {
				t.Fatal(err)
			}
			configuration := uint8(channels)
			if channels == 8 {
				configuration = 7
			}
			var packets mpeg4audio.ADTSPackets
			for range frames {
				packets = append(packets, &mpeg4audio.ADTSPacket{
					Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 48000, ChannelConfig: configuration, AU: frame,
				})
			}
			adts, err := packets.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			pcm := decodeADTS(t, adts)
			if want := frames * FrameSamples * channels * 2; len(pcm) != want {
				t.Errorf("%d bytes of 16-bit samples, want %d", len(pcm), want)
			}
			if len(bytes.Trim(pcm, "\x00")) > 0 {
				t.Error("not all samples are zero")
			}
		})
	}
}

func TestSilenceRefusesUnknownChannelCounts(t *testing.T) {
	for _, channels := range []int{-1, 0, 7, 9} {
		_, err := Silence(channels)
		checkError(t, err, "no channel configuration")
	}
}

// decodeADTS gives the samples, 16 bit, interleaved; what ffmpeg complains of
// fails the test.
func decodeADTS(t *testing.T, adts []byte) []byte {
	t.Helper()
	cmd := exec.Command("ffmpeg", "-v", "warning", "-xerror", "-f", "aac", "-i", "pipe:0", "-f", "s16le", "pipe:1")
	cmd.Stdin = bytes.NewReader(adts)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	pcm, err := cmd.Output()
	if err != nil || complaints.Len() > 0 {
		t.Fatalf("ffmpeg (Debian's package ffmpeg) could not decode the frames: %v\n%s", err, complaints.String())
	}
	return pcm
}
