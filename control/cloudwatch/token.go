package cloudwatch

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// A NextToken says behind what the next page begins, so that what comes and goes meanwhile neither
// shifts the pages nor is told twice.

// metricsToken is behind a line of ListMetrics.
func metricsToken(line string) string {
	return base64.RawURLEncoding.EncodeToString([]byte("m" + line))
}

// metricsBehind is the line behind which a page begins; "" is the first page.
func metricsBehind(in tree) (string, error) {
	given, err := text(in, "NextToken")
	if err != nil || given == "" {
		return "", err
	}
	line, ours := strings.CutPrefix(opened(given), "m")
	if !ours {
		return "", badToken()
	}
	return line, nil
}

// place is a place in the data of GetMetricData.
type place struct {
	query  int       // by its number
	behind time.Time // a point of it; zero where none was told
}

func dataToken(p place) string {
	return base64.RawURLEncoding.EncodeToString([]byte("d" + strconv.Itoa(p.query) + " " + strconv.FormatInt(p.behind.Unix(), 10)))
}

// dataPlace is where a page begins.
func dataPlace(in tree, queries int) (p place, err error) {
	given, err := text(in, "NextToken")
	if err != nil || given == "" {
		return p, err
	}
	numbers, ours := strings.CutPrefix(opened(given), "d")
	query, at, two := strings.Cut(numbers, " ")
	n, wrong := strconv.Atoi(query)
	seconds, wrongTime := strconv.ParseInt(at, 10, 64)
	if !ours || !two || wrong != nil || wrongTime != nil || n < 0 || n >= queries {
		return p, badToken()
	}
	p.query = n
	if behind := time.Unix(seconds, 0); !behind.Equal(time.Time{}) {
		p.behind = behind
	}
	return p, nil
}

// opened is what a token says; "" where it says nothing.
func opened(given string) string {
	said, err := base64.RawURLEncoding.DecodeString(given)
	if err != nil {
		return ""
	}
	return string(said)
}

func badToken() error {
	return faultOf(errNextToken, "The token was not given by this operation, or is of another request.")
}
