package verify

import "slices"

// Severity says how a rule binds.
type Severity string

// Must is what breaks players or is a MUST of the draft; Should is what costs them
// latency, or a SHOULD of the draft.
const (
	Must   Severity = "must"
	Should Severity = "should"
)

// Rule is one thing that a server has to keep. Exactly one of the functions is set:
// what the rule looks at.
type Rule struct {
	ID string
	// Section is that of draft-pantos-hls-rfc8216bis-22; "notes" for what players and
	// caches were seen to need beyond it.
	Section  string
	Severity Severity
	Text     string // what has to hold, a sentence for humans

	document     func(*finder, *document)              // each playlist, of both kinds
	multivariant func(*finder, *multivariant)          // the multivariant playlist
	playlist     func(*finder, *state)                 // each state of a media playlist
	reload       func(*finder, *state, *state)         // a state and the one before it
	answers      func(*finder, *answers)               // what a server says to questions
	resource     func(*finder, *resource)              // each media resource
	segment      func(*finder, *segment)               // each segment's media, and those before it
	variant      func(*finder, *rendition)             // a rendition when all of it was seen
	pair         func(*finder, *rendition, *rendition) // two renditions when all was seen
	// iframes says that a rule for pairs holds for I-frame playlists too, and that one
	// for segments holds for these alone.
	iframes bool
}

// Rules are all rules, in the order in which they are explained.
var Rules = slices.Concat(documentRules, multivariantRules, attributeRules, playlistRules, tagRules, partRules, reloadRules,
	answerRules, directiveRules, resourceRules, shapeRules, segmentRules, decodableRules, declaredRules, pairRules)
