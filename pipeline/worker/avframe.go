package worker

// go-astiav has no accessors for a frame's caption side data, for some of its colour
// tags, for what a device's frames are made of, for the CPU flags and for the version. These few lines
// reach libavutil themselves; no other file here uses cgo.

// #cgo pkg-config: libavutil
// #include <libavutil/avutil.h>
// #include <libavutil/cpu.h>
// #include <libavutil/frame.h>
// #include <libavutil/hwcontext.h>
import "C"

import (
	"errors"
	"runtime"
	"unsafe"

	"github.com/asticode/go-astiav"
)

// LibavVersion is that of the FFmpeg release whose libraries are linked in.
func LibavVersion() string { return C.GoString(C.av_version_info()) }

func frameC(f *astiav.Frame) *C.AVFrame { return (*C.AVFrame)(f.UnsafePointer()) }

// frameColour reads the tags of f, in libav's numbers, which are those of
// ISO/IEC 23091-2 for primaries and transfer.
func frameColour(f *astiav.Frame) (primaries, transfer, chroma int) {
	c := frameC(f)
	return int(c.color_primaries), int(c.color_trc), int(c.chroma_location)
}

// interlaced tells whether f's lines are two fields.
func interlaced(f *astiav.Frame) bool { return frameC(f).flags&C.AV_FRAME_FLAG_INTERLACED != 0 }

// samples is the format of what f refers to on its device.
func samples(f *astiav.Frame) astiav.PixelFormat {
	return astiav.PixelFormat((*C.AVHWFramesContext)(unsafe.Pointer(frameC(f).hw_frames_ctx.data)).sw_format)
}

// framesPool tells the pools of a device's frames apart, as long as one of their frames
// or who was opened with one lives; 0 in main memory.
func framesPool(f *astiav.Frame) uintptr {
	if c := frameC(f); c.hw_frames_ctx != nil {
		return uintptr(unsafe.Pointer(c.hw_frames_ctx.data))
	}
	return 0
}

// takeUserData moves captions and unregistered SEI messages out of f.
func takeUserData(f *astiav.Frame) (u userData) {
	c := frameC(f)
	for _, sd := range unsafe.Slice(c.side_data, c.nb_side_data) {
		switch sd._type {
		case C.AV_FRAME_DATA_A53_CC:
			u.captions = append(u.captions, C.GoBytes(unsafe.Pointer(sd.data), C.int(sd.size))...)
		case C.AV_FRAME_DATA_SEI_UNREGISTERED:
			u.messages = append(u.messages, C.GoBytes(unsafe.Pointer(sd.data), C.int(sd.size)))
		}
	}
	C.av_frame_remove_side_data(c, C.AV_FRAME_DATA_A53_CC)
	C.av_frame_remove_side_data(c, C.AV_FRAME_DATA_SEI_UNREGISTERED)
	return u
}

// putUserData hangs u on f, for the encoder to write as SEI.
func putUserData(f *astiav.Frame, u userData) error {
	if len(u.captions) > 0 {
		if err := addSideData(f, C.AV_FRAME_DATA_A53_CC, u.captions); err != nil {
			return err
		}
	}
	for _, m := range u.messages {
		if err := addSideData(f, C.AV_FRAME_DATA_SEI_UNREGISTERED, m); err != nil {
			return err
		}
	}
	return nil
}

func addSideData(f *astiav.Frame, kind C.enum_AVFrameSideDataType, b []byte) error {
	sd := C.av_frame_new_side_data(frameC(f), kind, C.size_t(len(b)))
	if sd == nil {
		return errors.New("add side data to a frame: out of memory")
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(sd.data)), len(b)), b)
	return nil
}

// avoidGathers keeps swscale from its AVX2 scalers, which are built on gather
// instructions. AMD's CPUs carry these out slowly, and so do Intel's since the
// microcode against Downfall: without them a picture from 1080 to 720 lines takes
// 1.77 instead of 2.30 ms on an EPYC. libav knows that of a few CPUs by itself. It
// holds for the whole process.
func avoidGathers() {
	if runtime.GOARCH == "amd64" {
		C.av_force_cpu_flags(C.av_get_cpu_flags() | C.AV_CPU_FLAG_SLOW_GATHER)
	}
}
