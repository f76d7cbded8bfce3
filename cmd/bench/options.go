package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

type options struct {
	json, list bool
	scenarios  []scenario
	scale      scale
	dir        string
	profiles   string // folder for CPU profiles, "" for none
}

// scale says how much a run measures. Targets hold for the full one.
type scale struct {
	name        string
	big, shop   int           // products of the large and of the ordinary catalog
	calm        time.Duration // for which a node just opened over a fresh catalog is left alone
	edits       int           // prices changed, and bare writes
	records     int           // of the trie, and of the very large catalog
	changes     int           // offers changed in it
	proofs      int           // of each kind
	starts      int           // of the binary
	seen        int           // edits looked for at a mirror
	mirrored    int           // products of each brand that it mirrors
	rush        int           // edits in a rush
	rushTime    time.Duration // that they take
	brands      int           // that one node follows
	wares       int           // products of each of them
	nodes       int           // that gossip
	heads       int           // that they tell each other of: fewer than a brand may announce at once
	judged      int           // announcements
	syncs       int           // of a whole catalog, of each arm
	pages       int           // that are kept warm
	rounds      int           // of each arm
	round       time.Duration // of a warm arm
	chunks      int           // into which the cold requests are cut
	visible     int           // edits looked for on their page
	connections int
	buyers      int // shoppers at once
	orders      int // that they place in a round
	rushing     int // buyers who come at the same moment
	pieces      int // that there are for them
	threads     int // that a node has
	recalls     int // of one of them
	replies     int // in each direction
}

var scales = map[string]scale{
	"full": {
		name: "full", big: 100_000, shop: 20_000, calm: 10 * time.Second, edits: 1000,
		records: 1_000_000, changes: 100, proofs: 20_000, starts: 5,
		seen: 200, mirrored: 1000, rush: 100, rushTime: 10 * time.Second, brands: 1000, wares: 100,
		nodes: 200, heads: 25, judged: 20_000, syncs: 2,
		pages: 256, rounds: 7, round: time.Second, chunks: 10, visible: 20, connections: 32,
		buyers: 32, orders: 1500, rushing: 2000, pieces: 500, threads: 100_000, recalls: 2000, replies: 300,
	},
	"small": {
		name: "small", big: 250, shop: 120, edits: 5,
		records: 2_500, changes: 10, proofs: 100, starts: 1,
		seen: 3, mirrored: 20, rush: 5, rushTime: 100 * time.Millisecond, brands: 4, wares: 5,
		nodes: 12, heads: 3, judged: 50, syncs: 1,
		pages: 8, rounds: 2, round: 30 * time.Millisecond, chunks: 3, visible: 2, connections: 4,
		buyers: 4, orders: 12, rushing: 12, pieces: 5, threads: 50, recalls: 10, replies: 5,
	},
}

func parse(args []string, help io.Writer) (options, error) {
	var o options
	var names []string
	var size string
	f := pflag.NewFlagSet("bench", pflag.ContinueOnError)
	f.SetOutput(help)
	f.BoolVar(&o.json, "json", false, "write one line of JSON a row")
	f.BoolVar(&o.list, "list", false, "list the scenarios")
	f.StringSliceVar(&names, "scenario", nil, "run only these; several may follow")
	f.StringVar(&size, "scale", "full", "full or small; targets are for full")
	f.StringVar(&o.dir, "dir", "", "folder on the disk to measure; default is the one for temporary files")
	f.StringVar(&o.profiles, "profiles", "", "folder for a CPU profile of this process during each scenario")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	var ok bool
	if o.scale, ok = scales[size]; !ok {
		return o, fmt.Errorf("--scale %q is neither full nor small", size)
	}
	if len(names) == 0 && f.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag; scenarios follow --scenario", f.Arg(0))
	}
	var err error
	o.scenarios, err = choose(append(names, f.Args()...))
	return o, err
}

// choose returns the scenarios of these names in the order of the list, all if
// there are none.
func choose(names []string) ([]scenario, error) {
	var chosen []scenario
	for _, s := range scenarios() {
		if len(names) == 0 || slices.Contains(names, s.name) {
			chosen = append(chosen, s)
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(chosen, func(s scenario) bool { return s.name == name }) {
			return nil, fmt.Errorf("there is no scenario %q; there are %s", name, strings.Join(scenarioNames(), ", "))
		}
	}
	return chosen, nil
}
