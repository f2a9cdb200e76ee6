package gpu

import (
	"errors"
	"fmt"
	"os/user"
	"regexp"
	"strings"

	"ladderd/pipeline"
)

// reason is one row of the table: what libav or a driver says, and what that means to an
// operator.
type reason struct {
	task pipeline.Task // the only one that the row is for; empty for all
	said []string      // each of them is in the text, which is compared in lower case
	// means may have {driver}, {codec}, {size} and {needed} in it.
	means string
	// lasting is true of what the device is or what its driver is made for: it stays so
	// until one of them is another. All else an operator may mend, and is tried again at
	// the next start.
	lasting bool
}

// reasons is the one table of its kind: the worker passes on what libav says as it is.
// It is looked through from the top; the first row that fits is taken. NVENC's own
// words are in FFmpeg's libavcodec/nvenc.c (nvenc_errors, nvenc_print_driver_requirement),
// CUDA's in cuda.h (CUresult),
// VAAPI's in libavcodec/vaapi_encode.c, vaapi_decode.c and libavutil/hwcontext_vaapi.c.
var reasons = []reason{
	// FFmpeg tells the driver that it needs where the library is missing too.
	{said: []string{"cannot load libnvidia-encode"}, means: "the driver's library libnvidia-encode.so.1 is missing: install it; in a container give it the capability \"video\""},
	{said: []string{"minimum required nvidia driver"}, means: "driver {driver} is too old: FFmpeg 7.1 needs {needed} or newer, install that", lasting: true},
	{said: []string{"does not support the required nvenc api version"}, means: "driver {driver} is too old for FFmpeg 7.1: install a newer one", lasting: true},
	{said: []string{"unsupported_ptx_version"}, means: "driver {driver} is too old for scaling on the GPU: install a newer one", lasting: true},
	{said: []string{"cuda_error_insufficient_driver"}, means: "driver {driver} is too old for CUDA: install a newer one", lasting: true},
	{said: []string{"cuda_error_system_driver_mismatch"}, means: mismatch},
	{said: []string{"cuda_error_system_not_ready"}, means: "NVIDIA's fabric manager does not run, without which this GPU does nothing: start nvidia-fabricmanager"},
	{said: []string{"cannot load libnvcuvid"}, means: "the driver's library libnvcuvid.so.1 is missing: install it; in a container give it the capability \"video\""},
	{said: []string{"failed loading nvcuvid"}, means: "the driver's library libnvcuvid.so.1 is missing: install it; in a container give it the capability \"video\""},
	{said: []string{"cannot load libcuda"}, means: "the driver's library libcuda.so.1 is missing: install the driver; in a container give it the capability \"compute\""},
	{said: []string{"could not dynamically load cuda"}, means: "the driver's library libcuda.so.1 is missing: install the driver; in a container give it the capability \"compute\""},

	{said: []string{"openencodesessionex failed", "unsupported device"}, means: noEncoder, lasting: true},
	{said: []string{"openencodesessionex failed", "no encode device"}, means: noEncoder, lasting: true},
	{said: []string{"device does not exist"}, means: lost},
	{said: []string{"invalid device"}, means: lost},
	{said: []string{"openencodesessionex failed", "out of memory"}, means: full},
	{said: []string{"openencodesessionex failed", "incompatible client key"}, means: full},
	{task: pipeline.Encode, said: []string{"codec not supported"}, means: "this GPU does not encode {codec}", lasting: true},
	{task: pipeline.Encode, said: []string{"frame dimension less than the minimum"}, means: sizes, lasting: true},
	{task: pipeline.Encode, said: []string{"exceeds", "width"}, means: sizes, lasting: true},
	{task: pipeline.Encode, said: []string{"exceeds", "height"}, means: sizes, lasting: true},

	{said: []string{"cuda_error_out_of_memory"}, means: "the GPU's memory is full"},
	{said: []string{"cuda_error_no_device"}, means: "CUDA finds no GPU, though the driver lists this one: check /dev/nvidia* and CUDA_VISIBLE_DEVICES"},
	{said: []string{"cuda_error_devices_unavailable"}, means: "another program has the GPU for itself (compute mode): nvidia-smi -c DEFAULT"},
	{said: []string{"cuda_error_device_unavailable"}, means: "another program has the GPU for itself (compute mode): nvidia-smi -c DEFAULT"},
	{said: []string{"cuda_error_ecc_uncorrectable"}, means: "the GPU's memory is broken (ECC): reset the GPU, and replace it if that comes again"},
	{said: []string{"cuda_error_unknown"}, means: "CUDA does not start: reboot, or load nvidia-uvm (modprobe nvidia-uvm)"},
	{said: []string{"cuda_error_not_permitted"}, means: "no permission on /dev/nvidia*: let the {user} user read and write them"},
	{said: []string{"cuda_error_invalid_device"}, means: lost},
	{said: []string{"cuda_error_launch_failed"}, means: lost},
	{said: []string{"cuda_error_context_is_destroyed"}, means: lost},
	{said: []string{"cuda_error_deinitialized"}, means: lost},
	{said: []string{"cuda_error_hardware_stack_error"}, means: lost},
	{said: []string{"cuda_error_illegal_address"}, means: lost},
	{task: pipeline.Decode, said: []string{"cuvidcreatedecoder", "cuda_error_not_supported"}, means: "this GPU does not decode {codec}", lasting: true},
	{task: pipeline.Decode, said: []string{"hardware is lacking required capabilities"}, means: "this GPU does not decode {codec}", lasting: true},

	{said: []string{"permission denied", "render"}, means: forbidden},
	{said: []string{"open the render node", "no such file"}, means: unopenable},
	{said: []string{"failed to initialise vaapi connection"}, means: noVADriver},
	{said: []string{"failed to create encode pipeline context", "hw busy"}, means: full},
	{said: []string{"failed to create encode pipeline context", "resource allocation failed"}, means: full},
	{said: []string{"failed to begin picture"}, means: failedVA},
	{said: []string{"failed to end picture"}, means: failedVA},
	{said: []string{"failed to attach new picture"}, means: failedVA},
	{said: []string{"failed to sync to"}, means: failedVA},
	{said: []string{"failed to map output"}, means: failedVA},
	{said: []string{"no va display found"}, means: unopenable},
	{said: []string{"open vaapi", "generic error in an external library"}, means: "{id} is no render node of a GPU with VAAPI, or its driver does not start"},
	{said: []string{"cannot open a va display"}, means: "this is no VAAPI device"},
	{task: pipeline.Encode, said: []string{"no usable encoding profile"}, means: "this GPU does not encode {codec}", lasting: true},
	{task: pipeline.Encode, said: []string{"no usable encoding entrypoint"}, means: "this GPU does not encode {codec}", lasting: true},
	{task: pipeline.Encode, said: []string{"does not support cbr rc mode"}, means: "this GPU's encoder has no constant bit rate"},
	{task: pipeline.Encode, said: []string{"hardware does not support encoding at size"}, means: sizes, lasting: true},
	{task: pipeline.Encode, said: []string{"hardware does not offer any usable surface formats"}, means: "this GPU does not encode {codec}", lasting: true},
	{task: pipeline.Decode, said: []string{"no support for codec"}, means: "this GPU does not decode {codec}", lasting: true},
	{task: pipeline.Encode, said: []string{"no capable devices found"}, means: "the driver lets no encoder be opened on this GPU"},
}

// What several rows say.
const (
	noEncoder  = "this GPU has no video encoder"
	mismatch   = "the driver's kernel module and its libraries have different versions: reboot after an update of the driver"
	lost       = "the GPU does not answer any more (device lost): look for Xid in the kernel's log, reboot; if it comes again check power, cooling and slot"
	full       = "all encoder sessions that the driver allows are in use"
	sizes      = "this GPU's encoder does not take pictures of {size}"
	forbidden  = "no permission on the render node: add the {user} user to group {group}"
	unopenable = "the render node does not open: see whether {id} is there and who may read and write it"
	noVADriver = "no VAAPI driver for this GPU: install intel-media-va-driver (Intel) or mesa-va-drivers (AMD)"
	failedVA   = "the GPU or its driver fails: look into the kernel's log, reboot"
	hangs      = "the driver hangs: it was stopped after {limit}; look into the kernel's log (Xid, GPU HANG), and reboot"
	crashes    = "the driver crashed (%v): reinstall it, or reboot"
	unseen     = "CUDA_VISIBLE_DEVICES hides all NVIDIA GPUs of this machine, if there are any: name the ones to use in it, or unset it"
	withheld   = "NVIDIA_VISIBLE_DEVICES (none, or void) keeps all NVIDIA GPUs of this machine from this container, if there are any: name the ones to use in it, or \"all\""
	absent     = "NVIDIA's driver is not there: install it; in a container, give it the GPU (--gpus, or the NVIDIA runtime)"
)

var newest = regexp.MustCompile(`(?i)nvidia driver for nvenc is ([0-9.]+)`)

// explain puts into an operator's words what a trial of d, or a stream on it, failed with:
// an error of the worker, which quotes what libav and the driver said. What is not in the
// table is passed on as it is.
func explain(d Device, t pipeline.Trial, said string) (means string, lasting bool) {
	needed := "530.41.03"
	if m := newest.FindStringSubmatch(said); m != nil {
		needed = m[1]
	}
	size := "this size"
	if t.Width > 0 {
		size = fmt.Sprintf("%d×%d", t.Width, t.Height)
	}
	fill := strings.NewReplacer("{driver}", d.Driver, "{codec}", strings.ToUpper(string(t.Codec)), "{id}", d.ID,
		"{size}", size, "{needed}", needed, "{user}", account(), "{group}", owner(d.ID))
	text := strings.ToLower(said)
	for _, r := range reasons {
		if (r.task == "" || r.task == t.Task) && containsAll(text, r.said) {
			return fill.Replace(r.means), r.lasting
		}
	}
	return said, false
}

func containsAll(text string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}

// cardProblems are nvidia.Report's failures in an operator's words.
var cardProblems = map[string]string{
	"library not found":               absent,
	"driver not loaded":               "NVIDIA's kernel module is not loaded: modprobe nvidia, and look into the kernel's log if that fails",
	"driver/library version mismatch": mismatch,
	"no permission":                   "no permission on /dev/nvidia*: let the ladderd user read and write them",
	"gpu is lost":                     lost,
	"gpu not found":                   lost,
	"irq issue":                       "the kernel gets no interrupts from the GPU: look into its log, check the slot",
	"insufficient power":              "the GPU has not enough power: check its power cables",
	"reset required":                  "the GPU has to be reset: nvidia-smi --gpu-reset, or reboot",
	"corrupted inforom":               "the card is damaged (corrupted infoROM): replace it",
	"function not found":              "NVIDIA's library is too old or incomplete: install the driver anew",
}

func cardProblem(failure string) string {
	if words, known := cardProblems[failure]; known {
		return words
	}
	return "NVIDIA's driver says: " + failure
}

// noPermission is for a render node. Its group is asked for, since distributions name it
// render or video.
func noPermission(node string) string {
	return strings.NewReplacer("{user}", account(), "{group}", owner(node)).Replace(forbidden)
}

// account is who has to be given a permission: who runs this, and ladderd where that
// cannot be told.
func account() string {
	u, err := user.Current()
	if err != nil || u.Username == "" {
		return "ladderd"
	}
	return u.Username
}

// failed puts into words that a trial came to no finding.
func failed(d Device, err error, limit string) string {
	if errors.Is(err, errHangs) && d.API == pipeline.CPU {
		return "the machine is too slow or busy: not done within " + limit
	}
	if errors.Is(err, errHangs) {
		return strings.ReplaceAll(hangs, "{limit}", limit)
	}
	if inner := errors.Unwrap(err); inner != nil {
		err = inner // without what was tried, which is told beside it
	}
	if errors.Is(err, pipeline.ErrSilent) && d.API != pipeline.CPU {
		return fmt.Sprintf("the driver hangs: %v", err)
	}
	if d.API == pipeline.CPU {
		return fmt.Sprintf("the worker failed: %v", err)
	}
	return fmt.Sprintf(crashes, err)
}
