package gossip

import (
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// maxFetches is of how many brands, and of how many peers, it is remembered that they
// were asked for, or asked.
const maxFetches = 4096

// fetchRate is how often a peer is asked for operations of what it delivered.
func fetchRate() wire.Rate { return wire.Rate{Burst: 8, Every: 30_000} }

// failRate is how often a peer may fail to answer with good ones. An honest peer
// has them, because it judged the announcement itself; who has nobody answer keeps
// others waiting.
func failRate() wire.Rate { return wire.Rate{Burst: 3, Every: 5 * 60_000} }

// brandFetchRate is how often operations of one brand are asked for. Those that are
// good are remembered, so that this is for those that aren't.
func brandFetchRate() wire.Rate { return wire.Rate{Burst: 4, Every: 60_000} }

// sulk is how long a peer that failed for a brand isn't asked for it again, so that
// it doesn't spend the brand's budget.
const sulk protocol.Millis = 60_000

// fetches is what was spent on a brand.
type fetches struct {
	budget wire.Budget
	failed map[peer.ID]protocol.Millis
	last   protocol.Millis
}

// asking is what was spent on a peer.
type asking struct {
	asked, failed wire.Budget
	busy          bool // it is being asked: one that keeps us waiting takes one turn only
	last          protocol.Millis
}

// promises reports whether a peer may have good operations of a brand, for all that
// is remembered of both.
func (w *ward) promises(brand protocol.CID, from peer.ID, now protocol.Millis) bool {
	if t := w.tried[brand]; t != nil && (t.budget.Wait(brandFetchRate(), now) > 0 || t.sulks(from, now)) {
		return false
	}
	p := w.peers[from]
	return p == nil || p.failed.Wait(failRate(), now) == 0
}

func (t *fetches) sulks(from peer.ID, now protocol.Millis) bool {
	at, failed := t.failed[from]
	return failed && now-at < sulk
}

// failed notes that a peer had no good operations of a brand. Where they are only
// too many, that is the brand's doing.
func (w *ward) failed(brand protocol.CID, from peer.ID, tooMany bool, now protocol.Millis) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !tooMany {
		w.askingOf(from, now).failed.Spend(failRate(), now)
	}
	t := w.triedOf(brand, now)
	for id, at := range t.failed {
		if now-at >= sulk {
			delete(t.failed, id)
		}
	}
	t.failed[from] = now
}

func (w *ward) triedOf(brand protocol.CID, now protocol.Millis) *fetches {
	t := w.tried[brand]
	if t == nil {
		makeRoom(w.tried, func(t *fetches) bool { return regained(brandFetchRate(), t.last, now) })
		t = &fetches{failed: map[peer.ID]protocol.Millis{}}
		w.tried[brand] = t
	}
	t.last = now
	return t
}

func (w *ward) askingOf(id peer.ID, now protocol.Millis) *asking {
	p := w.peers[id]
	if p == nil {
		makeRoom(w.peers, func(p *asking) bool { return !p.busy && regained(failRate(), p.last, now) })
		p = &asking{}
		w.peers[id] = p
	}
	p.last = now
	return p
}

// regained reports whether all of a budget is back.
func regained(r wire.Rate, last, now protocol.Millis) bool {
	return now-last > protocol.Millis(r.Burst)*r.Every
}

// makeRoom forgets what is idle in a map that is full, and whatever else it must.
func makeRoom[K comparable, V any](m map[K]V, idle func(V) bool) {
	if len(m) < maxFetches {
		return
	}
	for k, v := range m {
		if idle(v) {
			delete(m, k)
		}
	}
	for k := range m {
		if len(m) < maxFetches {
			return
		}
		delete(m, k)
	}
}
