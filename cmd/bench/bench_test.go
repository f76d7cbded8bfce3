package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// The baseline of the page scenarios is a copy of the running program.
func TestMain(m *testing.M) {
	if list := os.Getenv(bareEnv); list != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		os.Exit(bareMain(ctx, list))
	}
	os.Exit(m.Run())
}

func TestEveryScenarioGivesWholeRows(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and starts the binary")
	}
	var out, log bytes.Buffer
	if code := bench(t.Context(), []string{"--scale", "small", "--json"}, &out, &log); code != exitDone {
		t.Fatalf("exit %d\n%s", code, log.String())
	}
	seen := map[string]bool{}
	for line := range strings.Lines(out.String()) {
		r := checkLine(t, line)
		if seen[r.Scenario+r.Row] {
			t.Errorf("row %q of %s comes twice", r.Row, r.Scenario)
		}
		seen[r.Scenario+r.Row], seen[r.Scenario] = true, true
		if r.Scenario == "page" && r.Unit == "of 1" && !r.Met {
			t.Error("an edit didn't show in the next response")
		}
	}
	for _, name := range scenarioNames() {
		if !seen[name] {
			t.Errorf("%s gave no row", name)
		}
	}
}

// checkLine checks one line of the JSON that scripts read.
func checkLine(t *testing.T, line string) row {
	t.Helper()
	var fields map[string]json.RawMessage
	var r row
	if err := json.Unmarshal([]byte(line), &fields); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	for _, name := range []string{"scenario", "row", "value", "unit", "baseline", "ratio", "better", "target", "met"} {
		if _, ok := fields[name]; !ok {
			t.Errorf("%s has no %s", line, name)
		}
	}
	good := func(x float64) bool { return x > 0 && !math.IsInf(x, 0) && !math.IsNaN(x) }
	if len(fields) != 9 || !good(r.Value) || !good(r.Target) || r.Row == "" || r.Unit == "" || (r.Baseline == nil) != (r.Ratio == nil) {
		t.Errorf("odd row: %s", line)
	}
	if r.Ratio != nil && (!good(*r.Ratio) || math.Abs(*r.Ratio/(r.Value / *r.Baseline)-1) > 0.01) {
		t.Errorf("the ratio isn't that of value and baseline: %s", line)
	}
	if r.Better != higher && r.Better != lower {
		t.Errorf("better is %q: %s", r.Better, line)
	}
	return r
}

func TestARowIsMetByItsRatioOrElseByItsValue(t *testing.T) {
	for _, c := range []struct {
		row row
		met bool
	}{
		{absolute("", 1, "s", lower, 1), true},
		{absolute("", 1.01, "s", lower, 1), false},
		{absolute("", 2, "of 1", higher, 1), true},
		{beside("", 30, 10, "ms", lower, 3), true},
		{beside("", 31, 10, "ms", lower, 3), false},
		{beside("", 59, 100, "pages/s", higher, 0.6), false},
		{beside("", 60, 100, "pages/s", higher, 0.6), true},
	} {
		if c.row.Met != c.met {
			t.Errorf("%+v: met is %v", c.row, c.row.Met)
		}
	}
}

func TestTheTableShowsEveryRow(t *testing.T) {
	var b bytes.Buffer
	rows := []row{absolute("alone", 2.5, "s", lower, 1), beside("both", 30, 10, "ms", lower, 3)}
	if err := writeTable(&b, rows); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"alone", "2.5 s", "≤ 1 s", "NO", "both", "30 ms", "10", "≤ 3", "yes"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func TestTheCommandLine(t *testing.T) {
	for _, c := range []struct {
		args  string
		names string // chosen; "" when the line is wrong
	}{
		{"", strings.Join(scenarioNames(), " ")},
		{"--scenario trie", "trie"},
		{"--scenario page trie --json", "trie page"},
		{"--scale small --scenario trie,weight", "trie weight"},
		{"--scenario trie --scenario start", "trie start"},
		{"--scenario none", ""},
		{"trie", ""},
		{"--scale huge", ""},
		{"--colour", ""},
	} {
		o, err := parse(strings.Fields(c.args), &bytes.Buffer{})
		var names []string
		for _, s := range o.scenarios {
			names = append(names, s.name)
		}
		if (err == nil) != (c.names != "") || err == nil && strings.Join(names, " ") != c.names {
			t.Errorf("%q: %v, %v", c.args, names, err)
		}
	}
}

func TestWhatTheCommandEndsWith(t *testing.T) {
	missing := fmt.Sprintf("%s/missing", t.TempDir())
	for args, want := range map[string]int{
		"--list": exitDone, "--help": exitDone, "--scenario none": exitUsage,
		"--scale small --scenario trie": exitDone, "--scenario trie --dir " + missing: exitFailed,
	} {
		var out, log bytes.Buffer
		if code := bench(t.Context(), strings.Fields(args), &out, &log); code != want {
			t.Errorf("%q ends with %d instead of %d: %s", args, code, want, log.String())
		}
	}
}

func TestMiddleAndTail(t *testing.T) {
	values := []int{5, 1, 4, 2, 3}
	if m := median(values); m != 3 || !slices.Equal(values, []int{5, 1, 4, 2, 3}) {
		t.Errorf("median %d, values now %v", m, values)
	}
	if p := percentile(values, 99); p != 5 {
		t.Errorf("99th percentile %d", p)
	}
	for n, want := range map[int]string{7: "7", 1000: "1,000", 1234567: "1,234,567"} {
		if got := count(n); got != want {
			t.Errorf("%d is written %s", n, got)
		}
	}
}
