package publish

import "testing"

func TestClipHasItsKeyFrames(t *testing.T) {
	c := Clip{Name: "tiny", Width: 160, Height: 96, Rate: "25", Seconds: 3, Bitrate: 200_000, Keyframes: []float64{0, 0.6, 2.4}}
	file, err := c.Make(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tags, err := ReadFLV(file)
	if err != nil {
		t.Fatal(err)
	}
	var keys []int64
	for _, tag := range tags {
		if tag.Key() {
			keys = append(keys, tag.Time)
		}
	}
	if len(keys) != 3 || keys[1]-keys[0] != 600 || keys[2]-keys[0] != 2400 {
		t.Errorf("key frames at %v ms", keys)
	}
}
