package top

import "unicode/utf8"

// Press does what a key asks for, and says whether that is to quit. Keys are called as
// bubbletea calls them: "q", "enter", "pgdown", "ctrl+c".
func (s *Screen) Press(key string) (quit bool) {
	switch {
	case key == "ctrl+c":
		return true
	case s.typing:
		s.write(key)
		return false
	case key == "q":
		return true
	case s.view == helpView:
		s.view = s.before
		return false
	case key == "?":
		s.view, s.before = helpView, s.view
		return false
	case key == "p":
		s.paused = !s.paused
		return false
	case s.view == detailView:
		s.read(key)
		return false
	}
	s.choose(key)
	return false
}

// write edits the filter.
func (s *Screen) write(key string) {
	switch key {
	case "enter":
		s.typing = false
	case "esc":
		s.typing, s.filter = false, ""
	case "ctrl+u":
		s.filter = ""
	case "backspace":
		_, last := utf8.DecodeLastRuneInString(s.filter)
		s.filter = s.filter[:len(s.filter)-last]
	default:
		if utf8.RuneCountInString(key) == 1 && len(s.filter) < longestFilter {
			s.filter += key
		}
	}
}

// longestFilter is longer than any channel's name.
const longestFilter = 64

// read moves in the details.
func (s *Screen) read(key string) {
	switch key {
	case "enter", "esc", "left", "h", "backspace":
		s.view = listView
	case "down", "j":
		s.scroll++
	case "up", "k":
		s.scroll--
	case "pgdown", " ":
		s.scroll += s.page()
	case "pgup":
		s.scroll -= s.page()
	case "home", "g":
		s.scroll = 0
	}
	s.scroll = max(s.scroll, 0)
}

// page is how many lines are a step of the details.
func (s *Screen) page() int { return max(s.height-3, 1) }

// choose is what keys do in the list.
func (s *Screen) choose(key string) {
	streams := s.streams()
	at, rows := s.place(streams), s.rows()
	switch key {
	case "s":
		s.order = (s.order + 1) % len(orders)
		return
	case "/":
		s.typing = true
		return
	case "esc":
		s.filter = ""
		return
	case "enter", "right", "l":
		if len(streams) > 0 {
			s.view, s.detailed, s.ended, s.scroll = detailView, streams[at], false, 0
		}
		return
	case "home", "g":
		s.selected = "" // from now on whichever is first
		return
	}
	steps := map[string]int{
		"down": 1, "j": 1, "up": -1, "k": -1, "pgdown": rows, " ": rows, "pgup": -rows, "end": len(streams), "G": len(streams),
	}
	if step := steps[key]; step != 0 && len(streams) > 0 {
		s.row = max(min(at+step, len(streams)-1), 0)
		s.selected = streams[s.row].ID
	}
}
