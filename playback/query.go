package playback

import (
	"fmt"
	"net/url"
	"strconv"

	"ladderd/packager"
)

// directives reads a playlist request's delivery directives (rfc8216bis, 6.2.5).
// All other parameters are for somebody else and are passed over.
func directives(values url.Values) (packager.Query, error) {
	q := packager.Plain
	for _, d := range []struct {
		name string
		into *int64
	}{{"_HLS_msn", &q.MSN}, {"_HLS_part", &q.Part}} {
		if !values.Has(d.name) {
			continue
		}
		text := values.Get(d.name)
		// A sign is no part of a decimal-integer, though ParseInt takes it.
		n, err := strconv.ParseUint(text, 10, 63)
		if err != nil {
			return packager.Query{}, fmt.Errorf("%w: %s=%q is not a decimal integer from 0 to 2⁶³−1", errBadQuery, d.name, text)
		}
		*d.into = int64(n)
	}
	// Values of versions to come are passed over: the whole playlist is never wrong.
	skip := values.Get("_HLS_skip")
	q.Skip = skip == "YES" || skip == "v2"
	if q.Part >= 0 && q.MSN < 0 {
		return packager.Query{}, fmt.Errorf("%w: _HLS_part without _HLS_msn", errBadQuery)
	}
	return q, nil
}
