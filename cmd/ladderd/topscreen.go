package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ladderd/top"

	tea "charm.land/bubbletea/v2"
)

// draw shows the daemon on the terminal until somebody quits.
func (w watched) draw(ctx context.Context, every time.Duration, options ...tea.ProgramOption) error {
	m := &terminal{ask: func() (top.Snapshot, error) { return w.ask(ctx) }, every: every, screen: top.New(w.base, paint()), wide: wide()}
	options = append(options, tea.WithContext(ctx), tea.WithoutSignalHandler(), tea.WithFPS(10))
	_, err := tea.NewProgram(m, options...).Run()
	if err != nil && ctx.Err() == nil && !errors.Is(err, tea.ErrInterrupted) {
		return fmt.Errorf("draw on the terminal: %w", err)
	}
	return nil
}

// terminal joins a top.Screen to bubbletea. Its methods are all called by one goroutine.
type terminal struct {
	ask    func() (top.Snapshot, error)
	every  time.Duration
	screen *top.Screen
	wide   bool
}

// answer is what came of asking; due is when to ask again.
type (
	answer struct {
		shot top.Snapshot
		err  error
	}
	due struct{}
)

// Init is tea.Model's.
func (m *terminal) Init() tea.Cmd { return m.request }

// request waits for the daemon in a goroutine of bubbletea's.
func (m *terminal) request() tea.Msg {
	shot, err := m.ask()
	return answer{shot, err}
}

// Update is tea.Model's. The daemon is asked again some time after it has answered, so that
// one that is slow has one request at most.
func (m *terminal) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.screen.Resize(msg.Width, msg.Height)
	case tea.KeyPressMsg:
		return m, m.press(msg)
	case due:
		return m, m.request
	case answer:
		if msg.err != nil {
			m.screen.Miss(msg.err, time.Now())
		} else {
			m.screen.Take(msg.shot, time.Now())
		}
		return m, tea.Tick(m.every, func(time.Time) tea.Msg { return due{} })
	}
	return m, nil
}

// press takes a key, which may be several letters.
func (m *terminal) press(key tea.KeyPressMsg) tea.Cmd {
	switch key.String() {
	case "ctrl+z":
		return tea.Suspend
	case "ctrl+l":
		return tea.ClearScreen
	}
	names := []string{key.String()}
	if key.Text != "" {
		names = strings.Split(key.Text, "")
	}
	for _, name := range names {
		if m.screen.Press(name) {
			return tea.Quit
		}
	}
	return nil
}

// View is tea.Model's. What is pasted comes as keys.
func (m *terminal) View() tea.View {
	frame := m.screen.Frame(time.Now())
	if !m.wide {
		frame = top.ASCII(frame)
	}
	v := tea.NewView(frame)
	v.AltScreen, v.DisableBracketedPasteMode = true, true
	return v
}
