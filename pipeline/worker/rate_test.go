package worker

import (
	"strings"
	"testing"

	"ladderd/media"
	"ladderd/pipeline"
)

// spans returns the least and the greatest bit rate over all spans of two seconds
// that begin at or after from, as parts of the figure that was asked for.
func spans(v *rendition, from media.Ticks, bitrate int) (least, most float64) {
	const span = 2 * media.Clock
	least = 10
	end := v.packets[len(v.packets)-1].PTS
	bits, j := 0, 0
	for i, p := range v.packets {
		for ; j < len(v.packets) && v.packets[j].PTS < p.PTS+span; j++ {
			bits += 8 * len(v.packets[j].Data)
		}
		if p.PTS >= from && p.PTS+span <= end {
			part := float64(bits) / (2 * float64(bitrate))
			least, most = min(least, part), max(most, part)
		}
		bits -= 8 * len(v.packets[i].Data)
	}
	return least, most
}

func TestAnyTwoSecondsKeepToTheBitRate(t *testing.T) {
	const drops = "testsrc2=s=640x360:r=30:d=7,noise=alls=20:allf=t,select="
	cases := []struct {
		name   string
		source string
		busy   media.Ticks // from when on the content needs all bits
		least  float64     // of the bit rate, from then on
	}{
		{"busy", "testsrc2=s=640x360:r=30:d=7,noise=alls=20:allf=t", 0, 0.9},
		{"idle, then busy", "color=gray:s=640x360:r=30:d=7,noise=alls=60:allf=t:enable='gte(t,3)'", 4 * media.Clock, 0.9},
		{"a picture that changes all at once", "testsrc2=s=640x360:r=30:d=7,noise=alls=15:allf=t,negate=enable='lt(mod(t,1),0.5)'", 0, 0.9},
		{"every third frame dropped", drops + "'not(eq(mod(n,3),1))'", 0, 0.9},
		{"one frame of five dropped at random", drops + "'gt(random(1),0.2)'", 0, 0.9},
		{"half the frames every two seconds", drops + "'if(lt(mod(t,4),2),1,not(mod(n,2)))'", 0, 0.9},
		// A VBV that holds more than the pauses would send too much where none are.
		{"two frames of five dropped at random", drops + "'gt(random(1),0.4)'", 0, 0.85},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			args := []string{"-f", "lavfi", "-i", c.source, "-fps_mode", "vfr"}
			s := record(t, append(append(args, ultrafast...), "-b:v", "12M", "-g", "60")...)
			rate := media.Rate{Num: 30, Den: 1}
			job := s.job(rate,
				pipeline.VideoOutput{Width: 640, Height: 360, Rate: rate, Bitrate: 630_000},
				pipeline.VideoOutput{Width: 284, Height: 160, Rate: rate, Bitrate: 230_000})
			r := transcode(t, job, s.packets)
			for i, out := range job.Videos {
				_, most := spans(&r.videos[i], 0, out.Bitrate)
				least, _ := spans(&r.videos[i], c.busy, out.Bitrate)
				if strings.HasPrefix(c.source, drops) && s.backend.Encoder != pipeline.X264 {
					least = 1 // the others' bit rate cannot follow pictures that are missing
				}
				t.Logf("output %d: %.3f to %.3f of %d", i, least, most, out.Bitrate)
				if most > 1.1 || least < c.least {
					t.Errorf("output %d has spans of two seconds with %.3f to %.3f of its bit rate", i, least, most)
				}
			}
		})
	}
}
