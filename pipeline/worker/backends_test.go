package worker

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"ladderd/pipeline"
)

// Every backend has to pass the tests of everyBackend. They run in a process each, because
// a driver is loaded once: here with the backend that backendMark gives to source.job.
const backendMark = "LADDERD_TEST_BACKEND"

var everyBackend = []string{
	"TestPicturesAreDecodedWhereTheBackendSays",
	"TestRenditionsHaveIDRsExactlyOnTheGrid",
	"TestVaryingFrameRateKeepsItsTimes",
	"TestReplacementGoesOnAtTheNextGridPoint",
	"TestParametersMayChangeAtTheSameSize",
	"TestDamageCostsNoGridPoint",
	"TestRenditionsShowTheSource",
	"TestColourTagsSurvive",
	"TestPixelsThatAreNotSquareStaySo",
	"TestCaptionsSurviveInEveryRendition",
	"TestUnregisteredUserDataIsKept",
	"TestRenditionsResumeTogetherAfterAKill",
	"TestTrialsDoWhatTheyAreTold",
	"TestFieldsBecomeWholePictures",
	"TestFieldsMayComeAndGo",
}

// onHardware is what is tried there beside everyBackend: doubles have another's rate control.
var onHardware = append([]string{"TestAnyTwoSecondsKeepToTheBitRate"}, everyBackend...)

// backendUnderTest is x264 where nothing else is asked for.
func backendUnderTest(t testing.TB) pipeline.Backend {
	t.Helper()
	b := pipeline.Backend{Encoder: pipeline.X264}
	if text := os.Getenv(backendMark); text != "" {
		if err := json.Unmarshal([]byte(text), &b); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// combinations are what a kind of backend may be put together from, on a device.
func combinations(kind string, id string) map[string]pipeline.Backend {
	cuda, va := pipeline.Device{API: pipeline.CUDA, ID: id}, pipeline.Device{API: pipeline.VA, ID: id}
	return map[string]map[string]pipeline.Backend{
		"nvenc": {
			"from main memory":  {Encoder: pipeline.NVENC, Device: cuda},
			"uploaded, scaled":  {Encoder: pipeline.NVENC, Device: cuda, Scale: true},
			"decoded":           {Encoder: pipeline.NVENC, Device: cuda, Decode: true},
			"all on the device": {Encoder: pipeline.NVENC, Device: cuda, Decode: true, Scale: true},
		},
		"cuda": {
			"x264, scaled":          {Encoder: pipeline.X264, Device: cuda, Scale: true},
			"x264, decoded":         {Encoder: pipeline.X264, Device: cuda, Decode: true},
			"x264, decoded, scaled": {Encoder: pipeline.X264, Device: cuda, Decode: true, Scale: true},
		},
		"vaapi": {
			"uploaded":          {Encoder: pipeline.VAAPI, Device: va},
			"uploaded, scaled":  {Encoder: pipeline.VAAPI, Device: va, Scale: true},
			"decoded":           {Encoder: pipeline.VAAPI, Device: va, Decode: true},
			"all on the device": {Encoder: pipeline.VAAPI, Device: va, Decode: true, Scale: true},
		},
	}[kind]
}

// hardwareMark in the environment names the kind of backend that is tried on this
// machine's own hardware: nvenc, cuda (a GPU that is not to encode) or vaapi.
// deviceMark names the device where it is not the first one.
const (
	hardwareMark = "LADDERD_TEST_GPU"
	deviceMark   = "LADDERD_TEST_DEVICE"
)

var firstDevice = map[string]string{"nvenc": "0", "cuda": "0", "vaapi": "/dev/dri/renderD128"}

// onThisMachine are the combinations for the machine's own hardware; it skips the test
// where none is asked for.
func onThisMachine(t *testing.T) map[string]pipeline.Backend {
	t.Helper()
	kind := os.Getenv(hardwareMark)
	id := firstDevice[kind]
	if id == "" {
		t.Skipf("%s is %q: set it to nvenc, cuda or vaapi to try that on this machine's hardware", hardwareMark, kind)
	}
	if other := os.Getenv(deviceMark); other != "" {
		id = other
	}
	return combinations(kind, id)
}

func TestBackendsOnHardware(t *testing.T) {
	for name, b := range onThisMachine(t) {
		t.Run(name, func(t *testing.T) { tryBackend(t, b, os.Environ(), onHardware) })
	}
}

// tryBackend runs tests with b in a process with that environment.
func tryBackend(t *testing.T, b pipeline.Backend, environ, tests []string) {
	t.Helper()
	text, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.count=1", "-test.run=^("+strings.Join(tests, "|")+")$")
	cmd.Env = append(environ, backendMark+"="+string(text))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", b, err, out)
	}
	t.Logf("%s", out)
	for _, name := range tests {
		if !strings.Contains(string(out), "--- PASS: "+name) {
			t.Errorf("%s: %s did not run", b, name)
		}
	}
}
