package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"ladderd/load/wire"
	"ladderd/m3u8"
)

// recording is what one viewer was sent for a while, as it was sent.
type recording struct {
	states []recorded
	length time.Duration
}

// recorded is a state of the playlist, and the parts that are new in it.
type recorded struct {
	at       time.Duration // since the recording began
	playlist []byte
	zipped   bool
	parts    [][]byte
}

const answerTimeout = 20 * time.Second

// record watches a channel's first variant for so long.
func record(ctx context.Context, playlist string, length time.Duration) (*recording, error) {
	r := &recorder{conn: wire.NewConn(nil)}
	defer r.conn.Close()
	defer context.AfterFunc(ctx, r.conn.Close)()
	if err := r.open(playlist); err != nil {
		return nil, fmt.Errorf("record %s: %w", playlist, err)
	}
	for time.Since(r.began) < length {
		if err := r.step(); err != nil {
			return nil, fmt.Errorf("record %s: %w", playlist, err)
		}
	}
	r.made.length = time.Since(r.began)
	return &r.made, nil
}

type recorder struct {
	conn  *wire.Conn
	base  wire.Target
	media *m3u8.Media
	began time.Time
	made  recording
}

// open finds the variant and its first state, which is not recorded: players that
// have joined get the next ones.
func (r *recorder) open(playlist string) error {
	at, err := wire.Parse(playlist)
	if err != nil {
		return err
	}
	text, _, err := r.get(at)
	if err != nil {
		return err
	}
	m, err := m3u8.ParseMultivariant(text)
	if err != nil {
		return err
	}
	if len(m.Variants) == 0 {
		return fmt.Errorf("no variants in\n%s", text)
	}
	if r.base, err = at.Resolve(m.Variants[0].URI); err != nil {
		return err
	}
	if text, _, err = r.get(r.base); err != nil {
		return err
	}
	if r.media, err = m3u8.ParseMedia(text); err != nil {
		return err
	}
	r.began = time.Now()
	return nil
}

// step waits for the next state, as a player does, and takes its new parts.
func (r *recorder) step() error {
	msn, part := r.media.Next()
	query := fmt.Sprintf("_HLS_msn=%d&_HLS_part=%d", msn, part)
	if r.media.Control.SkipUntil > 0 {
		query += "&_HLS_skip=YES"
	}
	text, sent, err := r.get(r.base.With(query))
	if err != nil {
		return err
	}
	state := recorded{at: time.Since(r.began), playlist: sent, zipped: !bytes.Equal(text, sent)}
	m, err := m3u8.ParseMedia(text)
	if err != nil {
		return err
	}
	if m, err = m.Merge(r.media); err != nil {
		return err
	}
	for _, uri := range since(m, msn, part) {
		t, err := r.base.Resolve(uri)
		if err != nil {
			return err
		}
		body, _, err := r.get(t)
		if err != nil {
			return err
		}
		state.parts = append(state.parts, body)
	}
	r.media = m
	r.made.states = append(r.made.states, state)
	return nil
}

// since is the parts of m from a place on.
func since(m *m3u8.Media, msn int64, part int) []string {
	var uris []string
	add := func(n int64, parts []m3u8.Part) {
		for i, p := range parts {
			if n > msn || n == msn && i >= part {
				uris = append(uris, p.URI)
			}
		}
	}
	for _, s := range m.Segments {
		add(s.MSN, s.Parts)
	}
	last, _ := m.Next()
	add(last, m.Open.Parts)
	return uris
}

// get is a body, unpacked, and as it was sent.
func (r *recorder) get(t wire.Target) (text, sent []byte, err error) {
	reply, err := r.conn.Get(t, true, answerTimeout)
	if err != nil {
		return nil, nil, err
	}
	sent = bytes.Clone(reply.Body)
	if reply.Status != 200 {
		return nil, nil, fmt.Errorf("%s: status %d: %s", t, reply.Status, sent)
	}
	if !reply.Gzip {
		return sent, sent, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(sent))
	if err != nil {
		return nil, nil, err
	}
	text, err = io.ReadAll(z)
	return text, sent, err
}

// write puts the recording into a folder as a static server has it: N.m3u8.gz or
// N.m3u8, and N.I.m4s for the parts of state N.
func (r *recording) write(dir string) error {
	for i, s := range r.states {
		name := strconv.Itoa(i) + ".m3u8"
		if s.zipped {
			name += ".gz"
		}
		if err := os.WriteFile(filepath.Join(dir, name), s.playlist, 0o644); err != nil {
			return err
		}
		for n, p := range s.parts {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.%d.m4s", i, n)), p, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
