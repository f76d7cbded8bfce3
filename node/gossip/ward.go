package gossip

import (
	"slices"
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

const (
	// maxMissing is of how many brands announcements wait for operations at a time.
	maxMissing = 64
	// maxCandidates is how many announcements of one brand do, one a deliverer.
	maxCandidates = 4
	// maxBearers is how many deliverers of what waits are remembered for a brand.
	maxBearers = 4
)

// candidate is an announcement that may turn out good when the operations are here.
type candidate struct {
	announcement wire.Announcement
	data         []byte
	from         peer.ID
	message      [32]byte
}

// missing is a brand whose operations are being asked for.
type missing struct {
	brand      protocol.CID
	candidates []candidate
	bearers    []peer.ID // that delivered one of them, in the order in which they are asked
	asked      int       // of the bearers; the first one was charged when it was admitted
	busy       bool      // one is being asked
}

// ward holds announcements that wait for operations, and what asking has cost.
type ward struct {
	mu      sync.Mutex
	brands  map[protocol.CID]*missing
	order   []*missing // all brands, the one that waits longest first
	tried   map[protocol.CID]*fetches
	peers   map[peer.ID]*asking
	message map[string]protocol.CID // the brand, by the identifier of a candidate
}

func newWard() *ward {
	return &ward{brands: map[protocol.CID]*missing{}, tried: map[protocol.CID]*fetches{}, peers: map[peer.ID]*asking{}, message: map[string]protocol.CID{}}
}

// admit takes a candidate, if its deliverer may be asked, and reports whether its
// brand is a new one.
func (w *ward) admit(c candidate, now protocol.Millis) (first bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	brand := c.announcement.Head.Brand
	m := w.brands[brand]
	if m != nil {
		w.add(m, c)
		return false
	}
	if len(w.brands) >= maxMissing || !w.promises(brand, c.from, now) || !w.askingOf(c.from, now).asked.Spend(fetchRate(), now) {
		return false
	}
	m = &missing{brand: brand}
	w.brands[brand], w.order = m, append(w.order, m)
	w.add(m, c)
	return true
}

// add keeps the highest candidate of each deliverer.
func (w *ward) add(m *missing, c candidate) {
	i := slices.IndexFunc(m.candidates, func(o candidate) bool { return o.from == c.from })
	switch {
	case i >= 0 && m.candidates[i].announcement.Head.Compare(c.announcement.Head.Head) >= 0:
		return
	case i >= 0:
		delete(w.message, string(m.candidates[i].message[:]))
		m.candidates[i] = c
	case len(m.candidates) < maxCandidates:
		m.candidates = append(m.candidates, c)
	default:
		return
	}
	w.message[string(c.message[:])] = c.announcement.Head.Brand
	m.borne(c.from)
}

func (m *missing) borne(from peer.ID) {
	if len(m.bearers) < maxBearers && !slices.Contains(m.bearers, from) {
		m.bearers = append(m.bearers, from)
	}
}

// again notes that a peer delivered a copy of what may be a candidate.
func (w *ward) again(message string, from peer.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if brand, waits := w.message[message]; waits {
		w.brands[brand].borne(from)
	}
}

// pick returns what waits longest for somebody who may be asked now, and charges
// both. answered must follow.
func (w *ward) pick(now protocol.Millis) (*missing, peer.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range slices.Clone(w.order) {
		if from, ok := w.pickBearer(m, now); ok {
			m.busy, w.peers[from].busy = true, true
			return m, from
		}
		if !m.busy && m.asked == len(m.bearers) {
			w.forget(m)
		}
	}
	return nil, ""
}

func (w *ward) pickBearer(m *missing, now protocol.Millis) (peer.ID, bool) {
	for !m.busy && m.asked < len(m.bearers) {
		from := m.bearers[m.asked]
		p := w.askingOf(from, now)
		if p.busy {
			return "", false
		}
		m.asked++
		if w.promises(m.brand, from, now) && (m.asked == 1 || p.asked.Spend(fetchRate(), now)) {
			w.triedOf(m.brand, now).budget.Spend(brandFetchRate(), now)
			return from, true
		}
	}
	return "", false
}

// answered ends what pick began.
func (w *ward) answered(m *missing, from peer.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m.busy = false
	if p := w.peers[from]; p != nil {
		p.busy = false
	}
}

// highest returns of what waits for operations of a brand the highest head. If nothing
// does, the brand isn't waiting any more, either.
func (w *ward) highest(brand protocol.CID) (candidate, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.brands[brand]
	if m == nil {
		return candidate{}, false
	}
	if len(m.candidates) == 0 {
		w.forget(m)
		return candidate{}, false
	}
	return slices.MaxFunc(m.candidates, func(a, b candidate) int {
		return a.announcement.Head.Compare(b.announcement.Head.Head)
	}), true
}

// judged takes out a candidate.
func (w *ward) judged(c candidate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.message, string(c.message[:]))
	if m := w.brands[c.announcement.Head.Brand]; m != nil {
		m.candidates = slices.DeleteFunc(m.candidates, func(o candidate) bool { return o.message == c.message })
	}
}

// discharge forgets what waits for operations of a brand.
func (w *ward) discharge(brand protocol.CID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m := w.brands[brand]; m != nil {
		w.forget(m)
	}
}

func (w *ward) forget(m *missing) {
	delete(w.brands, m.brand)
	w.order = slices.DeleteFunc(w.order, func(o *missing) bool { return o == m })
	for _, c := range m.candidates {
		delete(w.message, string(c.message[:]))
	}
}
