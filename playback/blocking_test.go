package playback

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pending is a request on its way, in a bubble of its own time.
type pending struct {
	answer *httptest.ResponseRecorder
	done   chan struct{}
	cancel context.CancelCauseFunc
}

func request(h http.Handler, url string) *pending {
	ctx, cancel := context.WithCancelCause(context.Background())
	p := &pending{answer: httptest.NewRecorder(), done: make(chan struct{}), cancel: cancel}
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	go func() {
		defer close(p.done)
		h.ServeHTTP(p.answer, r)
	}()
	return p
}

// held says whether the request waits, with everything else at rest.
func (p *pending) held() bool {
	synctest.Wait()
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

func TestBlockedRequestsAreHeldAndReleased(t *testing.T) {
	for _, c := range []struct {
		name, url string
		sent      int // frames: at 45 segment 1 has its first part, at 61 it has ended
		holds     string
	}{
		{"part", mediaURL + "index.m3u8?_HLS_msn=1&_HLS_part=2", 45, "1.2.m4s"},
		{"segment", mediaURL + "index.m3u8?_HLS_msn=1", 45, "\n1.m4s"},
		{"delta update", mediaURL + "index.m3u8?_HLS_msn=1&_HLS_part=1&_HLS_skip=YES", 45, "1.1.m4s"},
		{"hinted part", mediaURL + "1.1.m4s", 45, "moof"},
		{"hinted part behind a segment", mediaURL + "2.0.m4s", 61, "moof"},
		{"part past the end of a segment", mediaURL + "index.m3u8?_HLS_msn=1&_HLS_part=3", 61, "2.0.m4s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBroadcast(t)
				b.send(c.sent)
				p := request(newTestHandler(t, b), c.url)
				if !p.held() {
					t.Fatalf("answered before its time: %d %s", p.answer.Code, p.answer.Body)
				}
				b.send(45)
				if p.held() {
					t.Fatal("still held when it could be answered")
				}
				if p.answer.Code != http.StatusOK || !strings.Contains(p.answer.Body.String(), c.holds) {
					t.Errorf("status %d, no %q in the body", p.answer.Code, c.holds)
				}
			})
		})
	}
}

func TestBlockedRequestsOfStreamThatStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(t)
		b.send(45)
		p := request(newTestHandler(t, b), mediaURL+"index.m3u8?_HLS_msn=1&_HLS_part=2")
		began := time.Now()
		<-p.done
		expectFailure(t, "unmet", p.answer.Code, p.answer.Header(), p.answer.Body.Bytes(), 503, "media_not_in_time", "in time")
		if waited := time.Since(began); waited != 6*time.Second {
			t.Errorf("waited %v, want three target durations", waited)
		}
	})
}

func TestBlockedRequestIsReleasedAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(t)
		b.send(45)
		p := request(newTestHandler(t, b), mediaURL+"index.m3u8?_HLS_msn=2")
		if !p.held() {
			t.Fatal("answered before its time")
		}
		b.stream.End()
		if p.held() || !strings.Contains(p.answer.Body.String(), "#EXT-X-ENDLIST") {
			t.Errorf("not told of the end: %s", p.answer.Body)
		}
	})
}

func TestCancelledRequestIsReleased(t *testing.T) {
	for _, c := range []struct {
		cause error
		code  string
	}{{context.Canceled, "request_cancelled"}, {errClosing, "shutting_down"}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBroadcast(t)
			b.send(45)
			for _, url := range []string{"index.m3u8?_HLS_msn=2", "1.1.m4s"} {
				p := request(newTestHandler(t, b), mediaURL+url)
				if !p.held() {
					t.Fatal("answered before its time")
				}
				p.cancel(c.cause)
				if p.held() {
					t.Fatal("held though cancelled")
				}
				expectFailure(t, url, p.answer.Code, p.answer.Header(), p.answer.Body.Bytes(), 503, c.code, "")
			}
		})
	}
}
