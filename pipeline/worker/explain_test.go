package worker

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"ladderd/pipeline"
)

// The lines are those of FFmpeg's nvenc.c, hwcontext_cuda.c and cuda_check.h.
func TestDeviceFaultsAreToldInAnOperatorsWords(t *testing.T) {
	cases := []struct{ name, said, want string }{
		{"no driver", "Cannot load libcuda.so.1\nCould not dynamically load CUDA\n", "this machine has no NVIDIA driver"},
		{"no encoder library", "Cannot load libnvidia-encode.so.1\nThe minimum required Nvidia driver for nvenc is 530.41.03 or newer\n",
			"the NVIDIA driver was installed without its encoder library, libnvidia-encode.so.1"},
		{"old driver", "Driver does not support the required nvenc API version. Required: 12.1 Found: 12.0\nThe minimum required Nvidia driver for nvenc is 530.41.03 or newer\n",
			"the NVIDIA driver is too old: FFmpeg " + LibavVersion() + " needs 530.41.03 or newer"},
		{"no encoder", "OpenEncodeSessionEx failed: unsupported device (2): (no details)\n", "this GPU has no video encoder"},
		{"no AV1", "Codec not supported\nProvided device doesn't support required NVENC features\n", "this GPU does not encode this codec"},
		{"sessions", "OpenEncodeSessionEx failed: out of memory (10): (no details)\n", "this GPU opens no more encoder sessions"},
		{"sessions, newer drivers", "OpenEncodeSessionEx failed: incompatible client key (21): (no details)\n", "this GPU opens no more encoder sessions"},
		{"no such GPU", "cuInit(0) failed -> CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected\n", "the NVIDIA driver shows no such GPU"},
		{"lost", "EncodePicture failed!: device does not exist (5): \n", "the GPU has failed or was taken away"},
		{"VAAPI without a driver", "libva: /usr/lib/dri/iHD_drv_video.so init failed\nFailed to initialise VAAPI connection: -1 (unknown libva error).\n", "no VAAPI driver works on this GPU: install intel-media-va-driver or mesa-va-drivers"},
		{"VAAPI without an encoder", "No usable encoding entrypoint found for profile VAProfileH264High (7).\n", "this GPU has no H.264 encoder, or its VAAPI driver does not offer it"},
		{"VAAPI without CBR", "Driver does not support CBR RC mode (supported modes: CQP).\n", "this GPU's encoder has no constant bit rate"},
		{"VAAPI's sessions", "Failed to create encode pipeline context: 34 (HW busy now).\n", "this GPU opens no more encoder sessions"},
		{"VAAPI's sizes", "Hardware does not support encoding at size 160x288 (constraints: width 256-4096 height 128-4096).\n", "this GPU's encoder does not take pictures of this size"},
		{"something new", "EncodePicture failed!: generic error (20): \n", ""},
	}
	for _, c := range cases {
		if got := inWords(c.said); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestDeviceFaultTellsWhatLibavSaidMeanwhile(t *testing.T) {
	libavSaid.add("of old\n")
	before := libavSaid.mark()
	for _, part := range []string{"cuInit(0) failed", " -> CUDA_ERROR_NO_DEVICE: none", "\n", "twice\n", "twice\n"} {
		libavSaid.add(part)
	}
	cause := errors.New("no luck")
	err := deviceFault(before, cause)
	const want = "the NVIDIA driver shows no such GPU: no luck (libav: cuInit(0) failed -> CUDA_ERROR_NO_DEVICE: none; twice)"
	if err.Error() != want || !errors.Is(err, cause) || exitCode(err) != pipeline.ExitRetryElsewhere {
		t.Errorf("got %v, to be tried %d", err, exitCode(err))
	}
	if err := deviceFault(libavSaid.mark(), cause); err.Error() != cause.Error() {
		t.Errorf("got %v where libav said nothing", err)
	}
}

func TestHearingForgetsTheOldest(t *testing.T) {
	var h hearing
	mark := h.mark()
	for range heard {
		h.add("old\n")
	}
	h.add("new\n")
	if got := h.since(mark); !slices.Equal(got, []string{"old", "new"}) || len(h.parts) != heard {
		t.Errorf("%d parts, of which %s", len(h.parts), strings.Join(got, ", "))
	}
	if got := h.since(h.mark()); got != nil {
		t.Errorf("got %q", got)
	}
}
