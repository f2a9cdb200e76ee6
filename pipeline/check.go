package pipeline

import (
	"encoding/binary"
	"errors"
	"fmt"

	"ladderd/media"
)

// What comes over the socket is checked as far as its readers rely on it: a
// worker whose memory was overwritten must not take the daemon with it.

func checkPacket(p media.Packet) error {
	if p.Kind != media.Video && p.Kind != media.Audio {
		return fmt.Errorf("packet of unknown kind %d", p.Kind)
	}
	if p.PTS > maxTicks || p.DTS < -maxTicks || p.DTS > p.PTS {
		return fmt.Errorf("%s packet with PTS %d, DTS %d", p.Kind, p.PTS, p.DTS)
	}
	if len(p.Data) == 0 {
		return fmt.Errorf("%s packet at %d without data", p.Kind, p.PTS)
	}
	if len(p.Data) > maxData {
		return fmt.Errorf("%s packet at %d of %d bytes, at most %d are allowed", p.Kind, p.PTS, len(p.Data), maxData)
	}
	if p.Kind == media.Audio && (p.Key || p.PTS != p.DTS) {
		return fmt.Errorf("audio packet at %d that is reordered or a keyframe", p.PTS)
	}
	if p.Video != nil {
		return checkVideo(*p.Video)
	}
	if p.Audio != nil {
		return checkAudio(*p.Audio)
	}
	return nil
}

func checkVideo(v media.VideoParams) error {
	if len(v.SPS) < 4 || len(v.PPS) < 2 {
		return errors.New("video parameters without parameter sets")
	}
	if n := len(v.SPS) + len(v.PPS); n > maxSets {
		return fmt.Errorf("video parameters of %d bytes, at most %d are allowed", n, maxSets)
	}
	if v.Width < 1 || v.Height < 1 || v.Width > 16384 || v.Height > 16384 {
		return fmt.Errorf("video parameters of %d×%d pixels", v.Width, v.Height)
	}
	if v.Rate.Num < 0 || v.Rate.Den < 0 {
		return fmt.Errorf("video parameters with %s frames per second", v.Rate)
	}
	return nil
}

func checkAudio(a media.AudioParams) error {
	if len(a.Config) < 2 || len(a.Config) > maxSets || a.SampleRate < 1 || a.Channels < 1 || a.Channels > 8 {
		return fmt.Errorf("audio parameters of %d Hz, %d channels", a.SampleRate, a.Channels)
	}
	return nil
}

func checkJob(j Job) error {
	if len(j.Videos)+len(j.Audios) == 0 || len(j.Videos) > maxOutputs || len(j.Audios) > maxOutputs {
		return fmt.Errorf("job with %d video and %d audio outputs", len(j.Videos), len(j.Audios))
	}
	if err := checkBackend(j.Backend); err != nil {
		return fmt.Errorf("job: %w", err)
	}
	if j.Interlaced != "" && j.Interlaced != Deinterlace && j.Interlaced != Refuse {
		return fmt.Errorf("job with interlaced sources to be treated by %q", j.Interlaced)
	}
	if err := checkShed(j.Videos, j.Shed); err != nil {
		return fmt.Errorf("job: %w", err)
	}
	if len(j.Audios) > 0 && j.Audio == nil {
		return errors.New("job with audio outputs but no audio input")
	}
	if j.Audio != nil {
		if err := checkAudio(*j.Audio); err != nil {
			return fmt.Errorf("job: %w", err)
		}
	}
	if err := checkVideo(j.Video); err != nil {
		return fmt.Errorf("job: %w", err)
	}
	return nil
}

// checkShed refuses to have nothing encoded that is at most as large as what is shed: it would
// have nothing to be a copy of.
func checkShed(videos []VideoOutput, shed []int) error {
	for _, i := range shed {
		if i < 0 || i >= len(videos) {
			return fmt.Errorf("output %d of %d is to be shed", i, len(videos))
		}
	}
	for _, i := range shed {
		if _, found := Follows(videos, shed, i); !found {
			return fmt.Errorf("output %d is to be shed, and no smaller one is encoded", i)
		}
	}
	return nil
}

var errAVCC = errors.New("NAL unit lengths do not add up")

// checkAVCC walks the NAL units' lengths (ISO/IEC 14496-15, 5.3.3).
func checkAVCC(b []byte) error {
	for len(b) > 0 {
		if len(b) < 4 {
			return errAVCC
		}
		n := binary.BigEndian.Uint32(b)
		if n == 0 || uint64(n) > uint64(len(b)-4) {
			return errAVCC
		}
		b = b[4+n:]
	}
	return nil
}
