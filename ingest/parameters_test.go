package ingest

import (
	"errors"
	"net/url"
	"testing"
	"time"
)

func TestParameters(t *testing.T) {
	for _, c := range []struct {
		query string
		want  Parameters
		wrong error
	}{
		{"", Parameters{}, nil},
		{"priority=1", Parameters{Priority: 1}, nil},
		{"priority=2147483647&keyframeInterval=2", Parameters{Priority: MaxPriority, KeyframeInterval: 2 * time.Second}, nil},
		{"keyframeInterval=6&other=x", Parameters{KeyframeInterval: 6 * time.Second}, nil},
		{"priority=0", Parameters{}, ErrPriority},
		{"priority=2147483648", Parameters{}, ErrPriority},
		{"priority=-1", Parameters{}, ErrPriority},
		{"priority=", Parameters{}, ErrPriority},
		{"priority=five&keyframeInterval=4", Parameters{KeyframeInterval: 4 * time.Second}, ErrPriority},
		{"keyframeInterval=1", Parameters{}, ErrInterval},
		{"keyframeInterval=7&priority=3", Parameters{Priority: 3}, ErrInterval},
		{"keyframeInterval=2.5", Parameters{}, ErrInterval},
	} {
		query, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ReadParameters(query); got != c.want || !errors.Is(err, c.wrong) || (err == nil) != (c.wrong == nil) {
			t.Errorf("%q: %+v, %v", c.query, got, err)
		}
	}
}
