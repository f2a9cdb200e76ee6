package top

// Paint is what a terminal can show beside letters.
type Paint int

// The kinds of terminals.
const (
	Plain  Paint = iota // letters alone: files, pipes, dumb terminals
	Mono                // bold, faint, reverse
	Colour              // of 16
)

// style is what a text means to whoever looks at it.
type style int

const (
	usual style = iota
	title
	faint
	worry
	alarm
	chosen
)

// codes are the parameters of SGR (ECMA-48, 8.3.117), for Mono and for Colour. All that is
// meant is in the letters as well.
var codes = map[style][2]string{
	title:  {"1", "1"},
	faint:  {"2", "2"},
	worry:  {"", "33"},
	alarm:  {"1", "1;31"},
	chosen: {"7", "7"},
}

// in puts a text into a style.
func (p Paint) in(s style, text string) string {
	if p == Plain || text == "" {
		return text
	}
	code := codes[s][p-Mono]
	if code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
