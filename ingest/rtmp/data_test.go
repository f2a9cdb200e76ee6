package rtmp

import (
	"encoding/base64"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"ladderd/ingest"
	"ladderd/ingest/rtmp/amf0"
	"ladderd/ingest/rtmp/wire"
	"ladderd/media"
)

// guideTag is the script tag that the guide shows (line 9231 on), as an FLV file has
// it: a head of 11 bytes, and the tag's size behind it.
const guideTag = "12000069000000000000000200" + "0d6f6e43617074696f6e496e666f" + "0800000002" +
	"000474797065" + "020003373038" + "000464617461" + "02003c" +
	"7451417852304535" + "4e414e4c41507955" + "7276795549507952" + "51507a4935667a73" + "37507a764c507767" + "56507a3336667a30" +
	"342f786f67507955" + "4c2f383d" + "000009" + "00000074"

// guideEntries are the captions in it.
const guideEntries = "fc94aefc9420fc9140fcc8e5fcececfcef2cfc2054fcf7e9fcf4e3fc6880fc942f"

func unhex(t testing.TB, s string) string {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (c *client) data(timestamp uint32, body string) {
	c.t.Helper()
	c.send(wire.Message{Type: typeData, ChunkStream: 5, StreamID: 1, Timestamp: timestamp, Payload: []byte(body)})
}

// amf is a data message's body.
func amf(values ...any) string { return string(amf0.Append(nil, values...)) }

func captionInfo(kind, data any) amf0.Object {
	return amf0.Object{{Key: "type", Value: kind}, {Key: "data", Value: data}}
}

// said publishes data messages, each at 40 ms and behind a picture of 0, and returns
// what the session was told.
func said(t *testing.T, bodies ...string) (testServer, []ingest.Message) {
	t.Helper()
	s := start(t, Config{})
	publisher := s.dial(t)
	publisher.publish()
	publisher.video(0, videoConfig)
	publisher.video(0, keyframe)
	for _, body := range bodies {
		publisher.data(40, body)
	}
	publisher.video(80, keyframe)
	return s, s.packets(t, 2).messages
}

func TestCaptionsBecomeMessages(t *testing.T) {
	guide := unhex(t, guideTag)
	guide = guide[11 : len(guide)-4]
	bare := base64.StdEncoding.EncodeToString([]byte(unhex(t, "fc942cfc942c")))
	cases := []struct{ name, body, entries string }{
		{"the guide's ECMA array", guide, guideEntries},
		{"behind @setDataFrame", amf("@setDataFrame") + guide, guideEntries},
		{"an object with bare entries", amf("onCaptionInfo", captionInfo("708", bare)), "fc942cfc942c"},
		{"708 as a number, base64 in lines and unpadded", amf("onCaptionInfo", captionInfo(708.0, "/JQs\r\n/JQs/JQs\n")), "fc942cfc942cfc942c"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, got := said(t, c.body)
			want := []ingest.Message{{Name: "onCaptionInfo", PTS: 40 * 90, Captions: []byte(unhex(t, c.entries))}}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v\n%s", got, want, s.log)
			}
		})
	}
}

func TestBadCaptionsAreDroppedAndNotedOnce(t *testing.T) {
	guide := unhex(t, guideTag)
	s, got := said(t,
		amf("onCaptionInfo", captionInfo("608", "/JQs")),
		amf("onCaptionInfo", captionInfo("708", "/JQs!")),
		amf("onCaptionInfo", captionInfo("708", 3.0)),
		amf("onCaptionInfo", captionInfo("708", "SGVsbG8h")),
		amf("onCaptionInfo", captionInfo("708", "")),
		amf("onCaptionInfo", amf0.Object{}),
		amf("onCaptionInfo", "708"),
		guide[11:60],
	)
	if len(got) != 0 {
		t.Errorf("got %+v", got)
	}
	if n := strings.Count(s.log.String(), "captions that cannot be read"); n != 1 {
		t.Errorf("the log tells of it %d times", n)
	}
}

func TestDataMessagesAreTimedMetadata(t *testing.T) {
	s, got := said(t,
		amf("onTextData", amf0.Object{{Key: "text", Value: `{"q":1}`}, {Key: "trackid", Value: 1.0}}),
		amf("@setDataFrame", "onTextMessage", "hi", nil),
		amf("onMetaData", amf0.Object{}),
		amf("onFI", amf0.Object{{Key: "st", Value: "12:00:00.1"}}),
		amf("onFI", amf0.Object{{Key: "st", Value: "12:00:00.2"}}),
		amf("|RtmpSampleAccess", true, true),
		amf("onTextData"),
		amf("onTextData", strings.Repeat("x", maxMetadata)),
		amf(strings.Repeat("n", maxName+1), "x"),
		amf("", "x"),
	)
	want := []ingest.Message{
		{Name: "onTextData", PTS: 40 * 90, Data: []byte(`[{"text":"{\"q\":1}","trackid":1}]`)},
		{Name: "onTextMessage", PTS: 40 * 90, Data: []byte(`["hi",null]`)},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if n := strings.Count(s.log.String(), "onFI"); n != 1 {
		t.Errorf("the log tells %d times that a name is ignored", n)
	}
}

// Encoders give some messages a time of 0, or one of another clock.
func TestMessagesDoNotMoveTheClockOfTheMedia(t *testing.T) {
	s := start(t, Config{})
	publisher := s.dial(t)
	publisher.publish()
	publisher.video(4_000_000_000, videoConfig)
	publisher.video(4_000_000_000, keyframe)
	publisher.data(0, amf("onTextData", "a"))
	publisher.data(1_900_000_000, amf("onTextData", "b"))
	publisher.video(4_000_000_040, keyframe)
	if p := s.packets(t, 2).packets; p[1].DTS-p[0].DTS != 40*media.Clock/1000 {
		t.Errorf("pictures are at %d and %d", p[0].DTS, p[1].DTS)
	}
}

func FuzzCaptionInfo(f *testing.F) {
	guide := unhex(f, guideTag)
	f.Add([]byte(guide[11+16 : len(guide)-4]))
	f.Add([]byte(amf(captionInfo("708", "/JQs/JQs"))))
	f.Add([]byte(amf(captionInfo(708.0, "tQAxR0E5NANA//8="))))
	f.Fuzz(func(t *testing.T, body []byte) {
		values, err := amf0.Decode(body)
		if err != nil || len(values) == 0 {
			return
		}
		entries, err := readCaptionInfo(values)
		if len(entries)%media.CaptionSize != 0 || err != nil && entries != nil {
			t.Fatalf("read %x and %v", entries, err)
		}
	})
}
