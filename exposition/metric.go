package exposition

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// metric is a row: what is told under a name.
type metric struct {
	name, help string
	kind       prometheus.ValueType
	histogram  bool
	labels     []string
	desc       *prometheus.Desc
}

// all are the metrics, in the order of the files.
var all []*metric

func row(m metric) *metric {
	m.desc = prometheus.NewDesc(m.name, m.help, m.labels, nil)
	all = append(all, &m)
	return &m
}

// gauge is a metric that goes up and down.
func gauge(name, help string, labels ...string) *metric {
	return row(metric{name: name, help: help, kind: prometheus.GaugeValue, labels: labels})
}

// counter is one that goes up, and begins anew with what it counts.
func counter(name, help string, labels ...string) *metric {
	return row(metric{name: name, help: help, kind: prometheus.CounterValue, labels: labels})
}

func histogram(name, help string, labels ...string) *metric {
	return row(metric{name: name, help: help, histogram: true, labels: labels})
}

// scrape is where the metrics of one go.
type scrape chan<- prometheus.Metric

// tell tells a value, with the labels in the metric's order. Labels come from publishers and
// operators: what is no UTF-8 in them is told as such.
func (s scrape) tell(m *metric, value float64, labels ...string) {
	for i := range labels {
		labels[i] = strings.ToValidUTF8(labels[i], "\uFFFD")
	}
	s <- prometheus.MustNewConstMetric(m.desc, m.kind, value, labels...)
}

// flag tells yes as 1.
func (s scrape) flag(m *metric, yes bool, labels ...string) {
	value := 0.0
	if yes {
		value = 1
	}
	s.tell(m, value, labels...)
}

// typeName is the metric's type as the exposition's format has it.
func (m *metric) typeName() string {
	switch {
	case m.histogram:
		return "histogram"
	case m.kind == prometheus.CounterValue:
		return "counter"
	}
	return "gauge"
}

// Document is a table of all metrics, in Markdown.
func Document() string {
	rows := slices.Clone(all)
	slices.SortFunc(rows, func(a, b *metric) int { return cmp.Compare(a.name, b.name) })
	var b strings.Builder
	b.WriteString("# Metrics\n\nWhat `/metrics` shows on the metrics listener, beside what every Go program shows (`go_…`, `process_…`).\n" +
		"Made of the code by `go test ./exposition -update`.\n\n| metric | type | labels | what it is |\n|---|---|---|---|\n")
	for _, m := range rows {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.name, m.typeName(), strings.Join(m.labels, ", "), strings.ReplaceAll(m.help, "|", "\\|"))
	}
	return b.String()
}

// Names are the metrics', and those that Prometheus makes of them.
func Names() (names []string) {
	for _, m := range all {
		if names = append(names, m.name); m.histogram {
			names = append(names, m.name+"_bucket", m.name+"_sum", m.name+"_count")
		}
	}
	return names
}
