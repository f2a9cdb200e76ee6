package chaos

import (
	"fmt"
	"slices"
)

// Growth is by how much the figures of a daemon may have grown that keeps nothing.
type Growth struct {
	RSS        int64 `json:"rss_bytes"` // bytes, of its own memory too
	Goroutines int64 `json:"goroutines"`
	Files      int64 `json:"files"`
	// Threads are not given back by Go: there are as many as were ever busy at once.
	Threads int64 `json:"threads"`
}

// Trend is how a figure has gone: its median over the first and over the last third of the
// quiet points.
type Trend struct {
	Name  string `json:"name"`
	First int64  `json:"first"`
	Last  int64  `json:"last"`
	Most  int64  `json:"allowed"` // by which Last may exceed First
}

// Grew says whether it is not flat.
func (t Trend) Grew() bool { return t.Last-t.First > t.Most }

// String is a line.
func (t Trend) String() string {
	if t.Name == "RSS" || t.Name == "own memory" {
		return fmt.Sprintf("%-16s %8.1f MB %8.1f MB   %+.1f, %.1f allowed", t.Name, float64(t.First)/1e6, float64(t.Last)/1e6, float64(t.Last-t.First)/1e6, float64(t.Most)/1e6)
	}
	return fmt.Sprintf("%-16s %8d    %8d      %+d, %d allowed", t.Name, t.First, t.Last, t.Last-t.First, t.Most)
}

// Trends are all figures'. Single quiet points say little: the garbage collector may have come
// just before one, and a thread may have been busy by chance.
func Trends(points []Figures, allowed Growth) (trends []Trend) {
	if len(points) == 0 {
		return nil
	}
	most := map[string]int64{"RSS": allowed.RSS, "own memory": allowed.RSS, "goroutines": allowed.Goroutines, "threads": allowed.Threads, "descriptors": allowed.Files}
	third := max(len(points)/3, 1)
	for _, l := range list {
		trends = append(trends, Trend{l.name, median(points[:third], l), median(points[len(points)-third:], l), most[l.name]})
	}
	return trends
}

// median of an even number is the mean of the two in the middle.
func median(points []Figures, l figure) int64 {
	values := make([]int64, len(points))
	for i := range points {
		values[i] = *l.of(&points[i])
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
