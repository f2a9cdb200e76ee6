package packager

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/asticode/go-astits"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"pgregory.net/rapid"

	"ladderd/media"
)

// demuxTS reads one segment or part as a player that begins with it. TS tells no
// durations: a picture is said to end a tick after its beginning.
func demuxTS(t rapid.TB, data []byte, video, audio *demuxed) {
	t.Helper()
	d := astits.NewDemuxer(context.Background(), bytes.NewReader(data), astits.DemuxerOptPacketSize(tsPacket))
	kinds := map[uint16]astits.StreamType{}
	for {
		data, err := d.NextData()
		switch {
		case errors.Is(err, astits.ErrNoMorePackets):
			return
		case err != nil:
			t.Fatal(err)
		case data.PMT != nil:
			for _, s := range data.PMT.ElementaryStreams {
				kinds[s.ElementaryPID] = s.StreamType
			}
		case data.PES == nil:
		case kinds[data.PID] == astits.StreamTypeH264Video:
			p := pictureTS(t, data.PES)
			video.packets = append(video.packets, p)
			video.ends = append(video.ends, int64(p.DTS)+1)
		case kinds[data.PID] == astits.StreamTypeAACAudio:
			soundTS(t, data.PES, audio)
		default:
			t.Fatalf("a PES packet with PID %d before the PMT", data.PID)
		}
	}
}

// pictureTS wants a delimiter first, and parameter sets at IDRs, and leaves both out.
func pictureTS(t rapid.TB, pes *astits.PESData) media.Packet {
	t.Helper()
	h := pes.Header.OptionalHeader
	p := media.Packet{PTS: media.Ticks(h.PTS.Base), DTS: media.Ticks(h.PTS.Base)}
	if h.PTSDTSIndicator == astits.PTSDTSIndicatorBothPresent {
		p.DTS = media.Ticks(h.DTS.Base)
	}
	var units h264.AnnexB
	if err := units.Unmarshal(pes.Data); err != nil {
		t.Fatal(err)
	}
	var kinds []h264.NALUType
	for _, u := range units {
		kind := h264.NALUType(u[0] & 0x1f)
		kinds = append(kinds, kind)
		switch kind {
		case h264.NALUTypeAccessUnitDelimiter, h264.NALUTypeSPS, h264.NALUTypePPS:
		case h264.NALUTypeIDR:
			p.Key = true
			fallthrough
		default:
			p.Data = media.AppendNAL(p.Data, u)
		}
	}
	head := []h264.NALUType{h264.NALUTypeAccessUnitDelimiter}
	if p.Key {
		head = append(head, h264.NALUTypeSPS, h264.NALUTypePPS)
	}
	if len(kinds) <= len(head) || !bytes.Equal(nalTypes(kinds[:len(head)]), nalTypes(head)) {
		t.Fatalf("picture at %d has the NAL units %v", p.PTS, kinds)
	}
	return p
}

func nalTypes(kinds []h264.NALUType) []byte {
	out := make([]byte, len(kinds))
	for i, k := range kinds {
		out[i] = byte(k)
	}
	return out
}

func soundTS(t rapid.TB, pes *astits.PESData, audio *demuxed) {
	t.Helper()
	var frames mpeg4audio.ADTSPackets
	if err := frames.Unmarshal(pes.Data); err != nil {
		t.Fatal(err)
	}
	for i, f := range frames {
		rate := int64(f.SampleRate)
		at := (pes.Header.OptionalHeader.PTS.Base*rate+media.Clock/2)/media.Clock + int64(i)*media.FrameSamples
		audio.packets = append(audio.packets, media.Packet{PTS: media.Ticks(at), DTS: media.Ticks(at), Data: f.AU})
		audio.ends = append(audio.ends, at+media.FrameSamples)
	}
}

// checkPackets holds the packets of parts, in order, to ISO/IEC 13818-1: counters
// count on from part to part, and each part begins with PAT, PMT and a PCR, none of
// which is later than the media that come with it.
func checkPackets(t rapid.TB, w *writer) {
	t.Helper()
	counters := map[uint16]uint8{}
	for _, s := range w.out.state.Load().all() {
		for i, p := range s.parts {
			if p.gap {
				continue
			}
			name := w.format.partName(s.msn, i)
			if p.size%tsPacket != 0 {
				t.Fatalf("%s has %d bytes", name, p.size)
			}
			checkPartPackets(t, name, (*s.body.chunks.Load())[i], counters)
		}
	}
}

func checkPartPackets(t rapid.TB, name string, data []byte, counters map[uint16]uint8) {
	t.Helper()
	d := astits.NewDemuxer(context.Background(), bytes.NewReader(data), astits.DemuxerOptPacketSize(tsPacket))
	var pids []uint16
	clock := int64(-1)
	for {
		p, err := d.NextPacket()
		if errors.Is(err, astits.ErrNoMorePackets) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		pids = append(pids, p.Header.PID)
		last, seen := counters[p.Header.PID]
		if want := (last + 1) & 0x0f; seen && p.Header.HasPayload && p.Header.ContinuityCounter != want {
			t.Fatalf("%s, packet %d: PID %d counts %d, want %d", name, len(pids), p.Header.PID, p.Header.ContinuityCounter, want)
		}
		if p.Header.HasPayload {
			counters[p.Header.PID] = p.Header.ContinuityCounter
		}
		if f := p.AdaptationField; f != nil && f.HasPCR {
			if ahead := (f.PCR.Base - clock) & (1<<33 - 1); clock >= 0 && ahead >= media.Clock {
				t.Fatalf("%s: PCR goes from %d to %d", name, clock, f.PCR.Base)
			}
			clock = f.PCR.Base
		}
	}
	if len(pids) < 3 || pids[0] != associationID || pids[1] != mapID || clock < 0 {
		t.Fatalf("%s begins with the PIDs %v, PCR %d", name, pids[:min(3, len(pids))], clock)
	}
}

// TestTimestampsWrap has a stream pass the 33 bits of a PTS: 26.5 h.
func TestTimestampsWrap(t *testing.T) {
	const wrap = media.Ticks(1) << 33
	o := testOptions()
	o.Container = TS
	s := newStream(t, o, rung("720p30", fps(30), 0))
	from := wrap - secs(3)
	shot := shot{params: videoParams(t, sps720), rate: fps(30), gop: 60, reorder: 1, from: from, to: from + secs(6)}
	feed(s, send(0, 0, shot.packets()), send(0, 0, tone(audioParams(t, 48000), from, from+secs(6), false)))
	s.End()
	video, audio := demux(t, s.writers[0])
	for i, p := range shot.packets() {
		if got := video.packets[i]; got.PTS != p.PTS%wrap || got.DTS != p.DTS%wrap {
			t.Fatalf("picture %d is at %d/%d, want %d/%d", i, got.PTS, got.DTS, p.PTS%wrap, p.DTS%wrap)
		}
	}
	if n := len(audio.packets); n != 282 {
		t.Errorf("%d frames", n)
	}
}
