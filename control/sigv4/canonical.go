package sigv4

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// canonical is what a request's signature is made of: "Create a canonical request" in the IAM
// User Guide. body is the body's SHA-256, length its length. There is more than one text where
// clients differ on the order of the query.
func canonical(r *http.Request, a *authorization, body string, length int) ([]string, *Refusal) {
	queries, refusal := canonicalQueries(r.URL.RawQuery)
	if refusal != nil {
		return nil, refusal
	}
	var headers strings.Builder
	for _, name := range a.signed {
		value, refusal := headerOf(r, name, length)
		if refusal != nil {
			return nil, refusal
		}
		headers.WriteString(name + ":" + value + "\n")
	}
	var texts []string
	for _, query := range queries {
		texts = append(texts, strings.Join([]string{
			r.Method, escape(pathOf(r), true), query, headers.String(), strings.Join(a.signed, ";"), body,
		}, "\n"))
	}
	return texts, nil
}

// pathOf is the path as it was sent. All services but S3 escape it once more for the
// signature, so that %2F in it becomes %252F.
func pathOf(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if !strings.HasPrefix(path, "/") {
		path = r.URL.EscapedPath()
	}
	if path == "" {
		return "/"
	}
	return path
}

// headerOf is a signed header's value, and several with commas between. Go's server has taken
// the host out of the headers; the length is that of the body that was received.
func headerOf(r *http.Request, name string, length int) (string, *Refusal) {
	switch name {
	case "host":
		return r.Host, nil
	case "content-length":
		return strconv.Itoa(length), nil
	}
	values := r.Header.Values(name)
	if len(values) == 0 {
		return "", refuse(codeIncomplete, "the header %s is signed, and not in the request", name)
	}
	clean := make([]string, len(values))
	for i, value := range values {
		clean[i] = strings.Join(strings.Fields(value), " ")
	}
	return strings.Join(clean, ","), nil
}

// canonicalQueries sort by name and then value, and escape both. The documentation wants them
// escaped first, as botocore and the JavaScript SDK do; the SDK for Go sorts first, which is
// another order where a name has more than ASCII letters. They read the query as the handler
// does, a + for a space too, so that nothing gets another meaning behind them.
func canonicalQueries(raw string) ([]string, *Refusal) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, refuse(codeInvalid, "the query cannot be read")
	}
	var plain, escaped [][2]string
	for name, list := range values {
		for _, value := range list {
			plain = append(plain, [2]string{name, value})
			escaped = append(escaped, [2]string{escape(name, false), escape(value, false)})
		}
	}
	sortPairs(plain)
	sortPairs(escaped)
	for i, p := range plain {
		plain[i] = [2]string{escape(p[0], false), escape(p[1], false)}
	}
	queries := []string{joinPairs(escaped)}
	if other := joinPairs(plain); other != queries[0] {
		queries = append(queries, other)
	}
	return queries, nil
}

func sortPairs(pairs [][2]string) {
	slices.SortFunc(pairs, func(a, b [2]string) int {
		return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1]))
	})
}

func joinPairs(pairs [][2]string) string {
	parts := make([]string, len(pairs))
	for i, p := range pairs {
		parts[i] = p[0] + "=" + p[1]
	}
	return strings.Join(parts, "&")
}

// escape writes all bytes but RFC 3986's unreserved ones as %XX; slashes stay in a path.
func escape(s string, path bool) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9',
			c == '-', c == '_', c == '.', c == '~', c == '/' && path:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

// signature is that of a canonical request which was made at date, as X-Amz-Date has it.
func signature(secret string, a *authorization, date, canonical string) []byte {
	digest := sha256.Sum256([]byte(canonical))
	text := algorithm + "\n" + date + "\n" + a.scope() + "\n" + hex.EncodeToString(digest[:])
	key := []byte("AWS4" + secret)
	for _, part := range []string{a.date, a.region, a.service, terminator, text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return key
}
