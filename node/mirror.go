package node

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// mirror is what the node has in memory about a brand that it keeps: its own or one
// that it follows. What decides is durable in the store before it stands here.
type mirror struct {
	brand protocol.CID
	own   bool

	// deciding is held while a head is decided on, the durable write included.
	deciding sync.Mutex
	gone     bool // unfollowed; guarded by deciding

	mu     sync.Mutex // guards what follows, never held while anything waits
	follow store.Follow
	known                     // what the store says
	faults                    // what keeps the brand from being current
	heard  hearsay            // who said what lately
	fetch  fetching           // the worker's
	media  mediaState         // the picture fetcher's
	told   protocol.CID       // the head of which its own node was told last that it is here
	asked  map[peer.ID]uint64 // how many identity operations a peer had when it was asked for all
}

// known is what the store says of a brand.
type known struct {
	highest   *catalog.SignedHead // nil: none
	announced bool
	rival     *catalog.SignedHead // beside highest
	contests  contests
	live      *catalog.SignedHead // whose catalog is here; nil: none
	profile   summary
	products  int
}

// summary is what is shown of a brand without asking its catalog.
type summary struct {
	name     string
	contact  string
	gateways []string
	peers    []string
}

// faults are what is wrong with a brand beside contests of its heads.
type faults struct {
	forked   bool // its identity is contested
	disputed bool // the head shown was signed by a key that has been revoked
	passed   bool // the identity is at a later epoch than the head shown
	alarm    bool // of the own brand: somebody else signs
}

func newMirror(brand protocol.CID, own bool) *mirror {
	return &mirror{brand: brand, own: own, heard: newHearsay(), asked: map[peer.ID]uint64{}}
}

// loadMirror reads what the store has of a brand.
func (n *Node) loadMirror(ctx context.Context, m *mirror) error {
	st, err := n.store.Standing(ctx, m.brand)
	if err != nil {
		return fmt.Errorf("standing of %s: %w", m.brand, err)
	}
	k := known{announced: st.Announced}
	if k.highest, err = headOf(st.Highest); err != nil {
		return fmt.Errorf("standing of %s: %w", m.brand, err)
	}
	if k.rival, err = headOf(st.Rival); err != nil {
		return fmt.Errorf("standing of %s: %w", m.brand, err)
	}
	e, err := n.evidenceOf(ctx, m.brand)
	if err != nil {
		return err
	}
	k.contests = e.contests
	if e.highest != nil && k.highest != nil && e.highest.Compare(k.highest.Head) > 0 {
		k.contests = k.settled().contests
		k.highest, k.rival, k.announced = e.highest, nil, true
	}
	m.mu.Lock()
	m.known = k.settled()
	m.heard.any, m.heard.home, m.heard.met = st.Heard, st.Home, st.Home != 0
	m.mu.Unlock()
	if err := n.mend(ctx, m); err != nil {
		return fmt.Errorf("standing of %s: %w", m.brand, err)
	}
	return n.look(ctx, m)
}

// mend writes what peers are told of a contest, if a kill came between the evidence
// and that.
func (n *Node) mend(ctx context.Context, m *mirror) error {
	k := m.present()
	if len(k.contests) == 0 || k.highest == nil {
		return nil
	}
	told, rival, err := k.contests.told(*k.highest)
	if err != nil {
		return err
	}
	return n.store.UpdateStanding(ctx, m.brand, true, func(st *store.Standing) error {
		st.Highest, st.Rival = told, rival
		return nil
	})
}

// settled brings evidence and highest head into step: a kill between two writes may
// have left one of them.
func (k known) settled() known {
	if k.highest == nil {
		return k
	}
	if k.rival != nil {
		k.contests = k.contests.with(catalog.Contest{First: *k.highest, Second: *k.rival})
	}
	k.contests = k.contests.open(*k.highest)
	return k
}

func headOf(raw []byte) (*catalog.SignedHead, error) {
	if raw == nil {
		return nil, nil
	}
	head, err := catalog.DecodeHead(raw)
	return &head, err
}

// look reads what pages show of a brand and what its identity says, after either
// has changed.
func (n *Node) look(ctx context.Context, m *mirror) error {
	live, shown, products, err := n.shownOf(ctx, m.brand)
	if err != nil {
		return fmt.Errorf("look at catalog of %s: %w", m.brand, err)
	}
	f, err := n.faultsOf(ctx, m, live)
	if err != nil {
		return fmt.Errorf("look at identity of %s: %w", m.brand, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.live, m.profile, m.products, m.faults = live, shown, products, f
	if m.highest == nil || live != nil && live.Compare(m.highest.Head) > 0 {
		m.highest, m.announced = live, false
	}
	m.heard.homes = homesOf(m.profile.peers, m.follow.Peers)
	m.heard.noteBehind(m.target() != nil, n.millis())
	return nil
}

func (n *Node) shownOf(ctx context.Context, brand protocol.CID) (live *catalog.SignedHead, shown summary, products int, err error) {
	err = n.store.View(ctx, brand, func(v *store.View) error {
		head := v.Head()
		list, err := v.Products(0, 0)
		if err != nil {
			return err
		}
		live, products = &head, list.Total
		p, err := v.Profile()
		if err == nil {
			shown = summary{p.Name, p.Email, p.Gateways, p.Peers}
		}
		return orNotFound(err)
	})
	return live, shown, products, orNotFound(err)
}

func orNotFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

func (n *Node) faultsOf(ctx context.Context, m *mirror, live *catalog.SignedHead) (faults, error) {
	var f faults
	log, err := n.store.Identity(ctx, m.brand)
	if err != nil {
		return f, orNotFound(err)
	}
	state := log.State()
	f.forked = state.Contested
	if live != nil {
		f.disputed = errors.Is(catalog.VerifyHead(*live, state), catalog.ErrDisputed)
		f.passed = live.Epoch < state.Epoch
	}
	if m.own {
		alarm, err := n.Alarm(ctx)
		f.alarm = alarm != nil
		return f, err
	}
	return f, nil
}

// target returns the head whose catalog is to be fetched, nil when what is here is
// what is to be shown. m.mu is held.
func (m *mirror) target() *catalog.SignedHead {
	want := m.highest
	if len(m.contests) > 0 && want != nil && !m.contests.allows(*want) {
		kept := m.contests.inForce()
		want = &kept
	}
	if m.own || want == nil || m.live != nil && want.Compare(m.live.Head) <= 0 {
		return nil
	}
	return want
}

// present returns a copy of what the store says of the brand.
func (m *mirror) present() known {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known
}
