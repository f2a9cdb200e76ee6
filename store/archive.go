package store

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// archiveFormat and archiveVersion begin each archive. A change that older readers would take
// wrong is a new version.
const (
	archiveFormat  = "ladderd-backup"
	archiveVersion = 1
)

// maxLine is more than the longest line has, in bytes: base64 and JSON's escapes.
const maxLine = MaxValue/3*4 + 6*MaxKey + 1024

// ErrArchive says that a file is no archive that this program reads, or not as it was written.
var ErrArchive = errors.New("not a good backup")

// Archive is a store's content in a file, for any backend. It is text, a line each:
//
//	{"format":"ladderd-backup","version":1,"ladderd":"v1.2.0","time":"…","revision":9,"entries":1}
//	{"key":"channel/a","value":"<base64>"}
//	{"sha256":"<of all bytes before this line>"}
//
// Entries are in the order of their keys. Their revisions are not kept, as no backend could
// give them back; entries with a lease are not in it, as their holders are not either.
type Archive struct {
	Ladderd  string    // the version of the program that wrote it
	Time     time.Time // when
	Revision int64     // of the store, when it was read
	Entries  []Entry   // keys and values
}

type archiveHeader struct {
	Format   string    `json:"format"`
	Version  int       `json:"version"`
	Ladderd  string    `json:"ladderd"`
	Time     time.Time `json:"time"`
	Revision int64     `json:"revision"`
	Entries  int       `json:"entries"`
}

type archiveEntry struct {
	Key   string `json:"key"`
	Value []byte `json:"value"`
}

type archiveEnd struct {
	SHA256 string `json:"sha256"`
}

// NewArchive is the content of a page that has everything.
func NewArchive(page Page, ladderd string, at time.Time) Archive {
	a := Archive{Ladderd: ladderd, Time: at.UTC().Truncate(time.Second), Revision: page.Revision}
	for _, e := range page.Entries {
		if e.Lease == 0 {
			a.Entries = append(a.Entries, e)
		}
	}
	return a
}

// Write writes the archive.
func (a Archive) Write(to io.Writer) error {
	buffered := bufio.NewWriter(to)
	sum := sha256.New()
	lines := json.NewEncoder(io.MultiWriter(buffered, sum))
	lines.SetEscapeHTML(false)
	header := archiveHeader{archiveFormat, archiveVersion, a.Ladderd, a.Time, a.Revision, len(a.Entries)}
	if err := lines.Encode(header); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	for _, e := range a.Entries {
		if err := lines.Encode(archiveEntry{e.Key, append([]byte{}, e.Value...)}); err != nil {
			return fmt.Errorf("write the backup: %w", err)
		}
	}
	if err := lines.Encode(archiveEnd{hex.EncodeToString(sum.Sum(nil))}); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	return nil
}

// ReadArchive reads all of an archive, and returns it only where all of it is right.
func ReadArchive(from io.Reader) (Archive, error) {
	r := archiveReader{lines: bufio.NewScanner(from)}
	r.lines.Buffer(nil, maxLine)
	r.lines.Split(wholeLines)
	a, err := r.read()
	if err != nil {
		return Archive{}, fmt.Errorf("read the backup: %w", err)
	}
	return a, nil
}

type archiveReader struct {
	lines  *bufio.Scanner
	number int // of the line
}

func (r *archiveReader) read() (a Archive, err error) {
	sum := sha256.New()
	var header archiveHeader
	line, err := r.next(&header)
	if err != nil {
		return a, err
	}
	sum.Write(line)
	switch {
	case header.Format != archiveFormat:
		return a, r.wrong("its format is %q; allowed: %q", header.Format, archiveFormat)
	case header.Version != archiveVersion:
		return a, r.wrong("it is of version %d, written by ladderd %s; this one reads version %d", header.Version, header.Ladderd, archiveVersion)
	case header.Entries < 0 || header.Revision < 0:
		return a, r.wrong("it has %d entries of revision %d", header.Entries, header.Revision)
	}
	a = Archive{Ladderd: header.Ladderd, Time: header.Time, Revision: header.Revision}
	for range header.Entries {
		var e archiveEntry
		if line, err = r.next(&e); err != nil {
			return a, err
		}
		sum.Write(line)
		if err := r.check(e, a.Entries); err != nil {
			return a, err
		}
		a.Entries = append(a.Entries, Entry{Key: e.Key, Value: e.Value})
	}
	var end archiveEnd
	if _, err := r.next(&end); err != nil {
		return a, err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != end.SHA256 {
		return a, r.wrong("its SHA-256 is %s, and it was written with %q: it was altered, or damaged", got, end.SHA256)
	}
	if r.lines.Scan() {
		return a, r.wrong("there is more behind its end")
	}
	return a, nil
}

// next reads a line, which it also returns, as JSON.
func (r *archiveReader) next(into any) ([]byte, error) {
	r.number++
	if !r.lines.Scan() {
		if err := r.lines.Err(); err != nil && !errors.Is(err, bufio.ErrTooLong) {
			return nil, err
		} else if err != nil {
			return nil, r.wrong("it is longer than %d bytes", maxLine)
		}
		return nil, r.wrong("it is not there: the file was cut off")
	}
	line := r.lines.Bytes()
	if !bytes.HasSuffix(line, []byte("\n")) {
		return nil, r.wrong("it has no end: the file was cut off")
	}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return nil, r.wrong("%w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, r.wrong("there is more than one value")
	}
	return line, nil
}

// check says whether an entry can come behind those before it.
func (r *archiveReader) check(e archiveEntry, before []Entry) error {
	if err := (Change{Put: []Put{{Key: e.Key, Value: e.Value}}}).Check(); err != nil {
		return r.wrong("%w", err)
	}
	if n := len(before); n > 0 && before[n-1].Key >= e.Key {
		return r.wrong("the key %q comes after %q", e.Key, before[n-1].Key)
	}
	return nil
}

func (r *archiveReader) wrong(format string, values ...any) error {
	return fmt.Errorf("%w: line %d: %w", ErrArchive, r.number, fmt.Errorf(format, values...))
}

// wholeLines splits at line feeds, which stay: one that is cut off has none.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}
