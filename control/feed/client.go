package feed

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client asks a daemon's feed.
type Client struct {
	URL  string // "http://127.0.0.1:9090"
	HTTP *http.Client
}

// ErrRefused is wrapped where the daemon has answered with no success: asking once more does not
// help.
var ErrRefused = errors.New("refused")

// Past are the last events, at most limit; of one channel, or of all where it is "".
func (c Client) Past(ctx context.Context, channel string, limit int) (Page, error) {
	var page Page
	err := c.get(ctx, "/events?"+url.Values{"format": {"json"}, "channel": {channel}, "limit": {strconv.Itoa(limit)}}.Encode(), &page)
	return page, err
}

// Letters are the dead letters, of one receiver, or of all where it is "".
func (c Client) Letters(ctx context.Context, receiver string) (Dead, error) {
	var dead Dead
	err := c.get(ctx, "/events/dead?"+url.Values{"receiver": {receiver}, "limit": {strconv.Itoa(PageMost)}}.Encode(), &dead)
	return dead, err
}

// Replay has dead letters sent again.
func (c Client) Replay(ctx context.Context, which Which) (Replayed, error) {
	var replayed Replayed
	body, err := json.Marshal(which)
	if err != nil {
		return replayed, fmt.Errorf("write the request: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/events/replay", bytes.NewReader(body))
	if err != nil {
		return replayed, fmt.Errorf("write the request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	return replayed, c.do(request, &replayed)
}

func (c Client) get(ctx context.Context, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+path, nil)
	if err != nil {
		return fmt.Errorf("write the request: %w", err)
	}
	return c.do(request, into)
}

func (c Client) do(request *http.Request, into any) error {
	answer, err := c.ask(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return fmt.Errorf("read what the daemon answers: %w", err)
	}
	return nil
}

// ask sends a request, whose answer is a success.
func (c Client) ask(request *http.Request) (*http.Response, error) {
	answer, err := c.HTTP.Do(request)
	if err != nil {
		var whole *url.Error
		if errors.As(err, &whole) { // it repeats the URL
			err = whole.Err
		}
		return nil, fmt.Errorf("no answer from a daemon at %s: %w", c.URL, err)
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		said, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
		return nil, fmt.Errorf("%w: %s answers %s: %s", ErrRefused, request.URL.Path, answer.Status, strings.TrimSpace(string(said)))
	}
	return answer, nil
}

// lineMost is the longest line that is taken, in bytes.
const lineMost = 1 << 20

// ErrGap is told where events are not kept any more that came between two.
var ErrGap = errors.New("some events are not kept any more")

// Follow calls with each event that comes behind the number, as it comes, and with ErrGap where
// some are not there any more, until the connection ends or call fails.
func (c Client) Follow(ctx context.Context, after uint64, channel string, call func(Item, error) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+"/events?"+url.Values{"channel": {channel}}.Encode(), nil)
	if err != nil {
		return fmt.Errorf("write the request: %w", err)
	}
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Last-Event-ID", strconv.FormatUint(after, 10))
	answer, err := c.ask(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	// A connection on which nothing comes for so long is none any more.
	alive := time.AfterFunc(3*silence, cancel)
	defer alive.Stop()
	var e sent
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, lineMost)
	for lines.Scan() {
		alive.Reset(3 * silence)
		if err := e.line(lines.Text(), call); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("follow the daemon's events: %w", err)
	}
	return fmt.Errorf("follow the daemon's events: %w", io.ErrUnexpectedEOF)
}

// sent is a server-sent event whose lines are being read.
type sent struct{ id, name, data string }

// line takes a line; an empty one ends the event.
func (e *sent) line(text string, call func(Item, error) error) error {
	field, value, _ := strings.Cut(text, ":")
	value = strings.TrimPrefix(value, " ")
	switch field {
	case "id":
		e.id = value
	case "event":
		e.name = value
	case "data":
		e.data += value
	}
	if text != "" {
		return nil
	}
	whole := *e
	*e = sent{}
	switch {
	case whole.name == gap:
		return call(Item{}, fmt.Errorf("%w: %s", ErrGap, whole.data))
	case whole.name != "" || whole.data == "":
		return nil
	}
	n, err := strconv.ParseUint(whole.id, 10, 64)
	if err != nil || !json.Valid([]byte(whole.data)) {
		return fmt.Errorf("%w: an event that is none: id %q", ErrRefused, whole.id)
	}
	return call(Item{n, json.RawMessage(whole.data)}, nil)
}
