package config

import (
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"ladderd/ladder"
)

// Address is where a listener listens, "host:port" or ":port"; empty where it is
// off.
type Address string

// On says whether there is a listener at all.
func (a Address) On() bool { return a != "" }

// overlaps says whether two listeners cannot run beside each other.
func (a Address) overlaps(b Address) bool {
	hostA, portA, errA := net.SplitHostPort(string(a))
	hostB, portB, errB := net.SplitHostPort(string(b))
	if errA != nil || errB != nil || portA != portB || portA == "0" {
		return false
	}
	anywhere := func(host string) bool {
		ip := net.ParseIP(host)
		return host == "" || ip != nil && ip.IsUnspecified()
	}
	return hostA == hostB || anywhere(hostA) || anywhere(hostB)
}

// Secret is text that must not come into logs: however it is printed, it is
// "[secret]".
type Secret string

// Reveal is the text itself.
func (s Secret) Reveal() string { return string(s) }

const redacted = "[secret]"

func (Secret) String() string               { return redacted }
func (Secret) GoString() string             { return redacted }
func (Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)

func parseAddress(s string) (Address, error) {
	const allowed = `allowed: "host:port" such as "127.0.0.1:1935", or ":1935" for all of the machine's addresses; port 0 to 65535, 0 for any free one`
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", fmt.Errorf("not an address to listen on; %s", allowed)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("%q is not a port; %s", port, allowed)
	}
	if host != "" && net.ParseIP(host) == nil && !hostName.MatchString(host) {
		return "", fmt.Errorf("%q is not a host; %s", host, allowed)
	}
	return Address(s), nil
}

// matching reads text of a fixed form.
func matching(form *regexp.Regexp, allowed string) func(string) (string, error) {
	return func(s string) (string, error) {
		if !form.MatchString(s) {
			return "", fmt.Errorf("not allowed here; allowed: %s", allowed)
		}
		return s, nil
	}
}

var (
	parseRegion  = matching(regexp.MustCompile(`^[a-z0-9-]{1,32}$`), "1 to 32 lower-case letters, digits and hyphens")
	parseAccount = matching(regexp.MustCompile(`^[0-9]{12}$`), "12 digits")
	parseID      = matching(regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`), "1 to 64 letters, digits, hyphens and underscores")
)

func parseDir(s string) (string, error) {
	if !filepath.IsAbs(s) || strings.ContainsRune(s, 0) {
		return "", fmt.Errorf("not an absolute path; allowed: the path of a directory, from /")
	}
	return filepath.Clean(s), nil
}

func parseFile(s string) (string, error) {
	if !filepath.IsAbs(s) || strings.ContainsRune(s, 0) || strings.HasSuffix(s, "/") {
		return "", fmt.Errorf("not an absolute path; allowed: the path of a PEM file, from /")
	}
	return filepath.Clean(s), nil
}

func parseNode(s string) (string, error) {
	if !filepath.IsAbs(s) || strings.ContainsRune(s, 0) || strings.HasSuffix(s, "/") {
		return "", fmt.Errorf(`not an absolute path; allowed: the paths of render nodes, such as "/dev/dri/renderD128"`)
	}
	return filepath.Clean(s), nil
}

// maxConnections is more than a process may have files open on most machines.
const maxConnections = 1_000_000

// maxFailedKeys a minute, and more, would be no limit any more.
const maxFailedKeys = 10_000

// duration reads spans of time from least to most.
func duration(least, most time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil || d < least || d > most {
			return 0, fmt.Errorf("not a duration in range; allowed: %q to %q", span(least), span(most))
		}
		return d, nil
	}
}

// span writes whole hours and minutes without what is zero.
func span(d time.Duration) string {
	text := d.String()
	if short, whole := strings.CutSuffix(text, "m0s"); whole {
		text = short + "m"
	}
	if short, whole := strings.CutSuffix(text, "h0m"); whole {
		text = short + "h"
	}
	return text
}

const megabyte = 1 << 20

// size reads amounts of memory from least to most bytes, in whole megabytes or
// gigabytes.
func size(least, most int64) func(string) (int64, error) {
	return func(s string) (int64, error) {
		unit := int64(megabyte)
		digits, ok := strings.CutSuffix(s, "MB")
		if !ok {
			unit = 1024 * megabyte
			digits, ok = strings.CutSuffix(s, "GB")
		}
		n, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || int64(n)*unit < least || int64(n)*unit > most {
			return 0, fmt.Errorf("not a size in range; allowed: \"%dMB\" to \"%dMB\", in MB or GB", least/megabyte, most/megabyte)
		}
		return int64(n) * unit, nil
	}
}

// bandwidth reads amounts a second in a unit, "b/s" or "B/s", by the thousand thousands
// that networks and disks are sold in: 1 M to 1000 G of it, and 0 for none that is known.
func bandwidth(unit string) func(string) (int64, error) {
	const mega, giga, most = int64(1_000_000), int64(1_000_000_000), 1000
	return func(s string) (int64, error) {
		if s == "" || s == "0" {
			return 0, nil
		}
		scale := mega
		digits, ok := strings.CutSuffix(s, "M"+unit)
		if !ok {
			scale = giga
			digits, ok = strings.CutSuffix(s, "G"+unit)
		}
		n, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || n == 0 || int64(n) > most*giga/scale {
			return 0, fmt.Errorf(`not a bandwidth in range; allowed: "1M%[1]s" to "%[2]dG%[1]s", whole numbers of M%[1]s or G%[1]s, and "" for no limit`, unit, most)
		}
		return int64(n) * scale, nil
	}
}

// oneOf reads one of a few words.
func oneOf[T ~string](what string, words []T) func(string) (T, error) {
	return func(s string) (T, error) {
		if slices.Contains(words, T(s)) {
			return T(s), nil
		}
		return "", fmt.Errorf("not %s; allowed: %s", what, quoted(words))
	}
}

func quoted[T ~string](words []T) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = strconv.Quote(string(w))
	}
	return strings.Join(texts, ", ")
}

var (
	parseType      = oneOf("a channel type", ladder.Types)
	parsePreset    = oneOf("a transcode preset", append([]ladder.Preset{""}, ladder.Presets...))
	parseContainer = oneOf("a container format", []string{"FRAGMENTED_MP4", "TS"})
	parseLatency   = oneOf("a latency mode", []string{"LOW", "NORMAL"})
	parseBackend   = oneOf("a backend", []string{"auto", "nvenc", "vaapi", "x264"})
	parsePolicy    = oneOf("a policy", []string{"gpu", "gpu-then-cpu", "cpu"})
	parseWhenFull  = oneOf("what becomes of streams that do not fit", []string{"refuse", "shed"})
	parsePlacement = oneOf("a placement", []string{"best-fit", "spread"})
	// What is done with interlaced sources, as pipeline.Interlaced names it.
	parseInterlaced = oneOf("a way to treat interlaced sources", []string{"deinterlace", "refuse"})
	parseFormat     = oneOf("a log format", []string{"text", "json"})
)

func parseLevel(s string) (slog.Level, error) {
	var level slog.Level
	word, err := oneOf("a log level", []string{"debug", "info", "warn", "error"})(s)
	if err != nil {
		return 0, err
	}
	return level, level.UnmarshalText([]byte(word))
}

// maxName is the longest channel name of the IVS API, in characters.
const maxName = 128

func parseName(s string) (string, error) {
	if utf8.RuneCountInString(s) > maxName || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", fmt.Errorf("not a name; allowed: up to %d printable characters", maxName)
	}
	return s, nil
}

// parseStreamKey refuses what could not stand in the path of an RTMP URL. Its
// errors do not cite the key.
func parseStreamKey(s string) (Secret, error) {
	unfit := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("?/&", r) }
	if len(s) < 8 || len(s) > 256 || strings.ContainsFunc(s, unfit) {
		return "", fmt.Errorf("not a stream key; allowed: 8 to 256 printable ASCII characters, no space and none of ? / &")
	}
	return Secret(s), nil
}

// parsePassphrase refuses what libsrt does not take (10 to 79 characters), and what
// could not stand in the query of an SRT URL. Its errors do not cite the passphrase.
func parsePassphrase(s string) (Secret, error) {
	unfit := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("&#%+", r) }
	if len(s) < 10 || len(s) > 79 || strings.ContainsFunc(s, unfit) {
		return "", fmt.Errorf("not a passphrase; allowed: 10 to 79 printable ASCII characters, no space and none of & # %% +")
	}
	return Secret(s), nil
}
