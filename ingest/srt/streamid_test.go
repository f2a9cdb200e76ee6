package srt

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

var ids = []struct {
	name, id, key, query string
	refused              error
}{
	{"key", "sk_live_1", "sk_live_1", "", nil},
	{"key with parameters", "sk_live_1?priority=3&keyframeInterval=2", "sk_live_1", "keyframeInterval=2&priority=3", nil},
	{"the guide's list", "#!::u=sk_live_1,priority=3", "sk_live_1", "priority=3", nil},
	{"another order", "#!::priority=3,u=sk_live_1", "sk_live_1", "priority=3", nil},
	{"all of the guidelines' keys", "#!::h=live.example,u=sk_live_1,r=ignored,s=1234,t=stream,m=publish,keyframeInterval=4", "sk_live_1", "keyframeInterval=4", nil},
	{"resource in place of user", "#!::r=sk_live_1,m=publish", "sk_live_1", "", nil},
	{"value with an equals sign", "#!::u=sk=live=1", "sk=live=1", "", nil},
	{"empty fields", "#!::,u=sk_live_1,,", "sk_live_1", "", nil},
	{"query that cannot be read", "sk_live_1?%zz&priority=3", "sk_live_1", "priority=3", nil},
	{"nothing", "", "", "", errStreamID},
	{"parameters only", "?priority=3", "", "", errStreamID},
	{"list without a key", "#!::m=publish", "", "", errStreamID},
	{"nested list", "#!:{u=sk_live_1}", "", "", errStreamID},
	{"no list", "#!:", "", "", errStreamID},
	{"field without a value", "#!::sk_live_1", "", "", errStreamID},
	{"field without a name", "#!::=sk_live_1", "", "", errStreamID},
	{"viewer", "#!::u=sk_live_1,m=request", "", "", errMode},
	{"both ways", "#!::u=sk_live_1,m=bidirectional", "", "", errMode},
	{"file", "#!::u=sk_live_1,t=file", "", "", errType},
}

func TestStreamKey(t *testing.T) {
	for _, c := range ids {
		t.Run(c.name, func(t *testing.T) {
			key, query, err := streamKey(c.id)
			if key != c.key || query.Encode() != c.query || !errors.Is(err, c.refused) {
				t.Errorf("got %q, %q and %v", key, query.Encode(), err)
			}
			if err != nil && strings.Contains(err.Error(), "sk_live") {
				t.Errorf("the key is in the error: %v", err)
			}
		})
	}
}

func FuzzStreamKey(f *testing.F) {
	for _, c := range ids {
		f.Add(c.id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		key, query, err := streamKey(id)
		if (err == nil) != (key != "") {
			t.Fatalf("key %q with %v", key, err)
		}
		if err == nil && !strings.Contains(id, key) {
			t.Fatalf("key %q of %q", key, id)
		}
		if _, err := url.ParseQuery(query.Encode()); err != nil {
			t.Fatal(err)
		}
	})
}
