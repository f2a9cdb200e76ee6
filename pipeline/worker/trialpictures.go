package worker

import (
	"fmt"

	"github.com/asticode/go-astiav"
)

// generatedPictures differ from each other as those of a moving camera do.
const generatedPictures = 8

// generate makes pictures in main memory: slopes and edges that move, with some grain.
func generate(width, height int) ([]picture, error) {
	on := surface{width: width &^ 1, height: height &^ 1, format: astiav.PixelFormatYuv420P}
	var list []picture
	for n := range generatedPictures {
		frame := astiav.AllocFrame()
		frame.SetWidth(on.width)
		frame.SetHeight(on.height)
		frame.SetPixelFormat(on.format)
		err := frame.AllocBuffer(0)
		if err == nil {
			err = frame.Data().SetBytes(draw(on.width, on.height, n), 1)
		}
		if err != nil {
			frame.Free()
			for _, p := range list {
				p.frame.Free()
			}
			return nil, fmt.Errorf("make a picture of %dx%d: %w", width, height, err)
		}
		list = append(list, picture{frame: frame, on: surfaceOf(frame)})
	}
	return list, nil
}

// draw makes the samples of picture n in yuv420p.
func draw(width, height, n int) []byte {
	b := make([]byte, 0, width*height*3/2)
	grain := uint32(n + 1)
	for y := range height {
		for x := range width {
			grain = grain*1664525 + 1013904223 // Numerical Recipes' generator
			edge := ((x+4*n)/64 + (y+2*n)/48) % 2 * 60
			b = append(b, byte(40+(x+3*n)*80/width+edge+int(grain>>29)))
		}
	}
	for plane := range 2 {
		for y := range height / 2 {
			for x := range width / 2 {
				b = append(b, byte(96+(x*(1-plane)+y*plane+n)/8%64))
			}
		}
	}
	return b
}
