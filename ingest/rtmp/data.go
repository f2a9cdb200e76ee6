package rtmp

import (
	"fmt"

	"github.com/yutopp/go-rtmp/message"

	"ladderd/ingest"
	"ladderd/ingest/rtmp/amf0"
	"ladderd/media"
)

const (
	// maxMetadata is the longest message that is taken for timed metadata, in bytes of
	// JSON. The guide names no limit; each viewer will be sent all of it.
	maxMetadata = 2 << 10
	// maxName is the longest name of one, in bytes. It goes into logs and events.
	maxName = 64
)

// unmeant are data messages that servers and encoders have for each other, and
// which are nothing for viewers: permissions and states of Flash's players, and the
// wall clock that FMLE and its followers send with every frame.
var unmeant = map[string]bool{
	"|RtmpSampleAccess": true, "onStatus": true, "onPlayStatus": true, "onFI": true,
}

// OnSetDataFrame takes all data messages: go-rtmp knows only this one, and the front
// gives the others its form.
func (p *publisher) OnSetDataFrame(timestamp uint32, data *message.NetStreamSetDataFrame) (err error) {
	defer p.caught(&err)
	values, err := amf0.Decode(data.Payload)
	if err != nil || len(values) < 2 || p.session == nil {
		return err
	}
	name, _ := values[0].(string)
	switch values = values[1:]; {
	case name == "onMetaData":
		p.announce(values[0])
		return nil
	case name == "onCaptionInfo":
		return p.captions(timestamp, values)
	case unmeant[name]:
		p.front.Note(fmt.Sprintf("data message %q", name))
		return nil
	}
	return p.metadata(name, timestamp, values)
}

func (p *publisher) announce(value any) {
	about, ok := value.(amf0.Object)
	if !ok {
		p.front.Note("onMetaData that is no object")
		return
	}
	p.session.Announce(readMetadata(about, p.front.Connect().FlashVersion))
}

// metadata hands on what a message says, for viewers.
func (p *publisher) metadata(name string, timestamp uint32, values []any) error {
	text := amf0.AppendJSON(nil, values...)
	if name == "" || len(name) > maxName || len(text) > maxMetadata {
		p.front.Note(fmt.Sprintf("data message %.40q, whose name or values are too long: at most %d bytes of JSON are allowed", name, maxMetadata))
		return nil
	}
	return p.say(ingest.Message{Name: name, PTS: p.moment(timestamp), Data: text})
}

func (p *publisher) say(m ingest.Message) error {
	if err := p.session.Message(m); err != nil {
		return p.end(err)
	}
	return nil
}

// moment is a message's time on the clock of the media.
func (p *publisher) moment(timestamp uint32) media.Ticks {
	return media.FromMillis(p.clock.near(timestamp))
}
