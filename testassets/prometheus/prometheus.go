// Package prometheus runs a real Prometheus, Debian's, that scrapes one address and has rules.
package prometheus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"ladderd/testassets/await"
	"ladderd/testassets/process"
)

const (
	startTimeout = 20 * time.Second
	stopTimeout  = 10 * time.Second
)

// Server is a Prometheus that runs.
type Server struct {
	*process.Process
	url string
}

// Everything each second: tests wait for it.
const config = `global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%q]
scrape_configs:
  - job_name: ladderd
    static_configs: [{targets: [%q]}]
`

// Start has a Prometheus scrape target, a host:port, by the rules in a file. Its files are in dir.
func Start(ctx context.Context, dir, target, rules string) (*Server, error) {
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, fmt.Appendf(nil, config, rules, target), 0o600); err != nil {
		return nil, err
	}
	addr, err := free()
	if err != nil {
		return nil, err
	}
	p, err := process.Start(exec.Command("prometheus", "--config.file", file, "--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", addr))
	if err != nil {
		return nil, fmt.Errorf("prometheus (Debian's package of that name): %w", err)
	}
	s := &Server{p, "http://" + addr}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err = await.Until(ctx, "Prometheus to be ready", p.Output, func() (bool, error) {
		if !p.Running() {
			return false, p.Wait()
		}
		answer, err := http.Get(s.url + "/-/ready")
		if err != nil {
			return false, nil
		}
		return answer.StatusCode == http.StatusOK, answer.Body.Close()
	})
	if err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// Stop ends it and waits until it has gone.
func (s *Server) Stop() error { return s.Process.Stop(syscall.SIGTERM, stopTimeout) }

// free is an address of which the port was free a moment ago.
func free() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

// Alert is one that is pending or fires.
type Alert struct {
	State  string            `json:"state"` // "pending", "firing"
	Labels map[string]string `json:"labels"`
}

// Alerts are those of now.
func (s *Server) Alerts() ([]Alert, error) {
	var data struct{ Alerts []Alert }
	err := s.ask("/api/v1/alerts", &data)
	return data.Alerts, err
}

// Broken are the rules that could not be evaluated, with what is wrong with them; those that have
// not been yet are among them.
func (s *Server) Broken() (list []string, err error) {
	var data struct {
		Groups []struct {
			Rules []struct {
				Name, Health, LastError string
			}
		}
	}
	err = s.ask("/api/v1/rules", &data)
	for _, g := range data.Groups {
		for _, r := range g.Rules {
			if r.Health != "ok" {
				list = append(list, r.Name+": "+r.Health+" "+r.LastError)
			}
		}
	}
	if err == nil && len(data.Groups) == 0 {
		return nil, errors.New("it has no rules")
	}
	return list, err
}

// Query is how many series an expression gives.
func (s *Server) Query(expr string) (int, error) {
	var data struct{ Result []json.RawMessage }
	err := s.ask("/api/v1/query?query="+url.QueryEscape(expr), &data)
	return len(data.Result), err
}

func (s *Server) ask(path string, data any) error {
	answer, err := http.Get(s.url + path)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	said := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(answer.Body).Decode(&said); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if said.Status != "success" {
		return fmt.Errorf("%s: %s", path, said.Error)
	}
	return nil
}
