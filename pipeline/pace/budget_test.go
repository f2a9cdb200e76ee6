package pace

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ladderd/media"
)

func TestBudgetCountsPeriods(t *testing.T) {
	const thirtieth = media.Clock / 30
	thirty := media.Rate{Num: 30, Den: 1}
	cases := []struct {
		name string
		rate media.Rate
		pts  []media.Ticks
		want []int
	}{
		{"constant", thirty, []media.Ticks{0, 3000, 6000, 9000}, []int{1, 1, 1, 1}},
		{"in whole milliseconds", media.Rate{Num: 60, Den: 1}, []media.Ticks{0, 1530, 2970, 4500, 6030, 7470}, []int{1, 1, 1, 1, 1, 1}},
		{"dropped frames", thirty, []media.Ticks{0, thirtieth, 3 * thirtieth, 4 * thirtieth, 7 * thirtieth}, []int{1, 1, 2, 1, 3}},
		{"two thirds of the rate", thirty, []media.Ticks{0, 4500, 9000, 13500, 18000}, []int{1, 2, 1, 2, 1}},
		{"jitter of a quarter", thirty, []media.Ticks{0, 3750, 5250, 9750, 11250}, []int{1, 1, 1, 1, 1}},
		{"a pause longer than the buffer", thirty, []media.Ticks{0, 90000, 93000}, []int{1, 6, 1}},
		{"faster than was told", thirty, []media.Ticks{0, 2250, 4500, 6750, 12000}, []int{1, 1, 1, 1, 1}},
		{"unknown rate", media.Rate{}, []media.Ticks{0, 9000, 90000}, []int{1, 1, 1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got []int
			b := NewBudget(c.rate, 0.2)
			for _, pts := range c.pts {
				got = append(got, b.Periods(pts))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("gives %d, want %d", got, c.want)
			}
		})
	}
}

// Over any time the periods given are those that passed, to within one and a half.
func TestBudgetGivesTheTimeThatPassed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := NewBudget(media.Rate{Num: 60, Den: 1}, 0.2)
		const period = media.Clock / 60
		due, given := second, b.Periods(second)-1
		for range rapid.IntRange(1, 300).Draw(t, "pictures") {
			due += media.Ticks(rapid.Int64Range(period, 10*period).Draw(t, "step"))
			at := due + media.Ticks(rapid.Int64Range(-period/4, period/4).Draw(t, "jitter"))
			given += b.Periods(at)
			if passed := float64(at-second) / period; passed-float64(given) > 1.5 || float64(given)-passed > 1.5 {
				t.Fatalf("%d periods given of %.2f", given, passed)
			}
		}
	})
}
