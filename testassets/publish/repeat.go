package publish

// Repeat is a clip over and over: each length milliseconds of it once for each time,
// the times going on. The tags' bodies are shared, so that many publishers may send
// them for long.
func Repeat(tags []Tag, length int64, times int) []Tag {
	all := make([]Tag, 0, len(tags)*times)
	for n := range times {
		shift := int64(n) * length
		for _, t := range tags {
			// Decoder configurations are sent once; what an encoder has put behind
			// the clip's end would overlap the next beginning.
			if n > 0 && (t.Type == TagScript || t.Config()) || t.Time >= length {
				continue
			}
			t.Time, t.Due = t.Time+shift, t.Due+shift
			all = append(all, t)
		}
	}
	return all
}
