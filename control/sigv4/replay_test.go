package sigv4

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestReplaysAreRefused(t *testing.T) {
	invoked := func(id string) func(*http.Request) { return set("Amz-Sdk-Invocation-Id", id) }
	type step struct {
		wait   time.Duration
		change func(*http.Request)
		ok     bool
	}
	for _, c := range []struct {
		name   string
		signed bool // the invocation id is
		steps  []step
	}{
		{"the same bytes", false, []step{{0, nil, true}, {0, nil, false}, {15 * time.Minute, nil, false}}},
		{"the same call of the AWS CLI", false, []step{
			{0, invoked("a"), true}, {0, invoked("a"), false}, {time.Second, invoked("b"), true}, {0, invoked("b"), false},
			{0, invoked("a"), false}, {2 * time.Second, invoked("c"), false},
		}},
		{"without an invocation id, where the first had one", false, []step{{0, invoked("a"), true}, {0, nil, false}}},
		{"with a signed one", true, []step{{0, nil, true}, {0, set("Amz-Sdk-Request", ""), false}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := testTime
			v := testVerifier(&now)
			for i, s := range c.steps {
				now = now.Add(s.wait)
				a := goodAttempt()
				if c.signed {
					a.header.Set("Amz-Sdk-Invocation-Id", "a")
				}
				a.after = s.change
				_, err := v.Verify(a.send(t), []byte(a.body))
				if (err == nil) != s.ok {
					t.Errorf("step %d: %v", i, err)
				}
				if err != nil {
					checkRefusal(t, err, codeInvalid, "before")
				}
			}
		})
	}
}

func TestRefusedSignaturesAreNotRemembered(t *testing.T) {
	now := testTime
	v, a := testVerifier(&now), goodAttempt()
	a.after = set("Content-Type", "text/plain")
	if _, err := v.Verify(a.send(t), []byte(a.body)); err == nil {
		t.Fatal("let in")
	}
	a.after = nil
	if _, err := v.Verify(a.send(t), []byte(a.body)); err != nil {
		t.Error(err)
	}
}

func TestOldSignaturesAreForgotten(t *testing.T) {
	s := replays{minutes: map[int64]map[mark]time.Time{}}
	now := testTime
	for i := range 100 {
		if refusal := s.accept(mark{byte(i)}, mark{byte(i), 1}, now, now); refusal != nil {
			t.Fatal(refusal)
		}
		now = now.Add(time.Minute)
	}
	// Those of 15 minutes, and of the one that has begun.
	if s.count != 2*16 || len(s.minutes) != 16 {
		t.Errorf("remembers %d of %d minutes", s.count, len(s.minutes))
	}
	s.count = rememberedMost + 2 // a minute is forgotten
	if refusal := s.accept(mark{200}, mark{200}, now, now); refusal == nil || refusal.Code != codeThrottled {
		t.Errorf("got %v", refusal)
	}
}

// Debian 12's AWS CLI says nothing of its calls: what only reads may come again for two seconds.
func TestUnmarkedCallsMayRepeatWhereTheyOnlyRead(t *testing.T) {
	now := testTime
	v := testVerifier(&now)
	v.o.Unmarked = true
	for i, wait := range []time.Duration{0, 0, 2 * time.Second, time.Second} {
		now = now.Add(wait)
		a := goodAttempt()
		if _, err := v.Verify(a.send(t), []byte(a.body)); (err == nil) != (i < 3) {
			t.Errorf("attempt %d: %v", i, err)
		}
	}
	if v.replays.count != 1 {
		t.Errorf("%d marks are remembered of one signature", v.replays.count)
	}
}

// Who wants no such repeats gets none, whatever a request says of itself without signing it.
func TestRepeatsAreRefusedWhereTheyMayNotBe(t *testing.T) {
	for _, may := range []bool{true, false} {
		v := New(Options{Region: "local", Service: "ivs", Repeats: func(*http.Request) bool { return may }})
		a := &authorization{signature: [32]byte{1}}
		for i, id := range []string{"first", "second"} {
			r := httptest.NewRequest("POST", "/", nil)
			r.Header.Set("Amz-Sdk-Invocation-Id", id)
			now := time.Now()
			refusal := v.replays.accept(mark(a.signature[:16]), v.callMark(r, a), now, now)
			if refused := refusal != nil; refused != (i == 1 && !may) {
				t.Errorf("repeats %v, the %s: %v", may, id, refusal)
			}
		}
	}
}
