package stream

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestRegisterFindsByIDAndKey(t *testing.T) {
	a, b := Channel{ID: "a", Key: "key-a"}, Channel{ID: "b", Key: "key-b"}
	with := func(c Channel, key string) Channel { c.Key = key; return c }
	for _, test := range []struct {
		name      string
		file, put []Channel
		remove    []string
		keys      map[string]string // which channel each key is; empty for none
		ids       string            // that are known
	}{
		{"nothing", nil, nil, nil, map[string]string{"": "", "key-a": ""}, ""},
		{"the file's", []Channel{a, b}, nil, nil, map[string]string{"key-a": "a", "key-b": "b", "key-": "", "key-a ": "", "": ""}, "ab"},
		{"one put in", []Channel{a}, []Channel{b}, nil, map[string]string{"key-a": "a", "key-b": "b"}, "ab"},
		{"taken out", []Channel{a}, []Channel{b}, []string{"b", "b", "x"}, map[string]string{"key-a": "a", "key-b": ""}, "a"},
		{"the file's is not taken out", []Channel{a}, nil, []string{"a"}, map[string]string{"key-a": "a"}, "a"},
		{"another key", nil, []Channel{b, with(b, "key-c")}, nil, map[string]string{"key-b": "", "key-c": "b"}, "b"},
		{"no key any more", nil, []Channel{b, with(b, "")}, nil, map[string]string{"key-b": "", "": ""}, "b"},
		{"a key and back", nil, []Channel{b, with(b, ""), b}, nil, map[string]string{"key-b": "b"}, "b"},
		{"the file's id wins", []Channel{a}, []Channel{with(a, "key-c")}, nil, map[string]string{"key-a": "a", "key-c": ""}, "a"},
		{"the file's key wins", []Channel{a}, []Channel{with(b, "key-a")}, nil, map[string]string{"key-a": "a"}, "ab"},
		{"a key changes hands", nil, []Channel{a, with(b, "key-a"), with(a, "key-c")}, nil, map[string]string{"key-a": "b", "key-c": "a"}, "ab"},
		{"the later one's key", nil, []Channel{a, with(b, "key-a")}, []string{"a"}, map[string]string{"key-a": "b"}, "b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRegister(test.file)
			for _, c := range test.put {
				r.insert(c)
			}
			for _, id := range test.remove {
				r.remove(id)
			}
			for key, want := range test.keys {
				if c, known := r.keyed(key, r.digest(key)); c.ID != want || known != (want != "") {
					t.Errorf("key %q is channel %q's, want %q", key, c.ID, want)
				}
			}
			for _, id := range []string{"a", "b", ""} {
				want := id != "" && slices.Contains([]rune(test.ids), rune(id[0]))
				if c, known := r.channel(id); known != want || known && c.ID != id {
					t.Errorf("channel %q is known: %t, want %t", id, known, want)
				}
			}
		})
	}
}

func TestPutChannelComesBackWhenTheFileDropsIts(t *testing.T) {
	own, files := Channel{ID: "a", Key: "own", Private: true}, Channel{ID: "a", Key: "file"}
	r := newRegister([]Channel{files, {ID: "b", Key: "shared"}})
	r.insert(own)
	r.insert(Channel{ID: "c", Key: "shared"})
	if c, _ := r.channel("a"); c != files {
		t.Errorf("with the file's: %+v", c)
	}
	r.file = r.layerOf(nil)
	if c, _ := r.channel("a"); c != own {
		t.Errorf("without it: %+v", c)
	}
	for key, want := range map[string]string{"own": "a", "shared": "c", "file": ""} {
		if c, _ := r.keyed(key, r.digest(key)); c.ID != want {
			t.Errorf("key %q is channel %q's, want %q", key, c.ID, want)
		}
	}
}

// model does what a register does, slowly: it searches lists in which the later one
// wins.
type model struct{ file, put []Channel }

func (m model) channel(id string) (Channel, bool) {
	for _, list := range [][]Channel{m.file, m.put} {
		for _, c := range slices.Backward(list) {
			if c.ID == id {
				return c, true
			}
		}
	}
	return Channel{}, false
}

func (m model) keyed(key string) (Channel, bool) {
	for _, list := range [][]Channel{m.file, m.put} {
		for _, c := range slices.Backward(list) {
			if holds, _ := m.channel(c.ID); key != "" && c.Key == key && holds == c {
				return c, true
			}
		}
	}
	return Channel{}, false
}

func (m *model) remove(id string) {
	m.put = slices.DeleteFunc(m.put, func(c Channel) bool { return c.ID == id })
}

func (m *model) insert(c Channel) {
	m.remove(c.ID)
	m.put = append(m.put, c)
}

// keys is how many different ones have been put in.
func (m *model) keys() int {
	all := map[string]bool{}
	for _, c := range m.put {
		all[c.Key] = c.Key != ""
	}
	delete(all, "")
	return len(all)
}

func TestRegisterIsLikeItsModel(t *testing.T) {
	key := rapid.SampledFrom([]string{"", "k1", "k2", "k3", "k4", "k5"})
	id := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
	rapid.Check(t, func(t *rapid.T) {
		r, m := newRegister(nil), model{}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				c := Channel{ID: id.Draw(t, "id"), Key: key.Draw(t, "key"), Private: rapid.Bool().Draw(t, "private")}
				if slices.ContainsFunc(m.put, func(o Channel) bool { return c.Key != "" && o.ID != c.ID && o.Key == c.Key }) {
					t.Skip("no store has a key twice")
				}
				r.insert(c)
				m.insert(c)
			},
			"remove": func(t *rapid.T) {
				gone := id.Draw(t, "id")
				r.remove(gone)
				m.remove(gone)
			},
			"reload": func(t *rapid.T) {
				keys := rapid.SliceOfNDistinct(key, 0, 3, rapid.ID).Draw(t, "keys")
				ids := rapid.SliceOfNDistinct(id, len(keys), len(keys), rapid.ID).Draw(t, "ids")
				m.file = nil
				for i := range keys {
					m.file = append(m.file, Channel{ID: ids[i], Key: keys[i], Insecure: true})
				}
				r.file = r.layerOf(m.file)
			},
			"": func(t *rapid.T) {
				for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
					got, known := r.channel(name)
					if want, wanted := m.channel(name); got != want || known != wanted {
						t.Fatalf("channel %s is %+v, want %+v", name, got, want)
					}
				}
				for _, text := range []string{"", "k1", "k2", "k3", "k4", "k5", "k6"} {
					got, known := r.keyed(text, r.digest(text))
					if want, wanted := m.keyed(text); got != want || known != wanted {
						t.Fatalf("key %s is %+v's, want %+v's", text, got, want)
					}
				}
				if len(r.put.keys) != m.keys() {
					t.Fatalf("%d keys are kept of %d", len(r.put.keys), m.keys())
				}
			},
		})
	})
}

func TestRegisterOfManyChannels(t *testing.T) {
	r := newRegister(nil)
	for n := range 5000 {
		r.insert(Channel{ID: fmt.Sprint("c", n), Key: fmt.Sprint("key", n)})
	}
	for n := range 5000 {
		key := fmt.Sprint("key", n)
		if c, known := r.keyed(key, r.digest(key)); !known || c.ID != fmt.Sprint("c", n) {
			t.Fatalf("key %d is channel %s's", n, c.ID)
		}
	}
}
