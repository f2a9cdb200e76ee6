package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ivs"
	"github.com/google/go-cmp/cmp"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/process"
	"ladderd/testassets/publish"
)

// Three receivers of events: one is well, one is all that a receiver can be, one takes nothing
// for so long that its events are dead letters. The daemon is killed twice. Whatever it has
// written down arrives, in each channel's order, and is shown.
func TestEventsOutliveCrashesAndReceivers(t *testing.T) {
	t.Parallel()
	file := clip(t, publish.Clip{Name: "events", Width: 320, Height: 180, Rate: "30", Seconds: 20, Bitrate: 300_000, GOP: 1})
	useCPU(t, 3*passing)
	const secret, previous = "the-secret-of-the-end-to-end-tests", "the-secret-that-was-before-that-one"
	well := openReceiver(t, "127.77.0.1", daemon.Webhook{Name: "well", Secret: secret})
	ill := openReceiver(t, "127.77.0.2", daemon.Webhook{Name: "ill", Secret: secret, Previous: previous, Timeout: "1s"})
	ill.feel(moody())
	late := openReceiver(t, "127.77.0.3", daemon.Webhook{Name: "late", Secret: secret, GiveUp: "1s"})
	late.feel(refusing)
	w := &witness{t: t, file: file}
	s := daemon.Settings{API: true, Webhooks: []daemon.Webhook{well.hook, ill.hook, late.hook}}
	for _, id := range []string{"a", "b", "c"} {
		w.channels = append(w.channels, daemon.Channel{ID: id, Type: ladder.Basic, Key: "sk_test_events_" + id})
	}
	s.Channels = w.channels
	w.daemon = startDaemonWith(t, s)
	w.follow()

	w.broadcast(func() {})
	w.broadcast(func() { // live channels are cut off
		ill.down()
		w.crash()
	})
	w.await("what happened at the one that is well, while another is not there", func() bool { return len(well.taken()) == len(w.shown()) })
	had := len(ill.taken())
	ill.up()
	w.await("the other to be told of something", func() bool { return len(ill.taken()) > had })
	w.crash() // and something waits
	w.broadcast(func() {})

	happened := w.happened()
	for _, r := range []*receiver{well, ill} {
		w.await("all that happened at "+r.hook.Name, func() bool { return len(r.taken()) >= len(happened) && w.receiver(r).Pending == 0 })
		w.same(r, happened)
	}
	if ill.twice == 0 || well.twice > len(w.channels)*2 { // at most what was on its way at each crash
		t.Errorf("events came twice: %d to the one that is well, %d to the other", well.twice, ill.twice)
	}
	w.replay(late, happened)
	w.sessions(happened)
	w.followed(happened)
	if want := 3 * 4 * len(w.channels); len(happened) != want {
		t.Errorf("%d events happened, want %d", len(happened), want)
	}
}

// witness broadcasts, and asks the daemon what happened.
type witness struct {
	t         *testing.T
	file      string
	channels  []daemon.Channel
	daemon    *daemon.Daemon
	following *process.Process
}

func (w *witness) await(what string, cond func() bool) {
	w.t.Helper()
	awaitOrFail(w.t, within(w.t, 60*time.Second), what, func() (bool, error) { return cond(), nil }, func() string {
		h, err := w.daemon.Health(w.t.Context())
		return fmt.Sprintf("%+v, %v", h.Events, err)
	})
}

// broadcast has all channels live, does something, and ends those that are live still.
func (w *witness) broadcast(during func()) {
	w.t.Helper()
	var publishers []*publish.Publisher
	for _, c := range w.channels {
		p, err := publish.FFmpegLoop(w.daemon.RTMP(c.Key), w.file)
		publishers = append(publishers, stopAtEnd(w.t, p, err))
	}
	w.await("the channels to be live", func() bool { return w.open() == 2*len(w.channels) })
	during()
	for _, p := range publishers {
		_ = p.Stop() // by the daemon's end, where that came first
	}
	w.await("the channels' end", func() bool { return w.open() == 0 })
}

// open is how many sessions and streams have begun and not ended, together.
func (w *witness) open() (n int) {
	w.t.Helper()
	for _, e := range w.shown() {
		switch e.Detail.Name {
		case "Session Created", "Stream Start":
			n++
		case "Session Ended", "Stream End":
			n--
		}
	}
	return n
}

// crash kills the daemon and starts it anew.
func (w *witness) crash() {
	w.t.Helper()
	if err := w.daemon.Kill(); err != nil {
		w.t.Fatal(err)
	}
	if err := w.daemon.Again(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// ladderd runs "ladderd events" and gives the lines that it prints.
func (w *witness) ladderd(args ...string) []string {
	w.t.Helper()
	ctx, done := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer done()
	out, err := exec.CommandContext(ctx, w.binary(), append(append([]string{"events"}, args...), "--url", w.daemon.Metrics())...).CombinedOutput()
	if err != nil {
		w.t.Fatalf("ladderd events %v: %v\n%s", args, err, out)
	}
	return slices.DeleteFunc(strings.Split(string(out), "\n"), func(line string) bool { return line == "" })
}

func (w *witness) binary() string {
	w.t.Helper()
	bin, err := daemon.Binary()
	if err != nil {
		w.t.Fatal(err)
	}
	return bin
}

// shown is what the daemon shows of what happened.
func (w *witness) shown() (list []told) {
	w.t.Helper()
	answer, err := http.Get(w.daemon.Metrics() + "/events?format=json&limit=10000")
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	var page struct{ Events []struct{ Event told } }
	if err := json.NewDecoder(answer.Body).Decode(&page); err != nil {
		w.t.Fatal(err)
	}
	for _, one := range page.Events {
		list = append(list, one.Event)
	}
	return list
}

// happened is what "ladderd events" says there was.
func (w *witness) happened() []told { return w.read(w.ladderd("--json", "--last", "10000")) }

func (w *witness) read(lines []string) []told {
	w.t.Helper()
	list := make([]told, len(lines))
	for i, line := range lines {
		if err := json.Unmarshal([]byte(line), &list[i]); err != nil {
			w.t.Fatalf("%s: %v", line, err)
		}
	}
	return list
}

// receiver is what the daemon says of one.
func (w *witness) receiver(r *receiver) daemon.Receiver {
	h, err := w.daemon.Health(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	of, _ := h.Receiver(r.hook.Name)
	return of
}

// same holds what a receiver has taken to what happened: all of it, in each channel's order.
func (w *witness) same(r *receiver, happened []told) {
	w.t.Helper()
	if diff := cmp.Diff(byChannel(happened), byChannel(r.taken())); diff != "" {
		w.t.Errorf("%s: -happened +taken:\n%s", r.hook.Name, diff)
	}
}

// replay has the receiver that took nothing take all that it was sent in vain.
func (w *witness) replay(r *receiver, happened []told) {
	w.t.Helper()
	w.await("the dead letters", func() bool { of := w.receiver(r); return of.Pending == 0 && of.Dead == len(happened) })
	letters := w.ladderd("dead", "--receiver", r.hook.Name)
	if len(letters) != len(happened) || !strings.Contains(letters[0], happened[0].ID) || !strings.Contains(letters[0], "503") {
		w.t.Errorf("dead letters:\n%s", strings.Join(letters, "\n"))
	}
	r.feel(good)
	if said := w.ladderd("replay", "--receiver", r.hook.Name); said[0] != fmt.Sprintf("%d dead letters are sent again", len(happened)) {
		w.t.Errorf("replay says %q", said)
	}
	w.await("what was replayed", func() bool { return len(r.taken()) == len(happened) })
	w.same(r, happened)
	if left := w.ladderd("dead"); len(left) > 0 {
		w.t.Errorf("dead letters that are left:\n%s", strings.Join(left, "\n"))
	}
}

// sessions holds what the API says of each session to what happened.
func (w *witness) sessions(happened []told) {
	w.t.Helper()
	want := map[string][]string{}
	for _, e := range happened {
		want[e.Detail.Stream] = append(want[e.Detail.Stream], e.Detail.Name)
	}
	got := map[string][]string{}
	c := apiClient(w.t, w.daemon)
	for _, arn := range arns(happened) {
		sessions, err := c.ListStreamSessions(w.t.Context(), &ivs.ListStreamSessionsInput{ChannelArn: &arn})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, s := range sessions.StreamSessions {
			session, err := c.GetStreamSession(w.t.Context(), &ivs.GetStreamSessionInput{ChannelArn: &arn, StreamId: s.StreamId})
			if err != nil {
				w.t.Fatal(err)
			}
			for _, e := range slices.Backward(session.StreamSession.TruncatedEvents) { // the newest comes first
				got[*s.StreamId] = append(got[*s.StreamId], *e.Name)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("sessions: -happened +shown:\n%s", diff)
	}
}

func arns(happened []told) (list []string) {
	for arn := range byChannel(happened) {
		list = append(list, arn)
	}
	return list
}

// follow runs "ladderd events --follow" until the end.
func (w *witness) follow() {
	w.t.Helper()
	p, err := process.Start(exec.Command(w.binary(), "events", "--follow", "--json", "--url", w.daemon.Metrics()))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = p.Stop(syscall.SIGTERM, 10*time.Second) }) // it is asked below whether it ends properly
	w.following = p
}

// followed holds what it printed to what happened: each event once, in their order.
func (w *witness) followed(happened []told) {
	w.t.Helper()
	printed := func() []string {
		return slices.DeleteFunc(strings.Split(w.following.Output(), "\n"), func(line string) bool { return !strings.HasPrefix(line, "{") })
	}
	w.await("the last event to be printed", func() bool { return len(printed()) >= len(happened) })
	if diff := cmp.Diff(happened, w.read(printed())); diff != "" {
		w.t.Errorf("--follow: -happened +printed:\n%s", diff)
	}
	if err := w.following.Stop(syscall.SIGINT, 10*time.Second); err != nil {
		w.t.Errorf("--follow ends: %v", err)
	}
}
