package packager

import "ladderd/media"

// still is a rendition's newest IDR, for the time that a dead worker left out. It
// begins each segment of which nothing came, at the segment's PTS, where the other
// renditions have an IDR too, and stands until the segment's end. In the segment
// in which the worker died the last picture stands. Either is one long sample in the
// first part; the parts that follow have sound, or of sources without audio nothing
// but their time. No picture is shown twice within a segment: that would be an IDR
// off the grid. The one that remains is in segments that begin without any, as those
// of GOPs beyond 10 s do.
//
// GAP=YES and EXT-X-GAP are meant for this, but hls.js 1.6 does not get over them
// at the live edge: on a part with GAP=YES it takes the whole segment for loaded
// and asks for nothing more, with one variant or with a level that the viewer
// chose; on an EXT-X-GAP segment it goes on only if there is another variant to
// go to. So gaps are listed only where no picture decodes.
type still struct {
	sample
	params *media.VideoParams // nil before the first
	offset media.Ticks        // of pos from DTS
}

// decodes says whether the still can be shown under these parameters.
func (s still) decodes(params *media.VideoParams) bool {
	return s.params != nil && s.params.Same(params)
}

// show has the picture stand from start to end.
func (s still) show(start, end media.Ticks) []sample {
	again := s.sample
	again.pos, again.PTS, again.DTS, again.dur = start, start, start-s.offset, end-start
	return []sample{again}
}
