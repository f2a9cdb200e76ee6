package worker

import (
	"slices"
	"sync"

	"ladderd/media"
	"ladderd/pipeline"
)

// weave joins what the encoders make to outputs. Mostly an output is its own encoder's. One
// that is shed has none, and is a copy of the next smaller one's instead, from one grid
// point to another: of each output, what its encoder made before comes out first, then the
// copies, then what its encoder makes again. Encoders run beside each other, with delays of
// their own, so what is too early is held.
//
// The lock is held while a packet is sent: it is the order of the outputs on the socket.
type weave struct {
	videos []pipeline.VideoOutput
	out    func(pipeline.Output) error

	mu      sync.Mutex
	sources []madeBy // by index into videos
	outputs [][]turn // likewise; the first turn is the present one
	shed    []int
}

// madeBy is what one encoder has put out.
type madeBy struct {
	until  media.Ticks // no more comes with a PTS before it
	params *media.VideoParams
}

// turn is an encoder's time on an output: from a PTS on until the next turn's.
type turn struct {
	from   media.Ticks
	source int
	begun  bool
	held   []media.Packet
}

func isShed(shed []int, output int) bool { return slices.Contains(shed, output) }

func newWeave(job pipeline.Job, out func(pipeline.Output) error) *weave {
	w := &weave{videos: job.Videos, out: out, sources: make([]madeBy, len(job.Videos)), outputs: make([][]turn, len(job.Videos))}
	for i := range w.sources {
		w.sources[i].until = -1
	}
	w.change(-1, job.Shed)
	return w
}

// change has these outputs be copies from a PTS on, which no encoder has been given yet.
func (w *weave) change(at media.Ticks, shed []int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shed = shed
	for i := range w.outputs {
		source := i
		if isShed(shed, i) {
			source, _ = pipeline.Follows(w.videos, shed, i) // checked with the job, and by the supervisor
		}
		turns := w.outputs[i]
		if len(turns) == 0 || turns[len(turns)-1].source != source {
			w.outputs[i] = append(turns, turn{from: at, source: source})
		}
	}
}

// made takes an encoder's next packet.
func (w *weave) made(source int, p media.Packet) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &w.sources[source]
	if p.Video != nil {
		s.params = p.Video
	}
	for i, turns := range w.outputs {
		n := turnOf(turns, source, p.PTS)
		if n < 0 {
			continue
		}
		copied := p
		if t := &turns[n]; !t.begun {
			t.begun, copied.Video = true, s.params
		}
		if n > 0 {
			turns[n].held = append(turns[n].held, copied)
		} else if err := w.out(pipeline.Output{Index: i, Packet: copied}); err != nil {
			return err
		}
	}
	s.until = p.PTS + 1
	return w.turn()
}

// stopped says that an encoder has put out all up to a PTS, and stops there.
func (w *weave) stopped(source int, at media.Ticks) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sources[source].until = max(w.sources[source].until, at)
	return w.turn()
}

// turnOf is the turn of an output that an encoder's packet is for; -1 for none.
func turnOf(turns []turn, source int, pts media.Ticks) int {
	for n, t := range turns {
		if t.source == source && pts >= t.from && (n+1 == len(turns) || pts < turns[n+1].from) {
			return n
		}
	}
	return -1
}

// turn begins the turns whose time has come: the encoder before has put out all of its own.
// The lock is held.
func (w *weave) turn() error {
	for i := range w.outputs {
		for len(w.outputs[i]) > 1 && w.sources[w.outputs[i][0].source].until >= w.outputs[i][1].from {
			w.outputs[i] = w.outputs[i][1:]
			for _, p := range w.outputs[i][0].held {
				if err := w.out(pipeline.Output{Index: i, Packet: p}); err != nil {
					return err
				}
			}
			w.outputs[i][0].held = nil
		}
	}
	return nil
}

// present is what is shed, for the heartbeat.
func (w *weave) present() []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.shed
}
