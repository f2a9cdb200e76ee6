package top

import "strings"

// cell is a text in a table, and what it means.
type cell struct {
	text  string
	style style
}

// column is where cells stand.
type column struct {
	title string
	width int
	right bool
}

// row is a line of cells; all of it is in a style where that is not the usual one.
func (p Paint) row(columns []column, cells []cell, all style) string {
	var b strings.Builder
	for i, c := range columns {
		if i > 0 {
			b.WriteByte(' ')
		}
		text := fit(cells[i].text, c.width, c.right)
		if all == usual {
			text = p.in(cells[i].style, text)
		}
		b.WriteString(text)
	}
	return p.in(all, strings.TrimRight(b.String(), " "))
}

// titles are the row above.
func (p Paint) titles(columns []column) string {
	cells := make([]cell, len(columns))
	for i, c := range columns {
		cells[i].text = c.title
	}
	return p.row(columns, cells, faint)
}

// breadth is how many columns of the terminal a table takes.
func breadth(columns []column) int {
	sum := len(columns) - 1
	for _, c := range columns {
		sum += c.width
	}
	return sum
}
