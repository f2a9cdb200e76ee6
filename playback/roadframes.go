package playback

import (
	"math"
	"net/http"

	"golang.org/x/net/http2"
)

// take does what a frame asks for. A StreamError ends a stream and no more.
func (m *road) take(f http2.Frame) error {
	settings, ok := f.(*http2.SettingsFrame)
	if ok {
		return m.takeSettings(settings)
	}
	if !m.greeted {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	switch f := f.(type) {
	case *http2.MetaHeadersFrame:
		return m.takeHeaders(f)
	case *http2.DataFrame:
		return m.takeData(f)
	case *http2.RSTStreamFrame:
		return m.takeReset(f)
	case *http2.WindowUpdateFrame:
		return m.takeWindow(f)
	case *http2.PingFrame:
		if f.IsAck() {
			return nil
		}
		if err := m.bother.add(); err != nil {
			return err
		}
		return m.write(appendPing(nil, http2.FlagPingAck, f.Data))
	case *http2.PriorityFrame:
		if f.StreamDep == f.StreamID {
			return http2.StreamError{StreamID: f.StreamID, Code: http2.ErrCodeProtocol}
		}
		return m.bother.add()
	case *http2.GoAwayFrame:
		m.leave(http2.ErrCodeNo)
		m.hurry() // tick sees whether anything is left to answer
	case *http2.PushPromiseFrame:
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	return nil // a frame of a kind that is not known
}

// settingsMost bounds what one frame of settings may have us do to each stream.
const settingsMost = 32

func (m *road) takeSettings(f *http2.SettingsFrame) error {
	if f.IsAck() {
		if !m.greeted {
			return http2.ConnectionError(http2.ErrCodeProtocol)
		}
		m.framer.ReadMetaHeaders.SetAllowedMaxDynamicTableSize(tableSize)
		return m.bother.add()
	}
	if f.NumSettings() > settingsMost {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	if err := f.ForeachSetting(m.set); err != nil {
		return err
	}
	var answer []byte
	if !m.greeted {
		answer = appendSettings(answer)
		m.greeted = true
		m.hurry() // tick sets the deadline that holds from here on
	}
	if err := m.write(appendFrame(answer, http2.FrameSettings, http2.FlagSettingsAck, 0, 0)); err != nil {
		return err
	}
	return m.bother.add()
}

// set applies the one setting that matters here: no frame is larger than is always
// allowed, and fields are sent without a table.
func (m *road) set(s http2.Setting) error {
	if err := s.Valid(); err != nil {
		return err
	}
	if s.ID != http2.SettingInitialWindowSize {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	more := int64(s.Val) - m.first
	m.first = int64(s.Val)
	opened := false
	for _, x := range m.exchanges {
		if x.window += more; x.window > math.MaxInt32 {
			return http2.ConnectionError(http2.ErrCodeFlowControl)
		}
		opened = opened || x.window > 0 && x.window <= more
	}
	if opened {
		m.stir()
	}
	return nil
}

// littleWindow is a WINDOW_UPDATE of so few bytes that nobody means well with many.
const littleWindow = 512

func (m *road) takeWindow(f *http2.WindowUpdateFrame) error {
	more := int64(f.Increment)
	if more < littleWindow {
		if err := m.bother.add(); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	window := &m.window
	if f.StreamID != 0 {
		x := m.find(f.StreamID)
		switch {
		case x != nil:
			window = &x.window
		case m.idle(f.StreamID):
			return http2.ConnectionError(http2.ErrCodeProtocol)
		default:
			return nil
		}
	}
	*window += more
	switch {
	case *window > math.MaxInt32 && f.StreamID == 0:
		return http2.ConnectionError(http2.ErrCodeFlowControl)
	case *window > math.MaxInt32:
		return http2.StreamError{StreamID: f.StreamID, Code: http2.ErrCodeFlowControl}
	case *window > 0 && *window <= more: // it was shut
		m.stir()
	}
	return nil
}

// idle says whether a stream has not been opened yet. Ours, the even ones, never are.
func (m *road) idle(id uint32) bool { return id > m.newest || id%2 == 0 }

// find is an open stream, or nil. It is called with mu.
func (m *road) find(id uint32) *exchange {
	for _, x := range m.exchanges {
		if x.id == id {
			return x
		}
	}
	return nil
}

func (m *road) takeReset(f *http2.RSTStreamFrame) error {
	if m.idle(f.StreamID) {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	m.mu.Lock()
	if x := m.find(f.StreamID); x != nil {
		m.close(x, errReset)
	}
	m.mu.Unlock()
	return m.bother.add()
}

// refuse ends a stream, and tells the viewer.
func (m *road) refuse(id uint32, code http2.ErrCode) error {
	if id%2 == 1 && id > m.newest {
		m.newest = id
	}
	m.mu.Lock()
	if x := m.find(id); x != nil {
		m.close(x, errReset)
	}
	m.mu.Unlock()
	if err := m.write(appendReset(nil, id, code)); err != nil {
		return err
	}
	return m.bother.add()
}

// takeData throws a body away.
func (m *road) takeData(f *http2.DataFrame) error {
	// All of a frame counts, with its padding (RFC 9113, 6.9.1).
	length := int(f.Length)
	if m.taken += length; m.taken > roadWindow {
		return http2.ConnectionError(http2.ErrCodeFlowControl)
	}
	if m.idle(f.StreamID) {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	if m.taken >= roadWindow/2 {
		if err := m.write(appendWindow(nil, 0, m.taken)); err != nil {
			return err
		}
		m.taken = 0
	}
	if len(f.Data()) == 0 && !f.StreamEnded() {
		if err := m.bother.add(); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	x := m.find(f.StreamID)
	if x == nil || x.asked {
		return http2.StreamError{StreamID: f.StreamID, Code: http2.ErrCodeStreamClosed}
	}
	if x.given -= length; x.given < 0 {
		return http2.StreamError{StreamID: f.StreamID, Code: http2.ErrCodeFlowControl}
	}
	x.got += int64(len(f.Data()))
	if f.StreamEnded() {
		return m.ended(x)
	}
	if x.announced >= 0 && x.got > x.announced {
		return http2.StreamError{StreamID: f.StreamID, Code: http2.ErrCodeProtocol}
	}
	if x.ended && x.given < bodyWindow/2 {
		return http2.StreamError{StreamID: f.StreamID, Code: http2.ErrCodeNo} // we have heard enough
	}
	return nil
}

// ended is called with mu when a request has come to its end.
func (m *road) ended(x *exchange) error {
	if x.announced >= 0 && x.got != x.announced {
		return http2.StreamError{StreamID: x.id, Code: http2.ErrCodeProtocol}
	}
	x.asked = true
	if x.ended {
		m.drop(x)
	}
	return nil
}

// drop forgets a stream. It is called with mu.
func (m *road) drop(x *exchange) {
	for i, other := range m.exchanges {
		if other == x {
			last := len(m.exchanges) - 1
			m.exchanges[i] = m.exchanges[last]
			m.exchanges[last] = nil
			m.exchanges = m.exchanges[:last]
			return
		}
	}
}

// takeHeaders opens a stream, or ends a request's body.
func (m *road) takeHeaders(f *http2.MetaHeadersFrame) error {
	id := f.StreamID
	if f.HasPriority() && f.Priority.StreamDep == id {
		return http2.StreamError{StreamID: id, Code: http2.ErrCodeProtocol}
	}
	if !m.idle(id) {
		return m.takeTrailers(f)
	}
	if id%2 == 0 {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	m.newest = id
	m.mu.Lock()
	full := m.leaving || len(m.exchanges) >= roadMost || m.busy >= roadMost
	x := &exchange{road: m, id: id, window: m.first, given: bodyWindow, asked: f.StreamEnded()}
	m.mu.Unlock()
	if full {
		return http2.StreamError{StreamID: id, Code: http2.ErrCodeRefusedStream}
	}
	if f.Truncated {
		return m.tooLarge(x)
	}
	r, err := m.request(x, f)
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.exchanges = append(m.exchanges, x)
	m.answering++
	m.busy++
	m.mu.Unlock()
	m.running.Go(func() { x.run(r) })
	return nil
}

// tooLarge answers a request whose fields were not all read.
func (m *road) tooLarge(x *exchange) error {
	m.writing.Lock()
	defer m.writing.Unlock()
	x.status = http.StatusRequestHeaderFieldsTooLarge
	answer, err := x.appendHeader(nil, true)
	if err != nil {
		return err
	}
	m.untabled = true
	return m.send(appendReset(answer, x.id, http2.ErrCodeNo))
}

// takeTrailers takes the end of a body that has fields behind it.
func (m *road) takeTrailers(f *http2.MetaHeadersFrame) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	x := m.find(f.StreamID)
	switch {
	case x == nil:
		return http2.ConnectionError(http2.ErrCodeStreamClosed)
	case x.asked:
		return http2.StreamError{StreamID: x.id, Code: http2.ErrCodeStreamClosed}
	case !f.StreamEnded() || len(f.PseudoFields()) > 0:
		return http2.StreamError{StreamID: x.id, Code: http2.ErrCodeProtocol}
	}
	return m.ended(x)
}
