package metrics

import "slices"

// kind is what is measured: a metric's name.
type kind int

const (
	streams kind = iota
	views
	bitrate
	videoBitrate
	audioBitrate
	framerate
	keyframes
	inputTime
	deliveredTime
	kinds
)

var kindNames = [kinds]string{
	"ConcurrentStreams", "ConcurrentViews", "IngestBitrate", "IngestVideoBitrate", "IngestAudioBitrate",
	"IngestFramerate", "KeyframeInterval", "LiveInputTime", "LiveDeliveredTime",
}

// gauges are the lines of one channel, or the account's, each made when it is first needed. The
// store's lock is held.
type gauges struct {
	store   *Store
	channel string
	lines   [kinds][]*line
	health  map[string]*line

	// Seconds in which something was put, views was, and viewers were sent something.
	last, viewed, sent int64
}

func newGauges(s *Store, channel string) *gauges {
	return &gauges{store: s, channel: channel, health: make(map[string]*line)}
}

func (c *Collector) gauges(channel string) *gauges {
	g := c.channels[channel]
	if g == nil {
		g = newGauges(c.store, channel)
		c.channels[channel] = g
	}
	return g
}

// put adds a sample to all series of a kind.
func (g *gauges) put(k kind, at int64, value float64) {
	if g.lines[k] == nil {
		g.lines[k] = g.make(k)
	}
	g.last = at
	if k == views {
		g.viewed = at
	}
	for _, l := range g.lines[k] {
		g.store.add(l, at, value)
	}
}

// putHealth adds a sample to the account's streams of a health.
func (g *gauges) putHealth(health string, at int64, value float64) {
	l := g.health[health]
	if l == nil {
		l = g.store.line(Series{IVS, kindNames[streams], []Dimension{{Health, health}}})
		g.health[health] = l
	}
	g.store.add(l, at, value)
}

// make is the lines that the table has for a kind: a channel's, or the account's.
func (g *gauges) make(k kind) (lines []*line) {
	m, _ := Find(IVS, kindNames[k])
	for _, names := range m.Dimensions {
		if slices.Contains(names, Channel) == (g.channel == "") || slices.Contains(names, Health) {
			continue
		}
		one := Series{Namespace: IVS, Name: m.Name}
		for _, name := range names {
			one.Dimensions = append(one.Dimensions, Dimension{name, map[string]string{Channel: g.channel, Track: track0, Country: unknownCountry}[name]})
		}
		lines = append(lines, g.store.line(one))
	}
	if g.channel == "" && (k == streams || k == views) {
		lines = append(lines, g.store.line(usage(m.Name)))
	}
	return lines
}

// usage is the copy of a metric that goes with a quota (guide, lines 8966–8973).
func usage(resource string) Series {
	return Series{Usage, "ResourceCount", []Dimension{{"Class", "None"}, {"Resource", resource}, {"Service", "IVS"}, {"Type", "Resource"}}}
}
