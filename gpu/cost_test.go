package gpu

import (
	"strings"
	"testing"

	"ladderd/media"
	"ladderd/pipeline"
	"ladderd/schedule"
)

// ladderJob is 1080p60 into 720p60, 480p30, 360p30 and 160p30.
func ladderJob() pipeline.Job {
	fast, slow := media.Rate{Num: 60, Den: 1}, media.Rate{Num: 30, Den: 1}
	return pipeline.Job{
		Video: media.VideoParams{Width: 1920, Height: 1080}, Rate: fast,
		Videos: []pipeline.VideoOutput{
			{Width: 1280, Height: 720, Rate: fast}, {Width: 852, Height: 480, Rate: slow},
			{Width: 640, Height: 360, Rate: slow}, {Width: 284, Height: 160, Rate: slow},
		},
	}
}

const (
	sourceWork = 1920 * 1080 * 60
	encodeWork = 1280*720*60 + 852*480*30 + 640*360*30 + 284*160*30
	// Each rendition is made of the next larger one, at its own rate.
	scaleWork = 1920*1080*60 + 1280*720*30 + 852*480*30 + 640*360*30
)

func TestWhatALadderTakes(t *testing.T) {
	cpu4 := proven(cpu, 4e8, nil)
	whole := proven(t4, 1e9, nil)
	sparing := proven(t4, 1e9, func(r *Result) { r.Spare = r.Task == pipeline.Encode && r.Height == landscape.height })
	tall := proven(t4, 1e9, func(r *Result) { r.Spare = r.Task == pipeline.Encode && r.Height == upright.height })
	use := func(encoder pipeline.Encoder, decode, scale bool) pipeline.Backend {
		return pipeline.Backend{Encoder: encoder, Device: t4.Use(), Decode: decode, Scale: scale}
	}
	cores := func(pixels, bus float64) int64 { return int64(overhead + bus/copied*1000 + crowded*pixels/4e8*4*1000) }
	for name, c := range map[string]struct {
		on           Proof
		b            pipeline.Backend
		device, host schedule.Amount
	}{
		"all by the CPU": {cpu4, pipeline.Backend{Encoder: pipeline.X264},
			schedule.Amount{schedule.CPU: cores(sourceWork+scaleWork+encodeWork, 0)}, schedule.Amount{}},
		"all by the GPU": {whole, use(pipeline.NVENC, true, true),
			schedule.Amount{schedule.Sessions: 4, schedule.Encode: encodeWork, schedule.Decode: sourceWork, schedule.Scale: scaleWork},
			schedule.Amount{schedule.CPU: overhead}},
		"fed from main memory": {whole, use(pipeline.NVENC, false, false),
			schedule.Amount{schedule.Sessions: 4, schedule.Encode: encodeWork},
			schedule.Amount{schedule.CPU: cores(sourceWork+scaleWork, encodeWork)}},
		"pictures are uploaded": {whole, use(pipeline.NVENC, false, true),
			schedule.Amount{schedule.Sessions: 4, schedule.Encode: encodeWork, schedule.Scale: scaleWork},
			schedule.Amount{schedule.CPU: cores(sourceWork, sourceWork)}},
		"a GPU without an encoder": {whole, use(pipeline.X264, true, true),
			schedule.Amount{schedule.Decode: sourceWork, schedule.Scale: scaleWork},
			schedule.Amount{schedule.CPU: cores(encodeWork, encodeWork)}},
		"the smallest rung by x264": {sparing, use(pipeline.NVENC, true, true),
			schedule.Amount{schedule.Sessions: 3, schedule.Encode: encodeWork - 284*160*30, schedule.Decode: sourceWork, schedule.Scale: scaleWork},
			schedule.Amount{schedule.CPU: cores(284*160*30, 284*160*30)}},
		"all but the upright by the GPU": {tall, use(pipeline.NVENC, true, true),
			schedule.Amount{schedule.Sessions: 4, schedule.Encode: encodeWork, schedule.Decode: sourceWork, schedule.Scale: scaleWork},
			schedule.Amount{schedule.CPU: overhead}},
	} {
		t.Run(name, func(t *testing.T) {
			w := cost(ladderJob(), c.b, c.on, cpu4)
			if c.b.Device != (pipeline.Device{}) {
				if least := int64(contextBytes); w.Device[schedule.Memory] <= least || w.Device[schedule.Memory] > 1<<30 {
					t.Errorf("%d bytes", w.Device[schedule.Memory])
				}
				w.Device[schedule.Memory] = 0
			}
			if w.Device != c.device || w.Host != c.host {
				t.Errorf("it takes %v and %v, want %v and %v", w.Device, w.Host, c.device, c.host)
			}
		})
	}
}

// A box of two equal cards with a cap, and a third that has no encoder.
func TestHowManyFit(t *testing.T) {
	capped := func(r *Result) {
		if r.Task == pipeline.Sessions {
			r.Sessions, r.Capped = 8, full
		}
	}
	proofs := []Proof{
		proven(t4, 1e9, capped), proven(other, 1e9, capped),
		proven(h100, 1e9, without(noEncoder, pipeline.Encode, pipeline.Sessions)), proven(cpu, 4e8, nil),
	}
	list, err := Candidates(proofs, Auto)
	if err != nil {
		t.Fatal(err)
	}
	ways := Ways(proofs, list, ladderJob())
	var names []string
	for _, w := range ways {
		names = append(names, w.Class+": "+w.Name)
	}
	want := `cuda NVIDIA T4 535.161.08: nvenc on any (decode, scale, encode): nvenc on any (decode, scale, encode)
cuda NVIDIA T4 535.161.08: nvenc on any (decode, scale, encode): x264 on any (decode, scale)
cuda NVIDIA H100 535.161.08: no encoder: x264 on any (decode, scale)
cpu: x264`
	if got := strings.Join(names, "\n"); got != want {
		t.Errorf("the ways are\n%s", got)
	}
	l := schedule.New(schedule.Options{})
	for _, i := range []int{3, 0, 1, 2} { // the host first
		if err := l.Add(Books(proofs[i], Capacity{})); err != nil {
			t.Fatal(err)
		}
	}
	var placed []string
	for _, s := range "abcdef" {
		k, err := l.Place(schedule.Request{Stream: string(s), Ladders: [][]schedule.Way{ways}})
		placed = append(placed, k.Device)
		if err != nil {
			placed[len(placed)-1] = err.Error()
		}
	}
	// Two ladders of four sessions each; x264 takes most of the cores that are left.
	if got, want := strings.Join(placed, " "), "GPU-1 GPU-1 GPU-2 GPU-2 GPU-1 GPU-1"; got != want {
		t.Errorf("they are on %s, want %s", got, want)
	}
}

// A CPU that was not measured is supposed to be a common one.
func TestUnmeasuredCPU(t *testing.T) {
	proofs := []Proof{proven(t4, 1e9, nil), {Device: cpu}}
	if w := Takes(proofs, pipeline.Backend{Encoder: pipeline.X264}, ladderJob()); Measured(proofs) || w.Device[schedule.CPU] < 1000 || w.Device[schedule.CPU] > 5000 {
		t.Errorf("measured %v, it takes %v", Measured(proofs), w.Device)
	}
	if d := Books(proofs[0], Capacity{}); d.Capacity[schedule.Sessions] != ManyEncoders || d.Host != Host {
		t.Errorf("%+v", d)
	}
}

// What is shed is not encoded, and yet sent.
func TestShedRenditionsTakeLess(t *testing.T) {
	proofs := []Proof{proven(t4, 1e9, nil), {Device: cpu}}
	on, _ := encoder(proofs[0])
	whole, less := ladderJob(), ladderJob()
	less.Shed = []int{1, 2}
	all, some := Takes(proofs, on, whole), Takes(proofs, on, less)
	if all.Device[schedule.Sessions]-some.Device[schedule.Sessions] != 2 || all.Device[schedule.Encode] <= some.Device[schedule.Encode] {
		t.Errorf("all takes %v, less %v", all.Device, some.Device)
	}
	if all.Host[schedule.Network] != some.Host[schedule.Network] || all.Host[schedule.Disk]*8 != all.Host[schedule.Network] {
		t.Errorf("all takes %v, less %v", all.Host, some.Host)
	}
}
