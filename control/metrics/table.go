package metrics

import "strings"

// Names of dimensions.
const (
	Channel = "Channel" // the channel's id
	Track   = "Track"
	Health  = "Health"
	Country = "ViewerCountryCode"
)

const (
	// track0 is the sole track of streams that are not multitrack, as in the guide's model of
	// stream sessions.
	track0 = "Track0"
	// unknownCountry is a viewer's country that cannot be determined (guide, line 2369).
	unknownCountry = "UNKNOWN"
)

// Metric is what may be measured.
type Metric struct {
	Namespace, Name string
	Unit            string     // CloudWatch's name of it
	Statistics      []string   // those that are of use
	Dimensions      [][]string // the sets of dimensions under which it is kept, each in the order of their names
	// Fine metrics are high-resolution ones: of each second. The others are of each minute.
	Fine bool
	// steps is how many make 1 of the unit: values are kept as whole steps, so that sums are
	// exact in whatever order. It is in files: it never changes.
	steps int64
}

var (
	rates = []string{"Average", "Maximum", "Minimum"}
	sums  = []string{"Sum"}
)

// Metrics are the guide's: the table of lines 2340–2375, and lines 8962–8973 for usage. Nothing is
// recorded yet, so RecordedTime has no data.
var Metrics = []Metric{
	{IVS, "ConcurrentStreams", "Count", rates, [][]string{{}, {Health}}, false, 1},                                        // lines 2346, 2349
	{IVS, "ConcurrentViews", "Count", rates, [][]string{{}, {Channel}}, false, 1},                                         // 2341, 2342
	{IVS, "IngestAudioBitrate", "Bits/Second", rates, [][]string{{Channel}, {Channel, Track}}, true, 1},                   // 2350, 2351
	{IVS, "IngestBitrate", "Bits/Second", rates, [][]string{{Channel}}, true, 1},                                          // 2354
	{IVS, "IngestFramerate", "Count/Second", rates, [][]string{{Channel}, {Channel, Track}}, true, 1000},                  // 2355, 2356
	{IVS, "IngestVideoBitrate", "Bits/Second", rates, [][]string{{Channel}, {Channel, Track}}, true, 1},                   // 2359, 2360
	{IVS, "KeyframeInterval", "Seconds", rates, [][]string{{Channel}, {Channel, Track}}, true, 1000},                      // 2363, 2364
	{IVS, "LiveDeliveredTime", "Seconds", sums, [][]string{{}, {Channel}, {Channel, Country}}, false, 1e6},                // 2365, 2366, 2369
	{IVS, "LiveInputTime", "Seconds", sums, [][]string{{}, {Channel}}, false, 1e6},                                        // 2370, 2371
	{IVS, "RecordedTime", "Seconds", sums, [][]string{{}, {Channel}}, false, 1e6},                                         // 2372, 2375
	{Usage, "ResourceCount", "None", []string{"Maximum"}, [][]string{{"Class", "Resource", "Service", "Type"}}, false, 1}, // 8964–8973
}

// Find is a row of the table.
func Find(namespace, name string) (Metric, bool) {
	for _, m := range Metrics {
		if m.Namespace == namespace && m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}

// Unit is a series' unit by CloudWatch's name; "None" where it is not in the table.
func (s Series) Unit() string {
	if m, ok := Find(s.Namespace, s.Name); ok {
		return m.Unit
	}
	return "None"
}

// channel is whose series it is: empty for the account's.
func (s Series) channel() string {
	for _, d := range s.Dimensions {
		if d.Name == Channel {
			return d.Value
		}
	}
	return ""
}

// dimensions is a series' as files have them: a line each.
func (s Series) dimensions() string {
	var b strings.Builder
	for _, d := range s.Dimensions {
		b.WriteString(d.Name + "=" + d.Value + "\n")
	}
	return b.String()
}

// key tells series apart.
func (s Series) key() string { return s.Namespace + "\n" + s.Name + "\n" + s.dimensions() }

// seriesOf reads what dimensions wrote.
func seriesOf(namespace, name, dimensions string) Series {
	s := Series{Namespace: namespace, Name: name}
	for line := range strings.Lines(dimensions) {
		dimension, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		s.Dimensions = append(s.Dimensions, Dimension{dimension, value})
	}
	return s
}
