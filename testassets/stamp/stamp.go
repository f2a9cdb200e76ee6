// Package stamp codes a number into the picture of a test's broadcast and reads it
// back from a player's video element: which frame is on the screen, or when it was
// captured.
//
//	Draw     into a raw frame, before an encoder has it    the wall clock
//	Filter   ffmpeg's, for clips that are encoded ahead    the frame's number
//	Watch    notes each frame that a browser shows         Frames
//
// The code is a strip of 16 × 2 cells at the picture's top. A column is a bit, the
// most significant at the left: its upper cell is white for 1 and black for 0, its
// lower cell the other way round. So a bit is read by comparing two neighbours,
// whatever the encoder did to the levels, and one that was blurred or half replaced
// tells on itself. A cell is a sixteenth of the width and a ninth of the height: 17
// pixels at 160p.
package stamp

import (
	"fmt"
	"strings"
)

// Columns are the bits of a stamp; numbers are taken modulo 1<<Columns.
const Columns = 16

// The strip has two rows, each a ninth of the picture's height.
const rowsPerPicture = 9

// Luma of the cells: well inside the limited range, so that ringing is not clipped.
const (
	white = 225
	black = 25
	grey  = 128 // of chroma: no colour
)

// Draw writes n's stamp into an I420 frame of even width and height.
func Draw(frame []byte, width, height int, n uint16) {
	row := height / rowsPerPicture
	line := make([]byte, width)
	for upper := range 2 {
		for x := range line {
			bit := n >> (Columns - 1 - x*Columns/width) & 1
			line[x] = black
			if int(bit) == 1-upper {
				line[x] = white
			}
		}
		for y := upper * row; y < (upper+1)*row; y++ {
			copy(frame[y*width:], line)
		}
	}
	chroma := width * height / 4
	for plane := range 2 {
		strip := frame[width*height+plane*chroma:][:width/2*row]
		for i := range strip {
			strip[i] = grey
		}
	}
}

// Filter is a chain of ffmpeg's filters that stamps each frame with its number,
// which begins at 0.
func Filter() string {
	var b strings.Builder
	for column := range Columns {
		for upper := range 2 {
			bit := fmt.Sprintf("mod(floor(n/%d),2)", 1<<(Columns-1-column))
			whiteIf := fmt.Sprintf("eq(%s,%d)", bit, 1-upper)
			blackIf := fmt.Sprintf("eq(%s,%d)", bit, upper)
			for _, cell := range []struct{ colour, enable string }{{"0xe0e0e0", whiteIf}, {"0x101010", blackIf}} {
				fmt.Fprintf(&b, "drawbox=x=floor(iw*%d/%d):y=floor(ih/%d)*%d:w=floor(iw*%d/%d)-floor(iw*%d/%d):h=floor(ih/%d):color=%s:t=fill:enable='%s',",
					column, Columns, rowsPerPicture, upper, column+1, Columns, column, Columns, rowsPerPicture, cell.colour, cell.enable)
			}
		}
	}
	return strings.TrimSuffix(b.String(), ",")
}
