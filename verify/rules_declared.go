package verify

import (
	"math"
	"slices"
	"strings"
	"time"
)

// declaredRules hold what the multivariant playlist declares against the media, and
// the pace of a live stream against its target duration.
var declaredRules = []Rule{
	{
		ID: "updates", Section: "6.2.1", Severity: Must, variant: updates,
		Text: "A live playlist gets new media within one and a half target durations, and half a one for the network.",
	},
	{
		ID: "bandwidth-true", Section: "4.4.6.2", Severity: Must, variant: bandwidthTrue,
		Text: "No run of segments of about a target duration needs more than BANDWIDTH and a quarter.",
	},
	{
		ID: "average-true", Section: "4.4.6.2", Severity: Should, variant: averageTrue,
		Text: "The media need no more than AVERAGE-BANDWIDTH and a quarter.",
	},
	{
		ID: "codecs-true", Section: "6.2.4", Severity: Must, variant: codecsTrue,
		Text: "CODECS names the codecs, profiles and levels of the media.",
	},
	{
		ID: "resolution-true", Section: "4.4.6.2", Severity: Should, variant: resolutionTrue,
		Text: "RESOLUTION is the size of the pictures.",
	},
	{
		ID: "frame-rate-true", Section: "4.4.6.2", Severity: Should, variant: frameRateTrue,
		Text: "FRAME-RATE is the rate of the pictures.",
	},
}

func updates(f *finder, r *rendition) {
	if limit := 2 * r.target(); r.pause > limit && limit > 0 {
		f.at(r.url).found(0, "nothing new came for %v", r.pause.Round(time.Millisecond))
	}
}

// tolerance on bit rates of live streams, whose peaks nobody knows beforehand.
const tolerance = 1.25

func bandwidthTrue(f *finder, r *rendition) {
	if r.variant == nil || r.variant.Bandwidth == 0 {
		return
	}
	target := r.target()
	for i := range r.seen {
		bytes, lasts := 0, time.Duration(0)
		for _, s := range r.seen[i:] {
			// A run of segments between half and one and a half target durations and half
			// a second (4.1).
			if lasts += s.duration; lasts > target*3/2+time.Second/2 {
				break
			}
			bytes += s.bytes
			if rate := bitRate(bytes, lasts); lasts >= target/2 && rate > float64(r.variant.Bandwidth)*tolerance {
				f.found(r.variant.Line, "segment %d and %v of media need %.0f b/s, BANDWIDTH is %d", r.seen[i].msn, lasts, rate, r.variant.Bandwidth)
				return
			}
		}
	}
}

func bitRate(bytes int, lasts time.Duration) float64 {
	if lasts <= 0 {
		return 0
	}
	return 8 * float64(bytes) / lasts.Seconds()
}

// shortest is how much media an average needs to mean something.
const shortest = 8 * time.Second

func averageTrue(f *finder, r *rendition) {
	if r.variant == nil || r.variant.AverageBandwidth == 0 {
		return
	}
	bytes, lasts := 0, time.Duration(0)
	for _, s := range r.seen {
		bytes, lasts = bytes+s.bytes, lasts+s.duration
	}
	if rate := bitRate(bytes, lasts); lasts >= shortest && rate > float64(r.variant.AverageBandwidth)*tolerance {
		f.found(r.variant.Line, "%v of media need %.0f b/s, AVERAGE-BANDWIDTH is %d", lasts, rate, r.variant.AverageBandwidth)
	}
}

func codecsTrue(f *finder, r *rendition) {
	if r.variant == nil || len(r.variant.Codecs) == 0 || r.strange {
		return
	}
	for _, codec := range r.codecs {
		if !slices.ContainsFunc(r.variant.Codecs, func(c string) bool { return sameCodec(c, codec) }) {
			f.found(r.variant.Line, "the media have %s, CODECS is %q", codec, strings.Join(r.variant.Codecs, ","))
		}
	}
	// Audio may lie in a rendition of its own.
	if len(r.codecs) > 0 && len(r.variant.Codecs) > len(r.codecs) && r.variant.Audio == "" {
		f.found(r.variant.Line, "CODECS is %q, the media have only %s", strings.Join(r.variant.Codecs, ","), strings.Join(r.codecs, ","))
	}
}

// coreAAC is AAC-LC, and what HE-AAC shows to who looks at its frames: that they go on
// in other bands may be told by nothing but CODECS (ISO/IEC 14496-3, 1.6.5).
const coreAAC = "mp4a.40.2"

var heAAC = []string{"mp4a.40.5", "mp4a.40.29"}

func sameCodec(declared, seen string) bool {
	return strings.EqualFold(declared, seen) || seen == coreAAC && slices.Contains(heAAC, strings.ToLower(declared))
}

func resolutionTrue(f *finder, r *rendition) {
	if r.variant == nil || r.params == nil || r.variant.Width == 0 {
		return
	}
	if r.params.Width != r.variant.Width || r.params.Height != r.variant.Height {
		f.found(r.variant.Line, "the pictures have %d×%d pixels, RESOLUTION is %d×%d", r.params.Width, r.params.Height, r.variant.Width, r.variant.Height)
	}
}

func frameRateTrue(f *finder, r *rendition) {
	if r.variant == nil || r.variant.FrameRate == 0 || len(r.periods) < 10 {
		return
	}
	periods := slices.Sorted(slices.Values(r.periods))
	// The median: where pictures were dropped the others still come at the rate.
	rate := 90000 / float64(max(periods[len(periods)/2], 1))
	if math.Abs(rate-r.variant.FrameRate) > 0.05*r.variant.FrameRate {
		f.found(r.variant.Line, "%.2f pictures come in a second, FRAME-RATE is %.3f", rate, r.variant.FrameRate)
	}
}
