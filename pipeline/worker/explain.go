package worker

import (
	"fmt"
	"regexp"
	"strings"
)

// reasons are what libav and drivers say when a device does not do what it is to do, and
// what an operator can make of it. The first that fits is it.
var reasons = []struct{ said, means string }{
	{`Cannot load libcuda`, "this machine has no NVIDIA driver"},
	{`Cannot load libnvidia-encode`, "the NVIDIA driver was installed without its encoder library, libnvidia-encode.so.1"},
	{`(?s)Driver does not support the required nvenc API version.*driver for nvenc is (\S+)`, "the NVIDIA driver is too old: FFmpeg VERSION needs $1 or newer"},
	{`OpenEncodeSessionEx failed: (out of memory|incompatible client key)`, "this GPU opens no more encoder sessions"},
	{`OpenEncodeSessionEx failed: (no encode device|unsupported device)`, "this GPU has no video encoder"},
	{`Codec not supported`, "this GPU does not encode this codec"},
	{`CUDA_ERROR_NO_DEVICE|CUDA_ERROR_INVALID_DEVICE`, "the NVIDIA driver shows no such GPU"},
	{`Failed to initialise VAAPI connection`, "no VAAPI driver works on this GPU: install intel-media-va-driver or mesa-va-drivers"},
	{`No usable encoding (profile|entrypoint) found`, "this GPU has no H.264 encoder, or its VAAPI driver does not offer it"},
	{`does not support CBR RC mode`, "this GPU's encoder has no constant bit rate"},
	{`Hardware does not support encoding at size`, "this GPU's encoder does not take pictures of this size"},
	{`Failed to create encode pipeline context: \d+ \((HW busy|resource allocation failed)`, "this GPU opens no more encoder sessions"},
	{`Failed to (begin picture|end picture|attach new picture|sync to|map output)`, "the GPU or its driver has failed"},
	{`less than the minimum`, "the picture is smaller than this GPU encodes"},
	{`device does not exist|invalid device|CUDA_ERROR_(UNKNOWN|DEINITIALIZED|CONTEXT_IS_DESTROYED|DEVICE_UNAVAILABLE|ECC_UNCORRECTABLE|HARDWARE_STACK_ERROR|ILLEGAL_ADDRESS|LAUNCH_FAILED|SYSTEM_NOT_READY)`, "the GPU has failed or was taken away"},
}

// cudaCall is a call into CUDA as libav logs it, with its arguments in C.
var cudaCall = regexp.MustCompile(`cu->(\w+)\(.*\) failed`)

// quoted is how many of libav's lines an error has at most.
const quoted = 6

// deviceFault marks err as one that another backend may not have, and says with it what
// libav said since the mark, in an operator's words first where there are any.
func deviceFault(mark int64, err error) error {
	lines := libavSaid.since(mark)
	if len(lines) == 0 {
		return elsewhere(err)
	}
	newest := lines[max(0, len(lines)-quoted):]
	said := cudaCall.ReplaceAllString(strings.Join(newest, "; "), "$1 failed")
	if words := inWords(strings.Join(lines, "\n")); words != "" {
		return elsewhere(fmt.Errorf("%s: %w (libav: %s)", words, err, said))
	}
	return elsewhere(fmt.Errorf("%w (libav: %s)", err, said))
}

// inWords is empty where what is said fits no reason.
func inWords(said string) string {
	for _, r := range reasons {
		pattern := regexp.MustCompile(r.said)
		if at := pattern.FindStringSubmatchIndex(said); at != nil {
			means := strings.ReplaceAll(r.means, "VERSION", LibavVersion())
			return string(pattern.ExpandString(nil, means, said, at))
		}
	}
	return ""
}
