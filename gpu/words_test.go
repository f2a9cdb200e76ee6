package gpu

import (
	"strings"
	"testing"

	"ladderd/pipeline"
)

// What libav and drivers say is from their sources; {…} of the table is filled in.
func TestExplain(t *testing.T) {
	card := Device{API: pipeline.CUDA, ID: "GPU-1", Name: "NVIDIA T4", Driver: "525.147.05"}
	node := Device{API: pipeline.VA, ID: "/dev/dri/renderD128", Driver: "i915"}
	h264 := pipeline.Trial{Task: pipeline.Encode, Codec: pipeline.H264, Width: 160, Height: 284}
	av1 := pipeline.Trial{Task: pipeline.Encode, Codec: pipeline.AV1, Width: 1920, Height: 1080}
	decode := pipeline.Trial{Task: pipeline.Decode, Codec: pipeline.H264, Width: 1920, Height: 1080}
	for _, c := range []struct {
		device  Device
		trial   pipeline.Trial
		said    string
		means   string
		lasting bool
	}{
		{card, h264, "OpenEncodeSessionEx failed: unsupported device (2): (no details)", "this GPU has no video encoder", true},
		{card, h264, "OpenEncodeSessionEx failed: no encode device (1): (no details)", "this GPU has no video encoder", true},
		{card, h264, "Driver does not support the required nvenc API version. Required: 12.1 Found: 12.0; The minimum required Nvidia driver for nvenc is 530.41.03 or newer",
			"driver 525.147.05 is too old: FFmpeg 7.1 needs 530.41.03 or newer, install that", true},
		{card, h264, "OpenEncodeSessionEx failed: out of memory (10): (no details)", full, false},
		{card, h264, "OpenEncodeSessionEx failed: incompatible client key (21): (no details)", full, false},
		{card, av1, "Codec not supported; No capable devices found", "this GPU does not encode AV1", true},
		{card, h264, "InitializeEncoder failed: invalid param (8): Frame Dimension less than the minimum supported value.", "this GPU's encoder does not take pictures of 160×284", true},
		{card, h264, "encode 1280x720 picture at 0: Input/output error (libav: EncodePicture failed!: device does not exist (5): (no details))", lost, false},
		{card, h264, "Cannot load libnvidia-encode.so.1; The minimum required Nvidia driver for nvenc is 530.41.03 or newer", `the driver's library libnvidia-encode.so.1 is missing: install it; in a container give it the capability "video"`, false},
		{card, decode, "Cannot load libnvcuvid.so.1; Failed loading nvcuvid.", `the driver's library libnvcuvid.so.1 is missing: install it; in a container give it the capability "video"`, false},
		{card, h264, "cu->cuInit(0) failed -> CUDA_ERROR_SYSTEM_DRIVER_MISMATCH: system has unsupported display driver / cuda driver combination", mismatch, false},
		{card, h264, "cu->cuCtxCreate() failed -> CUDA_ERROR_OUT_OF_MEMORY: out of memory", "the GPU's memory is full", false},
		{card, h264, "cu->cuInit(0) failed -> CUDA_ERROR_UNKNOWN: unknown error", "CUDA does not start: reboot, or load nvidia-uvm (modprobe nvidia-uvm)", false},
		{node, h264, "Failed to initialise VAAPI connection: -1 (unknown libva error).", noVADriver, false},
		{node, av1, "No usable encoding profile found.", "this GPU does not encode AV1", true},
		{node, h264, "Hardware does not support encoding at size 160x288 (constraints: width 256-4096 height 128-4096).", "this GPU's encoder does not take pictures of 160×284", true},
		{node, h264, "Failed to create encode pipeline context: 34 (HW busy now).", full, false},
		{node, h264, "Failed to end picture encode issue: 24 (internal encoding error).; Encode failed: -5.", failedVA, false},
		{node, decode, "No support for codec h264 profile 100.", "this GPU does not decode H264", true},
		{node, h264, "Failed to create encode pipeline context: 2 (resource allocation failed).", full, false},
		{node, h264, "Failed to sync to picture completion: 23 (internal decoding error).", failedVA, false},
		{node, h264, "Failed to map output buffers: 1 (operation failed).", failedVA, false},
		{node, h264, "Driver does not support CBR RC mode (supported modes: CQP).", "this GPU's encoder has no constant bit rate", false},
		{node, h264, "open the render node: open /dev/dri/renderD128: permission denied", noPermission(node.ID), false},
		{node, h264, "open the render node: open /dev/dri/renderD128: no such file or directory",
			"the render node does not open: see whether /dev/dri/renderD128 is there and who may read and write it", false},
		{card, h264, "EncodePicture failed!: invalid device (4): (no details)", lost, false},
		{card, pipeline.Trial{Task: pipeline.Encode, Codec: pipeline.H264}, "Frame Dimension less than the minimum supported value.",
			"this GPU's encoder does not take pictures of this size", true},
		{card, h264, "the moon is in the wrong phase", "the moon is in the wrong phase", false},
	} {
		means, lasting := explain(c.device, c.trial, c.said)
		if means != c.means || lasting != c.lasting {
			t.Errorf("%q means %q (lasting: %t), want %q (%t)", c.said, means, lasting, c.means, c.lasting)
		}
	}
}

// A row that is never reached, or a placeholder that nobody fills in, would be a mistake
// in the table.
func TestReasonsAreReachable(t *testing.T) {
	for i, r := range reasons {
		for _, said := range r.said {
			if said != strings.ToLower(said) {
				t.Errorf("row %d is looked for in lower case, and is %q", i, said)
			}
		}
		trial := pipeline.Trial{Task: r.task, Codec: pipeline.H264, Width: 640, Height: 360}
		if r.task == "" {
			trial.Task = pipeline.Encode
		}
		means, _ := explain(Device{Driver: "1.2"}, trial, strings.Join(r.said, " "))
		if strings.ContainsAny(means, "{}") {
			t.Errorf("row %d says %q", i, means)
		}
		first := 0
		for first < i && !((reasons[first].task == "" || reasons[first].task == trial.Task) && containsAll(strings.Join(r.said, " "), reasons[first].said)) {
			first++
		}
		if first != i {
			t.Errorf("row %d is hidden by row %d", i, first)
		}
	}
}
