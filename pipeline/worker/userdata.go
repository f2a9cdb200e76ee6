package worker

import "ladderd/media"

// userData is what the source says beside its pictures.
type userData struct {
	captions []byte   // A/53 cc_data, three bytes each (ATSC A/53 part 4, 6.2.3)
	messages [][]byte // SEI user_data_unregistered: UUID and payload (H.264, D.1.7)
}

// Limits of what waits for the next kept picture.
const (
	captionSize = 3                // bytes in a cc_data entry
	maxCaptions = 31 * captionSize // cc_count has five bits, and libav writes it cut off if it is more
	maxOwed     = 8 * maxCaptions  // a quarter of a second of captions at their full rate
	maxMessages = 16
)

func (u *userData) empty() bool { return len(u.captions) == 0 && len(u.messages) == 0 }

// owe adds what came with a picture to what has not gone out yet.
func (u *userData) owe(v userData) {
	if v.empty() {
		return
	}
	u.captions = append(u.captions, v.captions[:min(len(v.captions), maxOwed-len(u.captions))]...)
	u.messages = append(u.messages, v.messages[:min(len(v.messages), maxMessages-len(u.messages))]...)
}

// pay takes out what one picture can carry. What is over stays for the next one.
func (u *userData) pay() userData {
	if u.empty() {
		return userData{}
	}
	n := min(len(u.captions), maxCaptions)
	out := userData{captions: u.captions[:n:n], messages: u.messages}
	u.captions, u.messages = u.captions[n:], nil
	return out
}

// written is the AVCC access unit data with u in it, for an encoder that does not write it.
func (u userData) written(data []byte) []byte {
	if len(u.captions) > 0 {
		data = media.WithCaptions(data, u.captions)
	}
	for _, m := range u.messages {
		data = media.WithMessage(data, m)
	}
	return data
}
