package gpu

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"ladderd/pipeline"
)

// Report is what `ladderd probe --json` prints.
type Report struct {
	Devices []Proof `json:"devices"`
	// Auto is the backend that "auto" gives a stream now, NVENC and VAAPI what these give;
	// each with the reason where it gives none.
	Auto  Offer `json:"auto"`
	NVENC Offer `json:"nvenc"`
	VAAPI Offer `json:"vaapi"`
	// Encoders says whether a GPU encodes a ladder.
	Encoders bool `json:"gpu_encodes"`
}

// Offer is what a value of the backend key comes to.
type Offer struct {
	Backend string `json:"backend,omitempty"`
	// Turns are equal backends, with which it takes turns from stream to stream.
	Turns []string `json:"turns,omitempty"`
	Why   string   `json:"why,omitempty"`
}

// NewReport says what was proven and what follows.
func NewReport(proofs []Proof) Report {
	r := Report{Devices: proofs, Auto: offer(proofs, Auto), NVENC: offer(proofs, "nvenc"), VAAPI: offer(proofs, "vaapi")}
	r.Encoders = r.NVENC.Backend != "" || r.VAAPI.Backend != ""
	return r
}

func offer(proofs []Proof, want Wanted) Offer {
	list, err := Candidates(proofs, want)
	if err != nil {
		return Offer{Why: err.Error()}
	}
	o := Offer{Backend: list[0].String()}
	for _, b := range list[1:] {
		if alike(b, list[0]) && b.Device.API == list[0].Device.API {
			o.Turns = append(o.Turns, b.String())
		}
	}
	return o
}

// Describe is a trial in a few words.
func Describe(t pipeline.Trial) string {
	r := result(t)
	if t.Task == pipeline.Sessions {
		return fmt.Sprintf("open up to %d encoders", t.Most)
	}
	return r.subject()
}

// subject is what was tried: "encode H264 1280×720 from its own memory".
func (r Result) subject() string {
	words := []string{string(r.Task)}
	if r.Codec != "" {
		words = append(words, strings.ToUpper(string(r.Codec)))
	}
	words = append(words, fmt.Sprintf("%d×%d", r.Width, r.Height))
	if r.OnDevice {
		words = append(words, "from the GPU's memory")
	}
	if r.Spare {
		words = append(words, "by x264, as the GPU does not take that size")
	}
	return strings.Join(words, " ")
}

// Write prints the report for people.
func (r Report) Write(w io.Writer) error {
	var b strings.Builder
	for _, p := range r.Devices {
		p.write(&b)
	}
	if !slices.ContainsFunc(r.Devices, func(p Proof) bool { return p.Device.API != pipeline.CPU }) {
		b.WriteString("no GPU found\n\n")
	}
	for _, o := range []struct {
		want string
		Offer
	}{{"auto", r.Auto}, {"nvenc", r.NVENC}, {"vaapi", r.VAAPI}} {
		if o.Backend == "" {
			fmt.Fprintln(&b, o.Why)
			continue
		}
		fmt.Fprintf(&b, "backend = %-7q gives %s\n", o.want, strings.Join(append([]string{o.Backend}, o.Turns...), "\n                  or "))
	}
	b.WriteString("\n\"2 × 1080p60\" is two videos of 1920×1080 at 60 frames a second at once. Rates are of one worker that has\nthe device to itself.\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// write is one device: a line that says which, then one for each thing that is known.
func (p Proof) write(b *strings.Builder) {
	fmt.Fprintln(b, title(p.Device))
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(b, "  %-10s %s\n", name, text)
		}
	}
	line("driver", p.Device.Driver)
	line("memory", memory(p.Device))
	line("now", p.Device.now())
	line("problem", p.Device.Problem)
	for _, t := range []pipeline.Task{pipeline.Encode, pipeline.Decode, pipeline.Scale} {
		for i, text := range p.lines(t) {
			line(map[bool]string{true: string(t)}[i == 0], text)
		}
	}
	line("sessions", p.sessions())
	if !p.At.IsZero() {
		line("measured", p.At.Format(time.RFC3339))
	}
	b.WriteByte('\n')
}

func title(d Device) string {
	words := []string{d.Name}
	if d.Cores > 0 {
		words = append(words, fmt.Sprintf("%d %s", d.Cores, map[bool]string{true: "core", false: "cores"}[d.Cores == 1]))
	}
	for _, word := range []string{d.ID, d.PCI} {
		if word != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, ", ")
}

func memory(d Device) string {
	if d.Memory == 0 {
		return ""
	}
	const gibibyte = 1 << 30
	return fmt.Sprintf("%.1f GiB, %.1f GiB in use", float64(d.Memory)/gibibyte, float64(d.MemoryUsed)/gibibyte)
}

func (l Load) now() string {
	var words []string
	for _, v := range []struct {
		value  *int
		format string
	}{{l.Temperature, "%d °C"}, {l.Power, "%d W"}, {l.Use, "%d %% busy"}, {l.EncoderUse, "encoder %d %%"}, {l.DecoderUse, "decoder %d %%"}} {
		if v.value != nil {
			words = append(words, fmt.Sprintf(v.format, *v.value))
		}
	}
	return strings.Join(words, ", ")
}

// lines tells of a task: what works, each with its rate, then each reason once, with all
// that it keeps from working.
func (p Proof) lines(task pipeline.Task) (lines []string) {
	var reasons []string
	not := map[string][]string{}
	for _, r := range p.Results {
		switch {
		case r.Task != task:
		case r.Works():
			lines = append(lines, fmt.Sprintf("%s: %s", r.what(), Rate(r.PixelRate)))
		default:
			if !slices.Contains(reasons, r.Why) {
				reasons = append(reasons, r.Why)
			}
			not[r.Why] = append(not[r.Why], r.what())
		}
	}
	if len(lines) == 0 && len(reasons) == 1 {
		return []string{"no: " + reasons[0]}
	}
	for _, why := range reasons {
		lines = append(lines, fmt.Sprintf("not %s: %s", strings.Join(not[why], ", "), why))
	}
	return lines
}

// what is subject without the task.
func (r Result) what() string {
	_, rest, _ := strings.Cut(r.subject(), " ")
	return rest
}

func (p Proof) sessions() string {
	s := p.Sessions()
	switch {
	case s.Why == notTried:
		return ""
	case !s.Works():
		return s.Why
	case s.Capped == "":
		return fmt.Sprintf("at least %d at once (counting stopped there)", s.Sessions)
	}
	return fmt.Sprintf("%d at once, then: %s", s.Sessions, s.Capped)
}

// Rate is pixels a second in a unit that says something: streams of 1080p60.
func Rate(pixels float64) string {
	const stream = 1920 * 1080 * 60
	return fmt.Sprintf("%.0f Mpixel/s, %.1f × 1080p60", pixels/1e6, pixels/stream)
}

// Line is a proof for the log: name and figures, or why not.
func (p Proof) Line() []any {
	line := []any{"name", p.Device.Name}
	add := func(key, value string) {
		if value != "" {
			line = append(line, key, value)
		}
	}
	add("id", p.Device.ID)
	add("driver", p.Device.Driver)
	if p.Device.Cores > 0 {
		line = append(line, "cores", p.Device.Cores)
	}
	add("problem", p.Device.Problem)
	if p.At.IsZero() {
		return line
	}
	for _, t := range []struct {
		key  string
		best Result
	}{
		{"encode", p.Best(pipeline.Encode, pipeline.H264)}, {"decode", p.Best(pipeline.Decode, pipeline.H264)}, {"scale", p.Best(pipeline.Scale, "")},
	} {
		if t.best.Works() {
			add(t.key, Rate(t.best.PixelRate))
		} else {
			add(t.key, t.best.Why)
		}
	}
	add("sessions", p.sessions())
	return line
}
