package rtmp

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"ladderd/ingest"
	"ladderd/ingest/rtmp/amf0"
	"ladderd/media"
)

// captions hands on what an onCaptionInfo holds. One that cannot be read is dropped.
func (p *publisher) captions(timestamp uint32, values []any) error {
	entries, err := readCaptionInfo(values)
	if err != nil {
		if !p.captionsNoted {
			p.captionsNoted = true
			p.log.Warn("captions that cannot be read are left out", "message", "onCaptionInfo", "reason", err)
		}
		return nil
	}
	if len(entries) == 0 {
		return nil
	}
	return p.say(ingest.Message{Name: "onCaptionInfo", PTS: p.moment(timestamp), Captions: entries})
}

// readCaptionInfo reads onCaptionInfo's values (guide, line 9223): type, which is
// 708, and data, base64 of captions.
func readCaptionInfo(values []any) ([]byte, error) {
	info, ok := values[0].(amf0.Object)
	if !ok {
		return nil, errors.New("it is no ECMA array or object")
	}
	switch kind := info.Get("type").(type) {
	case string:
		ok = kind == "708"
	case float64:
		ok = kind == 708
	default:
		ok = false
	}
	if !ok {
		return nil, fmt.Errorf("its type is %.20q, not 708", fmt.Sprint(info.Get("type")))
	}
	text, ok := info.Get("data").(string)
	if !ok {
		return nil, errors.New("it has no data")
	}
	payload, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return media.ReadCaptions(payload)
}
