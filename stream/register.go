package stream

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
)

// register is the channels that there are: those of the configuration file, which are
// replaced together, and those that others put in and take out one by one. Where both have
// an id, or a stream key, it is the file's channel's; the other one's comes back when the file
// drops it. The hub's lock guards it.
//
// Keys are found by digests that are made with a secret of this process, so that nobody
// can choose a key by its digest: how long a look-up takes tells nothing of any key.
type register struct {
	secret [sha256.Size]byte
	file   layer
	put    layer
}

type digest [sha256.Size]byte

// layer is channels from one origin. Of two with the same key it is the later one's.
type layer struct {
	channels map[string]Channel
	keys     map[digest]string // ids; without the empty key, which is none
}

func newRegister(channels []Channel) *register {
	r := &register{}
	_, _ = rand.Read(r.secret[:]) // it never fails
	r.file, r.put = r.layerOf(channels), r.layerOf(nil)
	return r
}

// digest needs no lock.
func (r *register) digest(key string) (d digest) {
	m := hmac.New(sha256.New, r.secret[:])
	m.Write([]byte(key))
	m.Sum(d[:0])
	return d
}

// layerOf needs no lock.
func (r *register) layerOf(channels []Channel) layer {
	l := layer{channels: make(map[string]Channel, len(channels)), keys: make(map[digest]string, len(channels))}
	for _, c := range channels {
		l.add(c, r.digest(c.Key))
	}
	return l
}

func (l *layer) add(c Channel, d digest) {
	l.channels[c.ID] = c
	if c.Key != "" {
		l.keys[d] = c.ID
	}
}

// drop takes out the channel with an id. d is its key's digest.
func (l *layer) drop(id string, d digest) {
	delete(l.channels, id)
	if l.keys[d] == id {
		delete(l.keys, d)
	}
}

// insert puts c in, or in place of the one that was put in with its id.
func (r *register) insert(c Channel) {
	r.remove(c.ID)
	r.put.add(c, r.digest(c.Key))
}

// remove takes out what was put in with an id.
func (r *register) remove(id string) {
	if was, known := r.put.channels[id]; known {
		r.put.drop(id, r.digest(was.Key))
	}
}

// channel finds a channel by its id.
func (r *register) channel(id string) (Channel, bool) {
	if c, known := r.file.channels[id]; known {
		return c, true
	}
	c, known := r.put.channels[id]
	return c, known
}

// keyed finds a channel by its stream key and the digest of that.
func (r *register) keyed(key string, d digest) (Channel, bool) {
	if id, known := r.file.keys[d]; known {
		return r.file.channels[id].with(key)
	}
	id := r.put.keys[d]
	if _, hidden := r.file.channels[id]; hidden {
		return Channel{}, false
	}
	return r.put.channels[id].with(key)
}

// with is the channel where that is its key.
func (c Channel) with(key string) (Channel, bool) {
	if c.Key == "" || subtle.ConstantTimeCompare([]byte(c.Key), []byte(key)) != 1 {
		return Channel{}, false
	}
	return c, true
}
