package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"ladderd/control/feed"
	"ladderd/control/outbox"
)

// eventsCommand looks at the events of a daemon that runs.
type eventsCommand struct {
	Show   eventsShowCommand   `cmd:"" default:"withargs" help:"What happened last, and with --follow what happens. The default."`
	Dead   eventsDeadCommand   `cmd:"" help:"Events that a receiver did not take within its give_up."`
	Replay eventsReplayCommand `cmd:"" help:"Send dead letters again."`
}

// client asks the daemon.
func (m metricsAddress) client() (feed.Client, error) {
	base, err := m.base()
	return feed.Client{URL: base, HTTP: &http.Client{Transport: &http.Transport{ResponseHeaderTimeout: 30 * time.Second}}}, err
}

type eventsShowCommand struct {
	metricsAddress
	Follow  bool   `short:"f" help:"Go on with events as they happen, until Ctrl-C; through restarts of the daemon too."`
	Channel string `help:"Events of this channel alone." placeholder:"ID"`
	Last    int    `short:"n" default:"20" help:"How many that have happened are shown, 0 to 10000."`
	JSON    bool   `help:"Print events as receivers get them, one a line."`
}

func (c *eventsShowCommand) Run() error {
	ctx, stop := untilSignal()
	defer stop()
	client, err := c.client()
	if err != nil {
		return err
	}
	if c.Last < 0 || c.Last > feed.PageMost {
		return fmt.Errorf("--last %d; allowed: 0 to %d", c.Last, feed.PageMost)
	}
	page, err := client.Past(ctx, c.Channel, max(c.Last, 1))
	if err != nil {
		return err
	}
	if c.Last == 0 {
		page.Events = nil
	}
	for _, one := range page.Events {
		if err := c.print(os.Stdout, one.Event); err != nil {
			return err
		}
	}
	if !c.Follow {
		return nil
	}
	return c.follow(ctx, client, page.Last)
}

const (
	// reconnectFirst and reconnectMost are how long follow waits for a daemon that is not there.
	reconnectFirst = 250 * time.Millisecond
	reconnectMost  = 5 * time.Second
)

// follow prints events behind the number until ctx ends.
func (c *eventsShowCommand) follow(ctx context.Context, client feed.Client, after uint64) error {
	pause := reconnectFirst
	for {
		var output error
		err := client.Follow(ctx, after, c.Channel, func(one feed.Item, missing error) error {
			if missing != nil {
				fmt.Fprintln(os.Stderr, "ladderd:", missing)
				return nil
			}
			after, pause = one.Number, reconnectFirst
			output = c.print(os.Stdout, one.Event)
			return output
		})
		switch {
		case ctx.Err() != nil:
			return nil
		case output != nil:
			return output
		case errors.Is(err, feed.ErrRefused):
			return err
		}
		if pause == reconnectFirst {
			fmt.Fprintln(os.Stderr, "ladderd:", err, "(trying again)")
		}
		select {
		case <-time.After(pause):
			pause = min(2*pause, reconnectMost)
		case <-ctx.Done():
			return nil
		}
	}
}

func (c *eventsShowCommand) print(to io.Writer, envelope json.RawMessage) error {
	line := string(envelope)
	if !c.JSON {
		line = eventLine(envelope)
	}
	_, err := fmt.Fprintln(to, line)
	return err
}

// shown is of an envelope what people are shown.
type shown struct {
	Time      time.Time `json:"time"`
	Resources []string  `json:"resources"`
	Detail    struct {
		Event  string `json:"event_name"`
		Stream string `json:"stream_id"`
		Code   string `json:"code"`
		Reason string `json:"reason"`
		Limit  string `json:"limit_name"`
		Value  int    `json:"limit_value"`
		By     int    `json:"exceeded_by"`
		Unit   string `json:"limit_unit"`
	} `json:"detail"`
}

// eventLine is an event for people.
func eventLine(envelope json.RawMessage) string {
	var e shown
	if err := json.Unmarshal(envelope, &e); err != nil {
		return string(envelope) // of another version; better than nothing
	}
	channel := "-" // the account's
	if len(e.Resources) > 0 {
		channel = e.Resources[0][strings.LastIndexByte(e.Resources[0], '/')+1:]
	}
	d := e.Detail
	name, more := d.Event, d.Code+d.Reason
	if d.Limit != "" {
		name, more = d.Limit, fmt.Sprintf("%d above %d %s", d.By, d.Value, d.Unit)
	}
	line := fmt.Sprintf("%s  %-12s  %-23s  %-27s  %s", e.Time.Local().Format(time.DateTime), channel, name, d.Stream, more)
	return strings.TrimRight(line, " ")
}

type eventsDeadCommand struct {
	metricsAddress
	Receiver string `help:"Those of this receiver alone." placeholder:"NAME"`
	JSON     bool   `help:"Print dead letters with all that is known of them, one a line."`
}

func (c *eventsDeadCommand) Run() error {
	ctx, stop := untilSignal()
	defer stop()
	client, err := c.client()
	if err != nil {
		return err
	}
	dead, err := client.Letters(ctx, c.Receiver)
	if err != nil {
		return err
	}
	return c.print(os.Stdout, dead.Dead)
}

func (c *eventsDeadCommand) print(to io.Writer, letters []outbox.Letter) error {
	if c.JSON {
		lines := json.NewEncoder(to)
		for _, l := range letters {
			if err := lines.Encode(l); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, l := range letters {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", l.Time.Local().Format(time.DateTime), l.Receiver, l.ID, l.Name, l.Reason)
	}
	return table.Flush()
}

type eventsReplayCommand struct {
	metricsAddress
	Receiver string `help:"Those of this receiver alone." placeholder:"NAME"`
	ID       string `arg:"" optional:"" help:"The id of an event; without one all dead letters are sent again."`
}

func (c *eventsReplayCommand) Run() error {
	ctx, stop := untilSignal()
	defer stop()
	client, err := c.client()
	if err != nil {
		return err
	}
	replayed, err := client.Replay(ctx, feed.Which{Receiver: c.Receiver, ID: c.ID})
	if err != nil {
		return err
	}
	fmt.Printf("%d dead letters are sent again\n", replayed.Replayed)
	return nil
}
