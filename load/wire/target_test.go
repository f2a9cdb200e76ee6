package wire

import (
	"net/url"
	"testing"
)

func TestResolve(t *testing.T) {
	for _, base := range []string{"http://a.example/v/1/index.m3u8?token=x", "https://[::1]:8443/index.m3u8"} {
		at, err := Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		if at.String() != base {
			t.Errorf("%s is read as %s", base, at)
		}
		for _, ref := range []string{
			"1.m4s", "1.0.m4s", "parts/1.m4s", "/abs/1.m4s", "../up/1.m4s", "./1.m4s", "1.m4s?x=1", "http://other.example:81/1.m4s",
			"//other.example/1.m4s", "a/../1.m4s", "a%20b.m4s", "?q=1",
		} {
			u, err := url.Parse(base)
			if err != nil {
				t.Fatal(err)
			}
			want, err := u.Parse(ref)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := at.Resolve(ref); err != nil || got.String() != want.String() {
				t.Errorf("%s at %s is %s (%v), not %s", ref, base, got, err, want)
			}
		}
	}
}

func TestAddress(t *testing.T) {
	for o, want := range map[Origin]string{
		{"http", "a"}: "a:80", {"https", "a"}: "a:443", {"http", "a:8080"}: "a:8080", {"https", "[::1]"}: "[::1]:443",
	} {
		if got := o.address(); got != want {
			t.Errorf("%v: %s, not %s", o, got, want)
		}
	}
}
