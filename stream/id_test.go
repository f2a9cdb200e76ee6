package stream

import (
	"regexp"
	"testing"
)

func TestIDIsAsTheAPIHasIt(t *testing.T) {
	form := regexp.MustCompile(`^st-[a-zA-Z0-9]{23}$`)
	seen := map[string]bool{}
	for range 1000 {
		id := newID()
		if !form.MatchString(id) || seen[id] {
			t.Fatalf("id %q", id)
		}
		seen[id] = true
	}
}
