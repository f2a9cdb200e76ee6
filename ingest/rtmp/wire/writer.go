package wire

import "io"

// Writer writes messages in chunks of the size that every peer starts with, so
// that none has to be told another.
type Writer struct {
	w   io.Writer
	buf []byte
}

// NewWriter writes to w, with one call a message.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write sends one message.
func (w *Writer) Write(m Message) error {
	w.buf = appendMessage(w.buf[:0], m, defaultChunkSize)
	_, err := w.w.Write(w.buf)
	return err
}
