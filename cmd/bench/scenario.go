package main

import (
	"context"
	"fmt"
	"io"
)

// scenario is something that is measured.
type scenario struct {
	name, about string
	run         func(context.Context, *lab) ([]row, error)
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
		{"gossip", "announcements spread among many nodes of which few follow", gossip},
		{"verify", "announcements are judged", verify},
		{"delta", "a mirror takes some changes of a very large catalog", delta},
		{"unknown-base", "the same when the shop has forgotten what the mirror has", unknownBase},
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
