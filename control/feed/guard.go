package feed

import (
	"net"
	"net/http"
	"slices"
	"strings"
)

// guard keeps out pages of others that a browser has open on a machine which can reach us: it
// asks for whoever wrote the page. Such a page
//
//   - may ask us by our address: browsers say then that the request is another site's, and need to
//     be told that they may (CORS) before they send JSON or show the answer, which they never are;
//   - may have a name of its own lead to our address (DNS rebinding), which makes it the same site
//     for the browser. Then the request has that name in Host. So we are asked by address, as
//     "localhost", or by this machine's name.
func (f *Feed) guard(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !f.ours(r.Host) {
			refuse(w, http.StatusMisdirectedRequest, "this name is not the machine's: ask by its address or as localhost")
			return
		}
		if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" || f.foreign.Check(r) != nil {
			refuse(w, http.StatusForbidden, "pages of other sites have no access")
			return
		}
		if !f.enter() {
			refuse(w, http.StatusServiceUnavailable, "the server ends")
			return
		}
		defer f.serving.Done()
		next(w, r)
	})
}

// ours says whether the name is one that nobody else can have lead here.
func (f *Feed) ours(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if net.ParseIP(strings.Trim(host, "[]")) != nil || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	return slices.ContainsFunc(f.options.Names, func(name string) bool { return strings.EqualFold(name, host) })
}
