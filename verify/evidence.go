package verify

import (
	"time"

	"ladderd/m3u8"
)

// document is a playlist of either kind as it was sent.
type document struct {
	reply  *reply
	header *m3u8.Header
	// needs are features that the playlist uses and the protocol version of each.
	needs []need
	// changes says that the same URL will have another playlist soon.
	changes bool
	target  time.Duration // 0 in multivariant playlists
}

type need struct {
	line, version int
	what          string
}

// multivariant is a multivariant playlist.
type multivariant struct {
	reply *reply
	list  *m3u8.Multivariant
}

// state is one state of a media playlist. A delta update has been merged.
type state struct {
	rendition *rendition
	reply     *reply
	list      *m3u8.Media
	asked     *position  // what a blocking reload asked for; nil where it was none
	skip      *m3u8.Skip // that nobody asked for; nil where there was none
}

// position is a place in a media playlist; a part of −1 is a whole segment.
type position struct{ msn, part int64 }

// holds says whether the state has what is at p.
func (s *state) holds(p position) bool {
	msn, parts := s.list.Next()
	return msn > p.msn || msn == p.msn && p.part >= 0 && int64(parts) > p.part
}

// live says whether more media will come.
func (s *state) live() bool { return !s.list.Ended && s.list.Type != "VOD" }

// lowLatency says whether the playlist has parts or promises them.
func (s *state) lowLatency() bool { return s.list.PartTarget > 0 || s.list.Line("EXT-X-PART") > 0 }

// resource is one media resource: a part, a segment or an initialisation section.
type resource struct {
	reply    *reply
	line     int // where it is listed
	kind     container
	segments bool            // a part or segment, no initialisation section
	span     *m3u8.ByteRange // that was asked for; nil where it was the whole
	target   time.Duration
}

// segment is a segment's media.
type segment struct {
	rendition *rendition
	listed    m3u8.Segment
	holed     bool // a gap, or one of its parts is
	media     *content
	err       error       // why the media could not be read
	parts     []partMedia // those that were fetched
	before    *segment    // the segment with the number before; nil where it was not seen
}

// follows says whether s continues the media of the segment before it.
func (s *segment) follows() bool {
	return s.before != nil && s.before.media != nil && s.media != nil && !s.listed.Discontinuity && !s.holed && !s.before.holed
}

type partMedia struct {
	listed m3u8.Part
	media  *content
}

// answers are what a server said to questions beside those of every player. Those
// that were not put are nil.
type answers struct {
	state                                    *state // when they were put; at the end, the last one
	alone, tooFar, pastEnd, unknown, missing *reply
	options, head, ranged, malformed         *reply
	pastLimit                                *reply
	refused                                  *reply // what a blocking reload got in place of a playlist
	refusedAfter                             time.Duration
	past, unasked                            *playlistAnswer
	afterEnd                                 []*playlistAnswer
	delta2                                   *deltaAnswer // of _HLS_skip=v2
	gonePart                                 *goneAnswer
	delta                                    *deltaAnswer
	reports                                  []reportAnswer
	hints                                    []hintAnswer
	gone                                     *goneAnswer
	final                                    *state // the playlist once more after its end
}

// playlistAnswer is a playlist that was asked for in an odd way; list is nil where
// the answer was none.
type playlistAnswer struct {
	reply *reply
	list  *m3u8.Media
}

type deltaAnswer struct {
	full   *m3u8.Media // asked for just before
	update *m3u8.Media // nil where the answer was none
	merged *m3u8.Media // nil where err tells why not
	err    error
	reply  *reply
}

// reportAnswer is an EXT-X-RENDITION-REPORT and the playlist it tells of, as it
// was before and after the report was sent. The first one is nil where the
// multivariant playlist does not list it, as renditions that are there on request,
// the second one where there is no playlist.
type reportAnswer struct {
	report        m3u8.Report
	by            *m3u8.Media // that it is in
	before, after *m3u8.Media
	fresh         bool          // the report was made after before was sent
	age           time.Duration // of the report, in caches
}

// hintAnswer is what the request for a hinted part was answered with.
type hintAnswer struct {
	hint   m3u8.Hint
	reply  *reply
	listed bool // the playlist listed it later
	missed bool // the playlist listed another part where it was to be
	url    string
	state  *state
}

// goneAnswer is a segment or part that was asked for just after it went from the
// playlist, and again later.
type goneAnswer struct {
	url          string
	span         *m3u8.ByteRange
	at           time.Time     // when it was seen to be gone
	stays        time.Duration // how long it has to be there (6.2.2)
	reply, again *reply        // nil where it was not asked for
	asked        bool          // again, or that was not to be
	after        time.Duration // from at to that
}
