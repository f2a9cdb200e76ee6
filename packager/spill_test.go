package packager

import (
	"bytes"
	"io"

	"pgregory.net/rapid"
)

// all are a state's segments, the one that is not complete among them.
func (st *state) all() []*segment {
	list := append([]*segment(nil), st.segments...)
	if st.opening != nil {
		list = append(list, st.opening)
	}
	return list
}

// bytesOf reads a resource, wherever it is, and closes it.
func bytesOf(t rapid.TB, res Resource) []byte {
	t.Helper()
	data := bytes.Join(res.Chunks, nil)
	if res.File != nil {
		data = make([]byte, res.Size)
		if _, err := io.ReadFull(io.NewSectionReader(res.File, res.Offset, res.Size), data); err != nil {
			t.Errorf("read %s: %v", res.File.Name(), err)
		}
	}
	if err := res.Close(); err != nil {
		t.Error(err)
	}
	return data
}
