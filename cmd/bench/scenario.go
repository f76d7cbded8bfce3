package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/pprof"
)

// scenario is something that is measured.
type scenario struct {
	name, about string
	run         func(context.Context, *lab) ([]row, error)
}

// profiled runs the scenario and writes where this process spent its time to a file
// of its name in the folder, if there is one.
func (s scenario) profiled(ctx context.Context, l *lab, folder string) (rows []row, err error) {
	if folder == "" {
		return s.run(ctx, l)
	}
	f, err := os.Create(filepath.Join(folder, s.name+".pprof"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	defer pprof.StopCPUProfile()
	return s.run(ctx, l)
}

// scenarios are all there are, in the order they run: those of one home together.
func scenarios() []scenario {
	return []scenario{
		{"trie", "the size of proofs", trieSizes},
		{"publish", "one price changed until the new head is durable", publish},
		{"start", "a node with a large catalog starts", start},
		{"page", "product pages that were asked for before", warmPages},
		{"page-cold", "product pages that nobody has asked for yet", coldPages},
		{"weight", "what a browser loads for a product page, without pictures", weight},
		{"visible", "an edit on one node until another's page has it", visible},
		{"gossip", "announcements spread among many nodes of which few follow", gossip},
		{"verify", "announcements are judged", verify},
		{"full-sync", "a node fetches a whole catalog", fullSync},
		{"delta", "a mirror takes some changes of a very large catalog", delta},
		{"unknown-base", "the same when the shop has forgotten what the mirror has", unknownBase},
		{"checkout", "sealed orders over HTTP, from quote to verified commit", checkout},
		{"contention", "many more buyers than pieces, at once", contention},
		{"recall", "a conversation among very many is read", recall},
		{"reply", "a message until it is read on the other side", reply},
		{"memory", "a node follows many brands", memory},
	}
}

func scenarioNames() []string {
	var names []string
	for _, s := range scenarios() {
		names = append(names, s.name)
	}
	return names
}

func listScenarios(w io.Writer) {
	for _, s := range scenarios() {
		fmt.Fprintf(w, "%-13s %s\n", s.name, s.about)
	}
}
