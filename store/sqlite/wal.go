package sqlite

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// Sizes of a WAL's parts, in bytes (https://www.sqlite.org/fileformat2.html#walformat).
const (
	walHeader   = 32
	frameHeader = 24
)

// walFrames counts the frames that the WAL at path has had written since it was begun anew,
// whole or not: those whose salt is the header's. SQLite uses those up to the last commit that
// is whole; what is behind it was never acknowledged, or the disk has lost it.
func walFrames(path string) (int, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var header [walHeader]byte
	if _, err := io.ReadFull(f, header[:]); err != nil {
		return 0, onlyShort(err)
	}
	page := int64(binary.BigEndian.Uint32(header[8:]))
	salt := [8]byte(header[16:24])
	for n := 0; ; n++ {
		var frame [frameHeader]byte
		if _, err := f.ReadAt(frame[:], walHeader+int64(n)*(frameHeader+page)); err != nil {
			return n, onlyShort(err)
		}
		if [8]byte(frame[8:16]) != salt {
			return n, nil
		}
	}
}

// onlyShort is err unless the file has just ended.
func onlyShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}
