package pipeline

import (
	"fmt"
	"strings"
)

// Backend says what makes a job's renditions: an encoder, and a device that does some
// of the work. All combinations that check allows are built by pipeline/worker; no
// other package knows which one runs.
//
//	x264                              all by the CPU, in main memory
//	x264, CUDA, Decode, Scale         a GPU without an encoder (H100, H200)
//	nvenc, CUDA                       fed from main memory
//	nvenc, CUDA, Scale                pictures are uploaded once, and scaled there
//	nvenc, CUDA, Decode, Scale        pictures never leave the GPU
//	vaapi, VA, Decode, Scale          likewise; and without one or both
type Backend struct {
	Encoder Encoder
	// Device does what is not the CPU's. It is the zero Device where the CPU does all.
	Device Device
	Decode bool // the device decodes
	Scale  bool // the device scales
}

// Encoder is a make of encoder.
type Encoder string

// The encoders, by their names in the configuration.
const (
	X264  Encoder = "x264"
	NVENC Encoder = "nvenc"
	VAAPI Encoder = "vaapi"
)

// Device is a GPU as its programming interface finds it.
type Device struct {
	API API
	// ID is the GPU's UUID for CUDA ("GPU-…", "MIG-…"), and the render node's path for VA.
	ID string
}

// API is the interface through which a device is used.
type API string

// The interfaces. CPU is that of the zero Device.
const (
	CPU  API = ""
	CUDA API = "cuda"
	VA   API = "va"
)

// home is the interface through which each encoder is used.
var home = map[Encoder]API{X264: CPU, NVENC: CUDA, VAAPI: VA}

// String is for logs and status.
func (b Backend) String() string {
	if b.Device == (Device{}) {
		return string(b.Encoder)
	}
	var does []string
	if b.Decode {
		does = append(does, "decode")
	}
	if b.Scale {
		does = append(does, "scale")
	}
	if b.Encoder != X264 {
		does = append(does, "encode")
	}
	return fmt.Sprintf("%s on %s (%s)", b.Encoder, b.Device.ID, strings.Join(does, ", "))
}

func checkBackend(b Backend) error {
	api, known := home[b.Encoder]
	switch {
	case !known:
		return fmt.Errorf("unknown encoder %q", b.Encoder)
	case api != CPU && b.Device.API != api:
		return fmt.Errorf("%s on a device of %q", b.Encoder, b.Device.API)
	case (b.Device.API == CPU) != (b.Device.ID == ""):
		return fmt.Errorf("device %q of %q", b.Device.ID, b.Device.API)
	case b.Device.API != CPU && b.Device.API != CUDA && b.Device.API != VA:
		return fmt.Errorf("device of unknown interface %q", b.Device.API)
	case b.Device.API == CPU && (b.Decode || b.Scale):
		return fmt.Errorf("%s without a device that could decode or scale", b.Encoder)
	case len(b.Device.ID) > maxDeviceID:
		return fmt.Errorf("device id of %d bytes", len(b.Device.ID))
	}
	return nil
}

const maxDeviceID = 256 // bytes
