package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"text/tabwriter"
)

// row is one thing that was measured. With a baseline the target is for the
// ratio, without one for the value.
type row struct {
	Scenario string   `json:"scenario"`
	Row      string   `json:"row"`
	Value    float64  `json:"value"`
	Unit     string   `json:"unit"`
	Baseline *float64 `json:"baseline"`
	Ratio    *float64 `json:"ratio"`
	Better   string   `json:"better"` // higher or lower
	Target   float64  `json:"target"`
	Met      bool     `json:"met"`
}

const (
	higher = "higher"
	lower  = "lower"
)

// absolute is a row whose value must keep to the target.
func absolute(name string, value float64, unit, better string, target float64) row {
	return row{Row: name, Value: round(value), Unit: unit, Better: better, Target: target, Met: keeps(value, better, target)}
}

// beside is a row whose ratio to the baseline must keep to the target.
func beside(name string, value, baseline float64, unit, better string, target float64) row {
	ratio := value / baseline
	r := absolute(name, value, unit, better, target)
	shown, base := round(ratio), round(baseline)
	r.Ratio, r.Baseline, r.Met = &shown, &base, keeps(ratio, better, target)
	return r
}

func keeps(x float64, better string, target float64) bool {
	if better == higher {
		return x >= target
	}
	return x <= target
}

// round keeps four significant digits, and all digits before the point.
func round(x float64) float64 {
	if x == 0 || math.Abs(x) >= 1000 {
		return math.Round(x)
	}
	unit := math.Pow10(3 - int(math.Floor(math.Log10(math.Abs(x)))))
	return math.Round(x*unit) / unit
}

func writeJSON(w io.Writer, rows []row) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, r := range rows {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

func writeTable(w io.Writer, rows []row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "scenario\trow\tours\tbaseline\tratio\ttarget\tmet")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s %s\t%s\t%s\t%s\t%s\n", r.Scenario, r.Row, number(r.Value), r.Unit,
			optional(r.Baseline), optional(r.Ratio), r.target(), map[bool]string{true: "yes", false: "NO"}[r.Met])
	}
	return t.Flush()
}

func (r row) target() string {
	sign := map[string]string{higher: "≥ ", lower: "≤ "}[r.Better]
	if r.Ratio != nil {
		return sign + number(r.Target)
	}
	return sign + number(r.Target) + " " + r.Unit
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

func optional(x *float64) string {
	if x == nil {
		return "–"
	}
	return number(*x)
}
