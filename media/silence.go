package media

import (
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/bits"
)

// Syntactic elements of an AAC raw_data_block (ISO/IEC 14496-3, table 4.85).
const (
	elementSCE = 0 // one channel
	elementCPE = 1 // a pair of channels
	elementLFE = 3 // the low frequency channel
	elementEnd = 7
)

// channelElements are the elements that a channel count calls for, in the order
// in which they stand in each block (ISO/IEC 14496-3, table 1.19).
var channelElements = map[int][]uint64{
	1: {elementSCE},
	2: {elementCPE},
	3: {elementSCE, elementCPE},
	4: {elementSCE, elementCPE, elementSCE},
	5: {elementSCE, elementCPE, elementCPE},
	6: {elementSCE, elementCPE, elementCPE, elementLFE},
	8: {elementSCE, elementCPE, elementCPE, elementCPE, elementLFE},
}

// Silence makes one AAC-LC frame, a raw_data_block without ADTS, of FrameSamples
// samples of digital silence, at whatever sample rate. Decoded behind sound it
// lets the last frame's overlap fade out as its encoder meant it to. It refuses
// channel counts for which AAC has no channel configuration.
func Silence(channels int) ([]byte, error) {
	elements, ok := channelElements[channels]
	if !ok {
		return nil, fmt.Errorf("silent AAC frame: no channel configuration has %d channels", channels)
	}
	var w bitWriter
	tags := map[uint64]uint64{}
	for _, element := range elements {
		w.put(element, 3)
		w.put(tags[element], 4) // element_instance_tag
		tags[element]++
		if element == elementCPE {
			w.put(1, 1) // common_window
			w.longWindowWithoutBands()
			w.put(0, 2) // ms_mask_present
			w.put(0, 8) // global_gain
			w.noSpectrum()
			w.put(0, 8)
		} else {
			w.put(0, 8)
			w.longWindowWithoutBands()
		}
		w.noSpectrum()
	}
	w.put(elementEnd, 3)
	return w.buf[:(w.pos+7)/8], nil
}

// bitWriter writes most significant bit first. The longest block, of eight
// channels, has 24 bytes.
type bitWriter struct {
	buf [24]byte
	pos int
}

func (w *bitWriter) put(value uint64, n int) {
	bits.WriteBitsUnsafe(w.buf[:], &w.pos, value, n)
}

// longWindowWithoutBands writes an ics_info (table 4.6): a long sine window of
// which no scale factor band, and so no coefficient, is sent.
func (w *bitWriter) longWindowWithoutBands() {
	w.put(0, 1) // ics_reserved_bit
	w.put(0, 2) // window_sequence: ONLY_LONG_SEQUENCE
	w.put(0, 1) // window_shape: sine
	w.put(0, 6) // max_sfb
	w.put(0, 1) // predictor_data_present
}

// noSpectrum ends an individual_channel_stream (table 4.50) that has no bands:
// neither pulse data nor temporal noise shaping nor gain control.
func (w *bitWriter) noSpectrum() { w.put(0, 3) }
