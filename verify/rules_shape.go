package verify

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// shapeRules are about the form of media, below what demux reads of them.
var shapeRules = []Rule{
	{
		ID: "init-shape", Section: "3.1.2", Severity: Must, resource: initShape,
		Text: "An initialisation section is a File Type Box and a Movie Box with a Movie Extends Box, and has no samples.",
	},
	{
		ID: "init-brand", Section: "3.1.2", Severity: Must, resource: initBrand,
		Text: "The File Type Box has a brand that is compatible with iso6 or higher.",
	},
	{
		ID: "fragment-shape", Section: "3.1.2", Severity: Must, resource: fragmentShape,
		Text: "Each Track Fragment Box tells its decoding time, and addresses are relative to the fragment.",
	},
	{
		ID: "packed-timestamp", Section: "3.1.3", Severity: Must, resource: packedTimestamp,
		Text: "Packed audio begins with an ID3 tag that tells its timestamp.",
	},
}

// box is one of ISO/IEC 14496-12; body is behind its header.
type box struct {
	kind string
	body []byte
}

// boxes are those in b, as far as they can be read.
func boxes(b []byte) (all []box) {
	for len(b) >= 8 {
		size, head := uint64(binary.BigEndian.Uint32(b)), uint64(8)
		switch {
		case size == 0:
			size = uint64(len(b))
		case size == 1 && len(b) >= 16:
			size, head = binary.BigEndian.Uint64(b[8:]), 16
		}
		if size < head || size > uint64(len(b)) {
			return all
		}
		all = append(all, box{string(b[4:8]), b[head:size]})
		b = b[size:]
	}
	return all
}

// inside are the boxes of a kind that lie in others, by their path.
func inside(b []byte, path ...string) (found [][]byte) {
	for _, one := range boxes(b) {
		switch {
		case one.kind != path[0]:
		case len(path) == 1:
			found = append(found, one.body)
		default:
			found = append(found, inside(one.body, path[1:]...)...)
		}
	}
	return found
}

func (r *resource) init() bool { return r.sent() && !r.segments && r.kind == fragmented }

// anywhere are boxes that may stand between all others (ISO/IEC 14496-12, 8.1.2 and 11.1).
var anywhere = []string{"free", "skip", "uuid"}

func initShape(f *finder, r *resource) {
	if !r.init() {
		return
	}
	f = f.at(r.reply.url)
	var kinds []string
	for _, one := range boxes(r.reply.body) {
		if !slices.Contains(anywhere, one.kind) {
			kinds = append(kinds, one.kind)
		}
	}
	if len(kinds) < 2 || kinds[0] != "ftyp" || kinds[1] != "moov" {
		f.found(0, "its boxes are %v", kinds)
		return
	}
	if slices.Contains(kinds, "moof") || slices.Contains(kinds, "mdat") {
		f.found(0, "there are samples: its boxes are %v", kinds)
	}
	if len(inside(r.reply.body, "moov", "mvex")) == 0 {
		f.found(0, "there is no mvex")
	}
	for _, sizes := range inside(r.reply.body, "moov", "trak", "mdia", "minf", "stbl", "stsz") {
		if len(sizes) >= 12 && binary.BigEndian.Uint32(sizes[8:]) != 0 {
			f.found(0, "the sample table has %d samples", binary.BigEndian.Uint32(sizes[8:]))
		}
	}
}

// tooOld are the brands below iso6. Those that nobody here knows may be above it.
var tooOld = []string{"isom", "iso2", "iso3", "iso4", "iso5", "mp41", "mp42", "avc1"}

func initBrand(f *finder, r *resource) {
	types := inside(r.reply.body, "ftyp")
	if !r.init() || len(types) == 0 || len(types[0]) < 8 {
		return
	}
	var brands []string
	for b := types[0]; len(b) >= 4; b = b[4:] {
		brands = append(brands, string(b[:4]))
	}
	brands = slices.Delete(brands, 1, 2) // the version
	if !slices.ContainsFunc(brands, func(b string) bool { return !slices.Contains(tooOld, b) }) {
		f.at(r.reply.url).found(0, "its brands are %v", brands)
	}
}

func fragmentShape(f *finder, r *resource) {
	if !r.sent() || !r.segments || r.kind != fragmented {
		return
	}
	f = f.at(r.reply.url)
	const baseDataOffset = 1 // flag of tfhd (ISO/IEC 14496-12, 8.8.7)
	for _, track := range inside(r.reply.body, "moof", "traf") {
		if len(inside(track, "tfdt")) == 0 {
			f.found(0, "a track fragment has no tfdt")
			return
		}
		for _, head := range inside(track, "tfhd") {
			if len(head) >= 4 && head[3]&baseDataOffset != 0 {
				f.found(0, "a track fragment's addresses are relative to the file")
				return
			}
		}
	}
}

// timestampOwner is whose the frame with the timestamp is.
var timestampOwner = []byte("com.apple.streaming.transportStreamTimestamp")

func packedTimestamp(f *finder, r *resource) {
	if !r.sent() || !r.segments || r.kind != packed {
		return
	}
	const tagAtMost = 64 << 10 // pictures may come with it
	begin := r.reply.body[:min(len(r.reply.body), tagAtMost)]
	if !bytes.HasPrefix(begin, []byte("ID3")) || !bytes.Contains(begin, timestampOwner) {
		f.at(r.reply.url).found(0, "there is no ID3 tag with the timestamp")
	}
}
