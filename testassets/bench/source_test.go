package main

import (
	"bytes"
	"testing"

	"ladderd/media"
	"ladderd/testassets/publish"
)

func TestPicturesAreShownAfterTheirComposition(t *testing.T) {
	for want, body := range map[int64][]byte{
		1033: {0x27, 1, 0, 0, 33, 9},
		990:  {0x27, 1, 0xff, 0xff, 0xf6, 9}, // negative, 24 bits
	} {
		if got := shownAt(publish.Tag{Time: 1000, Body: body}); got != want {
			t.Errorf("%v: %d, not %d", body, got, want)
		}
	}
}

func TestParameterSetsAreReadAsTheyAreWritten(t *testing.T) {
	v := &media.VideoParams{
		SPS: []byte{0x67, 0x64, 0x00, 0x0c, 0xac, 0x3b, 0x50, 0xb0, 0x4b, 0x42, 0x00, 0x00, 0x03, 0x00, 0x02, 0x00, 0x00, 0x03, 0x00, 0x3d, 0x08},
		PPS: []byte{0x68, 0xee, 0x3c, 0x80},
	}
	record := v.AVCConfig()
	got, err := parameterSets(record)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.SPS, v.SPS) || !bytes.Equal(got.PPS, v.PPS) {
		t.Errorf("%x, %x", got.SPS, got.PPS)
	}
	for cut := range record {
		if _, err := parameterSets(record[:cut]); err == nil {
			t.Errorf("a record of %d bytes is taken", cut)
		}
	}
}

func TestStandardLadderHasTheGuidesRungs(t *testing.T) {
	rungs, job, err := standardLadder(&clip{video: &media.VideoParams{Width: 1920, Height: 1080}})
	if err != nil {
		t.Fatal(err)
	}
	want := []rung{
		{"720p60", 1280, 720, 60, 3_400_000, 0}, {"480p30", 852, 480, 30, 1_400_000, 0},
		{"360p30", 640, 360, 30, 630_000, 64_000}, {"160p30", 284, 160, 30, 230_000, 48_000},
	}
	if len(rungs) != len(want) || len(job.Videos) != len(want) || len(job.Audios) != 2 {
		t.Fatalf("%+v, %+v", rungs, job)
	}
	for i := range want {
		if rungs[i] != want[i] {
			t.Errorf("%+v, not %+v", rungs[i], want[i])
		}
	}
}
