package gpu

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"ladderd/gpu/nvidia"
	"ladderd/pipeline"
)

// maxCards bounds how many cards are asked for, whatever a broken driver says, and
// maxSilent how many of them may keep their answer.
const (
	maxCards  = 64
	maxSilent = 3
)

// cards is what NVIDIA's driver tells, completed by what the kernel sees on the PCI bus:
// a card whose driver does not answer is there all the same. Where the operator has hidden
// some, nothing tells which of the places on the bus these are, and none is listed.
func (m Machine) cards(ctx context.Context) []Device {
	if m.Cards == nil {
		return nil
	}
	devices, missing := m.askDriver(ctx)
	if missing == "" && len(devices) == 0 && m.Visible != nil {
		return []Device{{API: pipeline.CUDA, Name: "NVIDIA GPU", Problem: unseen}}
	}
	if m.Withheld && len(devices) == 0 && (missing == "" || missing == absent) {
		missing = withheld
	}
	if missing == "" {
		return devices
	}
	if m.Visible == nil {
		for _, slot := range m.nvidiaSlots() {
			if !listed(devices, slot) {
				devices = append(devices, Device{API: pipeline.CUDA, Name: "NVIDIA GPU", PCI: slot, Problem: missing})
			}
		}
	}
	if len(devices) == 0 && missing != absent && !m.hidden() {
		devices = append(devices, Device{API: pipeline.CUDA, Name: "NVIDIA GPU", Problem: missing})
	}
	return devices
}

func listed(devices []Device, slot string) bool {
	for _, d := range devices {
		if d.PCI == slot {
			return true
		}
	}
	return false
}

// askDriver asks anew behind each card that does not answer. missing is why there may be
// cards that are not among the devices; empty where all are.
func (m Machine) askDriver(ctx context.Context) (devices []Device, missing string) {
	var driver string
	for from, silent := 0, 0; from < maxCards; {
		answer := m.ask(ctx, from)
		head := answer.head
		if head == nil {
			return devices, answer.trouble("NVIDIA's driver")
		}
		if head.Failure != "" {
			return devices, cardProblem(head.Failure)
		}
		driver = head.Driver
		for _, c := range answer.cards {
			if m.shows(c.Index, c.UUID) {
				devices = append(devices, device(c, driver))
			}
		}
		next := from
		if n := len(answer.cards); n > 0 {
			next = answer.cards[n-1].Index + 1
		}
		if answer.whole || next >= head.Cards {
			return devices, ""
		}
		// The one that was asked last has not answered.
		if m.shows(next, "") {
			devices = append(devices, Device{
				API: pipeline.CUDA, Name: fmt.Sprintf("NVIDIA GPU %d", next), Driver: driver, Problem: answer.trouble("the card"),
			})
		}
		from = next + 1
		if from >= head.Cards {
			return devices, ""
		}
		if silent++; silent == maxSilent || ctx.Err() != nil {
			return devices, answer.trouble("NVIDIA's driver")
		}
	}
	return devices, ""
}

// shows says whether a card may be used. Of one that told no UUID only its number can be
// compared.
func (m Machine) shows(index int, uuid string) bool {
	return m.Visible == nil || slices.ContainsFunc(m.Visible, func(v string) bool {
		v = strings.TrimSpace(v)
		return v == strconv.Itoa(index) || v != "" && strings.HasPrefix(uuid, v)
	})
}

// hidden says whether no card at all may be used: "" and "-1" are CUDA's ways to say so.
func (m Machine) hidden() bool {
	return m.Visible != nil && !slices.ContainsFunc(m.Visible, func(v string) bool {
		v = strings.TrimSpace(v)
		return v != "" && !strings.HasPrefix(v, "-")
	})
}

func device(c nvidia.Card, driver string) Device {
	d := Device{
		API: pipeline.CUDA, ID: c.UUID, Name: c.Name, Driver: driver, PCI: c.PCI, Memory: c.Memory, MemoryUsed: c.MemoryUsed,
		Load: Load{Temperature: c.Temperature, Use: c.Use, EncoderUse: c.EncoderUse, DecoderUse: c.DecoderUse, Power: c.Power},
	}
	if d.Name == "" {
		d.Name = fmt.Sprintf("NVIDIA GPU %d", c.Index)
	}
	if c.Failure != "" {
		d.Problem = cardProblem(c.Failure)
	}
	return d
}

// answer is what one helper process wrote.
type answer struct {
	head  *nvidia.Head // nil where not even that came
	cards []nvidia.Card
	whole bool   // the process ended in order
	late  bool   // it was killed for taking too long
	odd   string // a line that is no answer; empty where all were
	end   string // how it ended otherwise, with its last words
}

// trouble is why the answer is not whole.
func (a answer) trouble(who string) string {
	if a.late {
		return who + " does not answer: it hangs; reboot the machine, and if that does not help check the card"
	}
	if a.odd != "" {
		return fmt.Sprintf("asking %s gave an answer that makes no sense (%.80q): reinstall the driver, and see whether LD_PRELOAD names a library that writes", who, a.odd)
	}
	return "asking " + who + " crashed the process that did (" + a.end + "): reinstall the driver, or reboot"
}

// ask runs one helper. Each line it writes gives it Patience again.
func (m Machine) ask(ctx context.Context, from int) (a answer) {
	h := startHelper(m.Cards(from))
	defer h.stop()
	quiet := time.NewTimer(m.Patience)
	defer quiet.Stop()
	for {
		select {
		case line, ok := <-h.lines:
			if !ok {
				a.whole, a.end = h.ending()
				return a
			}
			if !a.take(line) {
				a.odd = line
				return a
			}
			quiet.Reset(m.Patience)
		case <-quiet.C:
			a.late = true
			return a
		case <-ctx.Done():
			a.late = true
			return a
		}
	}
}

// take reads a line; false where it is none of Report's.
func (a *answer) take(line string) bool {
	if a.head == nil {
		var h nvidia.Head
		if json.Unmarshal([]byte(line), &h) != nil {
			return false
		}
		a.head = &h
		return true
	}
	var c nvidia.Card
	if json.Unmarshal([]byte(line), &c) != nil || len(a.cards) >= maxCards || c.Index < 0 {
		return false
	}
	a.cards = append(a.cards, c)
	return true
}
