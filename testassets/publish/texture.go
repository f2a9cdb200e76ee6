package publish

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
)

// texture is a still picture with detail at every scale: clouds of value noise
// under a few hundred hard-edged boxes and discs, like a street with signs. The
// same seed makes the same picture, on every machine.
type texture struct {
	width, height int
	rgb           []byte
}

const (
	// octaves of noise, from half the picture's height down to some pixels, make
	// a picture that is still busy when it has been scaled down eight times.
	octaves = 8
	shapes  = 400
)

func newTexture(width, height int, seed uint64) *texture {
	t := &texture{width: width, height: height, rgb: make([]byte, 3*width*height)}
	rng := rand.New(rand.NewPCG(seed, 1))
	t.clouds(rng)
	for range shapes {
		t.shape(rng)
	}
	return t
}

// clouds fills the picture with octaves of bilinear value noise, a colour plane
// each.
func (t *texture) clouds(rng *rand.Rand) {
	for plane := range 3 {
		sum := make([]float32, t.width*t.height)
		weight := float32(60)
		for o := range octaves {
			t.octave(sum, rng, max(t.height/2>>o, 2), weight)
			weight *= 0.8
		}
		for i, v := range sum {
			t.rgb[3*i+plane] = byte(min(max(128+v, 0), 255))
		}
	}
}

// octave adds noise whose lattice is cell pixels wide, from −weight to weight.
func (t *texture) octave(sum []float32, rng *rand.Rand, cell int, weight float32) {
	columns := t.width/cell + 2
	lattice := make([]float32, columns*(t.height/cell+2))
	for i := range lattice {
		lattice[i] = weight * (2*rng.Float32() - 1)
	}
	for y := range t.height {
		fy := float32(y%cell) / float32(cell)
		above, below := lattice[y/cell*columns:], lattice[(y/cell+1)*columns:]
		row := sum[y*t.width : (y+1)*t.width]
		for x := range row {
			i, fx := x/cell, float32(x%cell)/float32(cell)
			top := above[i] + fx*(above[i+1]-above[i])
			bottom := below[i] + fx*(below[i+1]-below[i])
			row[x] += top + fy*(bottom-top)
		}
	}
}

// shape tints one box or disc, plain or striped, so that the clouds under it
// stay to be seen.
func (t *texture) shape(rng *rand.Rand) {
	radius := t.height/100 + int(math.Pow(rng.Float64(), 4)*float64(t.height)/6)
	cx, cy := rng.IntN(t.width), rng.IntN(t.height)
	disc, stripe := rng.IntN(2) == 0, t.height/80+rng.IntN(t.height/20)
	colours := [2][3]byte{}
	for i := range colours {
		colours[i] = [3]byte{byte(rng.IntN(256)), byte(rng.IntN(256)), byte(rng.IntN(256))}
	}
	for y := max(cy-radius, 0); y < min(cy+radius, t.height); y++ {
		for x := max(cx-radius, 0); x < min(cx+radius, t.width); x++ {
			dx, dy := x-cx, y-cy
			if disc && dx*dx+dy*dy > radius*radius {
				continue
			}
			at := t.rgb[3*(y*t.width+x):]
			for plane, c := range colours[x/stripe%2] {
				at[plane] = byte((int(at[plane]) + 2*int(c)) / 3)
			}
		}
	}
}

// writePPM writes the picture as a binary portable pixmap.
func (t *texture) writePPM(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "P6\n%d %d\n255\n", t.width, t.height)
	if _, err := b.Write(t.rgb); err != nil {
		return fmt.Errorf("write the texture: %w", err)
	}
	return b.Flush()
}
