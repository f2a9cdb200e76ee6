package worker

import (
	"fmt"
	"slices"
	"strings"

	"github.com/asticode/go-astiav"

	"ladderd/media"
	"ladderd/pipeline"
)

// backend makes the libav pieces of one graph. Decoder, scalers and encoders come
// from one hand because their frames may live where only they can reach them: in
// the memory of a GPU. Its methods are called one at a time per piece but by
// several goroutines.
type backend interface {
	// openDecoder makes an H.264 decoder that is set up for v.
	openDecoder(v media.VideoParams) (*astiav.CodecContext, error)
	// openScaler makes a scaler that turns from's pictures into to's.
	openScaler(from, to surface) (scaler, error)
	// encoded is what out's encoder is fed with where the decoder gives from.
	encoded(from surface, out pipeline.VideoOutput) surface
	// openEncoder makes an encoder of out that takes pictures of s and makes no
	// keyframe but where the frame's picture type asks for one.
	openEncoder(out pipeline.VideoOutput, s surface) (*astiav.CodecContext, error)
	// encoder is the encoder's name, for logs.
	encoder() string
	// close frees what the pieces share, after all of them are freed.
	close()
}

// scaler scales one picture after the other.
type scaler interface {
	// scale fills the empty dst from src.
	scale(dst, src *astiav.Frame) error
	free()
}

// backends is the one place where Job.Backend is looked up.
var backends = map[pipeline.Encoder]func() (backend, error){
	pipeline.X264: newX264,
}

func openBackend(job pipeline.Job) (backend, error) {
	open, ok := backends[job.Backend.Encoder]
	if !ok {
		var known []string
		for name := range backends {
			known = append(known, string(name))
		}
		slices.Sort(known)
		return nil, elsewhere(fmt.Errorf("encoder backend %q is not known to this worker, which has %s",
			job.Backend, strings.Join(known, ", ")))
	}
	b, err := open()
	if err != nil {
		return nil, elsewhere(fmt.Errorf("open encoder backend %s: %w", job.Backend, err))
	}
	return b, nil
}
