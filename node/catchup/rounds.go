package catchup

import "github.com/stoa-commerce/stoa/protocol/wire"

// rounds counts the round trips of a descent: the requests of the longest chain in
// which each needed the answer to the one before.
type rounds struct {
	at      map[string]int // by prefix, the round in which its children were shown
	leaves  int            // the latest in which leaves were
	longest int
}

func newRounds() rounds { return rounds{at: map[string]int{}} }

// of returns the round of a request that is to be made now.
func (r *rounds) of(request wire.Request) (round int) {
	for _, prefix := range prefixes(request) {
		n := len(prefix)
		for n > 0 && r.at[prefix[:n]] == 0 {
			n--
		}
		round = max(round, 1+r.at[prefix[:n]])
	}
	return round
}

// done takes the answer to a piece.
func (r *rounds) done(p *piece) {
	r.longest = max(r.longest, p.round)
	if p.fetch != nil {
		return
	}
	if _, ok := p.work.Request.(*wire.DescendRequest); !ok {
		r.leaves = max(r.leaves, p.round)
		return
	}
	for _, prefix := range prefixes(p.work.Request) {
		r.at[prefix] = p.round
	}
}

func prefixes(request wire.Request) (all []string) {
	switch r := request.(type) {
	case *wire.DescendRequest:
		for _, a := range r.Asks {
			all = append(all, string(a.Prefix))
		}
	case *wire.LeavesRequest:
		for _, a := range r.Asks {
			all = append(all, string(a.Prefix))
		}
	case *wire.SegmentRequest:
		all = append(all, string(r.Prefix))
	}
	return all
}
