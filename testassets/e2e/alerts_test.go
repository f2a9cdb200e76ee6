package e2e

import (
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/await"
	"ladderd/testassets/daemon"
	"ladderd/testassets/prometheus"
	"ladderd/testassets/publish"
)

// Debian's Prometheus scrapes a daemon by the rules as they are, and the alert for starvation
// fires while a publisher hangs, and no longer.
func TestStarvationAlertFiresAndClears(t *testing.T) {
	t.Parallel()
	file := clip(t, small)
	rules, err := filepath.Abs("../../configs/prometheus/ladderd.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	c := channel(daemon.Channel{Type: ladder.Basic})
	d := startDaemon(t, c)
	s, err := prometheus.Start(t.Context(), t.TempDir(), strings.TrimPrefix(d.Metrics(), "http://"), rules)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() })
	p, err := publish.FFmpegLoop(d.RTMP(c.Key), file)
	p = stopAtEnd(t, p, err)
	awaitHealth(t, d, healthy)
	starving := func() string {
		alerts, err := s.Alerts()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range alerts {
			if a.Labels["alertname"] == "LadderdStreamStarving" && a.Labels["channel"] == studio {
				return a.State
			}
		}
		return ""
	}
	until := func(what string, is func() bool) {
		t.Helper()
		if err := await.Until(within(t, time.Minute), what, s.Output, func() (bool, error) { return is(), nil }); err != nil {
			t.Fatal(err)
		}
	}
	until("all rules to be evaluated", func() bool { broken, err := s.Broken(); return err == nil && len(broken) == 0 })
	if starving() == "firing" {
		t.Error("the alert fires while all is well")
	}
	signal(t, p, syscall.SIGSTOP) // it is cut off after 30 s
	until("the alert to fire", func() bool { return starving() == "firing" })
	signal(t, p, syscall.SIGCONT)
	until("the alert to clear", func() bool { return starving() == "" })
	checkScrape(t, d)
}

// checkScrape has Prometheus's own tool look at what is scraped.
func checkScrape(t *testing.T, d *daemon.Daemon) {
	t.Helper()
	answer, err := http.Get(d.Metrics() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	check := exec.Command("promtool", "check", "metrics")
	check.Stdin = strings.NewReader(string(text))
	if said, err := check.CombinedOutput(); err != nil {
		t.Errorf("promtool check metrics: %v\n%s", err, said)
	}
	if !strings.Contains(string(text), `ladderd_part_delay_seconds_count{channel="`+studio+`"} `) {
		t.Error("no part was measured")
	}
}
