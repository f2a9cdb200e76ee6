package ingest

import "ladderd/media"

// Message is in-band data that a publisher sends beside its tracks.
type Message struct {
	Name string      // as the protocol has it: "onCaptionInfo", "onTextData"
	PTS  media.Ticks // on the source's clock, like a packet's
	// Captions is A/53 cc_data: three bytes for each entry (ATSC A/53 part 4, 6.2.3).
	// Nil for all but captions.
	Captions []byte
	// Data is the message's values as JSON, for those who want timed metadata. Nil
	// for captions.
	Data []byte
}
