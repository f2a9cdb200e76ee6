package gpu

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"ladderd/media"
	"ladderd/pipeline"
	"ladderd/schedule"
)

// Host is the CPU's ID in the books: all GPUs of the machine are its.
const Host = "cpu"

const (
	// overhead is what a worker takes of the CPU beside pictures, in thousandths of a core:
	// its socket, the audio, the bits of all renditions.
	overhead = 50
	// crowded is how much more CPU time work takes than in a trial, which has the machine to
	// itself and easy pictures: hyperthreads share their core's units, and all share memory.
	// 1080p60 of STANDARD took 0.80 cores by trials and 1.35 as part of what four CPUs
	// carry, 720p30 of ADVANCED_HD 0.41 and 0.74 to 0.87.
	crowded = 2
	// copied is how many pixels a second a core copies between main memory and a GPU's.
	copied = 1e9
	// A context takes some hundred megabytes of a GPU. Decoders, scalers and encoders
	// hold so many pictures each (NV12, 12 bits a pixel).
	contextBytes   = 300 << 20
	decodePictures = 24
	encodePictures = 12
	// ManyEncoders is for drivers that opened as many as were tried, ManyBytes for devices
	// without memory of their own: nothing is known of a limit.
	ManyEncoders = 1 << 20
	ManyBytes    = 1 << 50

	// A CPU that was not measured yet is taken for one that does so many pixels in a second
	// of its time: half to two thirds of what trials found on the cores of a server of
	// 2023. Running streams correct it.
	supposedDecode, supposedScale, supposedEncode = 300e6, 1200e6, 100e6
)

// Capacity is what a machine has of what is not probed; 0 is no limit.
type Capacity struct {
	Network int64 // bits per second
	Disk    int64 // bytes per second
}

// Books is what a device has, for a schedule: what it was proven to do. The CPU stands for
// the machine, and has its capacity.
func Books(p Proof, machine Capacity) schedule.Device {
	if p.Device.API == pipeline.CPU {
		return schedule.Device{ID: Host, Class: Host, Capacity: schedule.Amount{
			schedule.CPU:     int64(p.Device.Cores) * 1000,
			schedule.Network: cmp.Or(machine.Network, ManyBytes), schedule.Disk: cmp.Or(machine.Disk, ManyBytes),
		}}
	}
	sessions := p.Sessions()
	b, why := encoder(p)
	if why == "" && (!sessions.Works() || sessions.Capped == "") {
		sessions.Sessions = ManyEncoders // opening tells
	}
	memory := int64(p.Device.Memory - p.Device.MemoryUsed)
	if p.Device.Memory == 0 {
		memory = ManyBytes
	}
	return schedule.Device{ID: p.Device.ID, Class: class(p), Host: Host, Capacity: schedule.Amount{
		schedule.Sessions: int64(sessions.Sessions),
		schedule.Encode:   int64(p.rung(largest, b.Scale).PixelRate),
		schedule.Decode:   int64(p.Best(pipeline.Decode, pipeline.H264).PixelRate),
		schedule.Scale:    int64(p.Best(pipeline.Scale, "").PixelRate),
		schedule.Memory:   memory,
	}}
}

// class is the same for devices of which one does what the other does, as far as was seen.
func class(p Proof) string {
	does := "no encoder"
	if b, why := encoder(p); why == "" {
		does = wayOf(b)
	}
	return fmt.Sprintf("%s %s %s: %s", p.Device.API, p.Device.Name, p.Device.Driver, does)
}

// Takes is what a job takes of a backend's device, and of the CPU around it.
func Takes(proofs []Proof, b pipeline.Backend, j pipeline.Job) schedule.Way {
	cpu := processor(proofs)
	on := cpu
	for _, p := range proofs {
		if p.Device.Use() == b.Device {
			on = p
		}
	}
	return cost(j, b, on, cpu)
}

func processor(proofs []Proof) Proof {
	for _, p := range proofs {
		if p.Device.API == pipeline.CPU {
			return p
		}
	}
	return Proof{}
}

// Measured says that the CPU was, so that what is reckoned with is its own.
func Measured(proofs []Proof) bool {
	p := processor(proofs)
	return p.rung(largest, false).PerCore > 0 && p.Best(pipeline.Decode, pipeline.H264).PerCore > 0 && p.Best(pipeline.Scale, "").PerCore > 0
}

// ErrUnmeasured says that the CPU was not.
var ErrUnmeasured = errors.New("the CPU has not been measured: run ladderd probe --refresh")

// work is what a job is made of, in pixels per second.
type work struct {
	decode    float64
	scale     float64 // of the larger picture of each step
	encode    float64 // by the backend's encoder
	spare     float64 // by x264 in its place
	encoders  int64   // of the backend
	up, down  float64 // over the bus
	largestIn float64 // pixels of a source's picture
	pictures  float64 // pixels of all renditions' pictures
}

// take adds up a job's work as the worker has it: each rendition is scaled from the next
// larger one, and x264 encodes what the device does not take.
func take(j pipeline.Job, b pipeline.Backend, on Proof) (w work) {
	rate := frames(j.Rate)
	w.largestIn = float64(j.Video.Width * j.Video.Height)
	w.decode = w.largestIn * rate
	above, aboveRate := w.largestIn, rate
	for i, v := range j.Videos {
		if slices.Contains(j.Shed, i) {
			continue
		}
		size, fps := float64(v.Width*v.Height), min(frames(v.Rate), rate)
		if size != above {
			w.scale += above * min(aboveRate, fps)
		}
		w.pictures += size
		if b.Encoder == pipeline.X264 || on.spares(v) {
			w.spare += size * fps
			if b.Scale {
				w.down += size * fps
			}
		} else {
			w.encode += size * fps
			w.encoders++
			if !b.Scale {
				w.up += size * fps
			}
		}
		above, aboveRate = size, fps
	}
	if b.Scale && !b.Decode {
		w.up += w.decode
	}
	return w
}

// rates are the bits per second of all that a job puts out, which are sent at least once and
// may lie on a disk.
func rates(j pipeline.Job) (bits int64) {
	for _, v := range j.Videos {
		bits += int64(v.Bitrate)
	}
	for _, a := range j.Audios {
		bits += int64(a.Bitrate)
	}
	return bits
}

// frames per second; what is not known counts as 30.
func frames(r media.Rate) float64 { return cmp.Or(r.Float(), 30) }

// spares says that the device was seen to leave pictures of the rendition's size to x264:
// what is no larger than one that was too small, or no smaller than one that was too large.
func (p Proof) spares(v pipeline.VideoOutput) bool {
	for _, r := range p.Results {
		if r.Task != pipeline.Encode || !r.Spare {
			continue
		}
		small := r.Width*r.Height < session.width*session.height
		if small && v.Width <= r.Width && v.Height <= r.Height || !small && v.Width >= r.Width && v.Height >= r.Height {
			return true
		}
	}
	return false
}

// cost is what a job takes of a device and of its host.
func cost(j pipeline.Job, b pipeline.Backend, on, cpu Proof) schedule.Way {
	w := take(j, b, on)
	cores := overhead + (w.up+w.down)/copied*1000
	onCPU := func(pixels float64, r Result, supposed float64) {
		cores += crowded * pixels / cmp.Or(r.PerCore, supposed) * 1000
	}
	onCPU(w.spare, cpu.rung(largest, false), supposedEncode)
	if !b.Decode {
		onCPU(w.decode, cpu.Best(pipeline.Decode, pipeline.H264), supposedDecode)
	}
	if !b.Scale {
		onCPU(w.scale, cpu.Best(pipeline.Scale, ""), supposedScale)
	}
	bits := rates(j)
	taken := schedule.Amount{schedule.CPU: int64(cores), schedule.Network: bits, schedule.Disk: bits / 8}
	if b.Device.API == pipeline.CPU {
		return schedule.Way{Class: Host, Name: wayOf(b), Device: taken}
	}
	bytes := contextBytes + 1.5*encodePictures*w.pictures
	d := schedule.Amount{schedule.Sessions: w.encoders, schedule.Encode: int64(w.encode)}
	if b.Decode {
		d[schedule.Decode] = int64(w.decode)
		bytes += 1.5 * decodePictures * w.largestIn
	}
	if b.Scale {
		d[schedule.Scale] = int64(w.scale)
	}
	d[schedule.Memory] = int64(bytes)
	return schedule.Way{Class: class(on), Name: wayOf(b), Device: d, Host: taken}
}
