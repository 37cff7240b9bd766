//go:build bench

package bench

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// A figure holds the results of all rounds of a measurement; the table shows their median and
// spread.
type figure []float64

func (f figure) median() float64 {
	if len(f) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(f))
	return s[len(s)/2]
}

func (f figure) String() string {
	if len(f) == 0 {
		return "not measured"
	}
	if len(f) == 1 {
		return short(f[0])
	}
	return fmt.Sprintf("%s (%s–%s)", short(f.median()), short(slices.Min(f)), short(slices.Max(f)))
}

func short(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// A row compares the product to bare software; aim is the ratio, or the value, that the product
// should reach.
type row struct {
	what, unit string
	ours, bare figure
	bareName   string
	aim        string
}

func (r *row) ratio() string {
	if len(r.bare) == 0 || len(r.ours) == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f×", r.ours.median()/r.bare.median())
}

// table collects rows and prints them.
type table struct{ rows []row }

func (t *table) print() {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join([]string{"figure", "unit", "urncast", "beside", "", "ratio", "aim"}, "\t"))
	for i := range t.rows {
		r := &t.rows[i]
		beside := ""
		if len(r.bare) > 0 {
			beside = r.bare.String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.what, r.unit, r.ours, beside, r.bareName, r.ratio(), r.aim)
	}
	w.Flush()
}

// percentile returns a percentile of durations, in milliseconds.
func percentile(d []time.Duration, p float64) float64 {
	s := slices.Sorted(slices.Values(d))
	if len(s) == 0 {
		return 0
	}
	return float64(s[min(len(s)-1, int(float64(len(s))*p))].Microseconds()) / 1000
}
