package playback

import (
	"hash/maphash"
	"sync"
	"time"
)

const (
	// viewPause is how long after its last request a session still counts as a
	// view, which is "a unique viewing session which is actively downloading"
	// (glossary of the guide). A blocking request is held for three target
	// durations at most, and those are 10 s at most.
	viewPause = 35 * time.Second
	// viewShards are locked one by one, so that viewers rarely wait for each other.
	viewShards = 16
	// viewsMost bounds the memory: about 150 bytes a view. Sessions beyond it are
	// served, and not counted.
	viewsMost = 1 << 18
)

// views is who watches which stream. There is no goroutine: a shard forgets who
// has left when somebody looks at it, at most once a second.
type views struct {
	seed   maphash.Seed
	shards [viewShards]viewShard
}

type viewShard struct {
	mu      sync.Mutex
	seen    map[string]view
	streams map[string]int // views by stream id
	swept   time.Time
}

type view struct {
	stream string
	last   time.Time // of its requests
}

func newViews() *views {
	v := &views{seed: maphash.MakeSeed()}
	for i := range v.shards {
		v.shards[i].seen, v.shards[i].streams = make(map[string]view), make(map[string]int)
	}
	return v
}

// active says whether the session is a view of the stream, and makes it last.
func (v *views) active(session, stream string, now time.Time) bool {
	s := &v.shards[maphash.String(v.seed, session)%viewShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	known, ok := s.seen[session]
	if !ok || known.stream != stream {
		return false
	}
	// Writing to the map once a second is enough for counting in seconds.
	if now.Sub(known.last) >= time.Second {
		known.last = now
		s.seen[session] = known
	}
	return true
}

// begin makes a view of the session, unless it is one.
func (v *views) begin(session, stream string, now time.Time) {
	s := &v.shards[maphash.String(v.seed, session)%viewShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.seen[session]; ok || len(s.seen) >= viewsMost/viewShards {
		return
	}
	s.seen[session] = view{stream: stream, last: now}
	s.streams[stream]++
}

// of is how many views a stream has.
func (v *views) of(stream string, now time.Time) int {
	count := 0
	for i := range v.shards {
		s := &v.shards[i]
		s.mu.Lock()
		s.sweep(now)
		count += s.streams[stream]
		s.mu.Unlock()
	}
	return count
}

// all is how many views there are of any stream.
func (v *views) all(now time.Time) int {
	count := 0
	for i := range v.shards {
		s := &v.shards[i]
		s.mu.Lock()
		s.sweep(now)
		count += len(s.seen)
		s.mu.Unlock()
	}
	return count
}

// audience is the views of each stream that has any.
func (v *views) audience(now time.Time) map[string]int {
	sum := make(map[string]int)
	for i := range v.shards {
		s := &v.shards[i]
		s.mu.Lock()
		s.sweep(now)
		for stream, n := range s.streams {
			sum[stream] += n
		}
		s.mu.Unlock()
	}
	return sum
}

func (s *viewShard) sweep(now time.Time) {
	if now.Sub(s.swept) < time.Second {
		return
	}
	s.swept = now
	for session, v := range s.seen {
		if now.Sub(v.last) < viewPause {
			continue
		}
		delete(s.seen, session)
		if s.streams[v.stream]--; s.streams[v.stream] == 0 {
			delete(s.streams, v.stream)
		}
	}
}
