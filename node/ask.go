package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/store"
)

// askTime is how long a peer may take to say what it knows of a brand.
const askTime = 30 * time.Second

// ask asks a peer for the highest head of a brand, tells it which one is here, and
// takes what it says: identity operations, the head, the evidence of a contest.
func (n *Node) ask(ctx context.Context, m *mirror, p peer.ID) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	have := m.have()
	page, err := n.net.client.Head(ctx, p, m.brand, have)
	if err != nil {
		return err
	}
	if have != nil {
		m.mu.Lock()
		m.told = have.Head
		m.mu.Unlock()
	}
	if err := n.askIdentity(ctx, m, p, page.Ops); err != nil {
		return err
	}
	if m.own {
		return n.orBlame(p, m, n.takeOwn(ctx, page.Head, page.Rival))
	}
	var failed []error
	for _, raw := range [][]byte{page.Head, page.Rival} {
		if raw == nil {
			continue
		}
		err := n.takeHead(ctx, m, p, raw)
		if errors.Is(err, catalog.ErrUnknownOperation) && n.fetchIdentity(ctx, m, p, page.Ops) == nil {
			err = n.takeHead(ctx, m, p, raw) // it may lie on another branch of the identity
		}
		failed = append(failed, err) // of two heads a good one counts though the other is none
	}
	return errors.Join(failed...)
}

// have names the head whose whole catalog is here.
func (m *mirror) have() *identity.HeadRef {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.live == nil {
		return nil
	}
	ref := m.live.Ref()
	return &ref
}

// takeHead takes a head of a followed brand that a peer gave when it was asked.
func (n *Node) takeHead(ctx context.Context, m *mirror, p peer.ID, raw []byte) error {
	head, err := catalog.DecodeHead(raw)
	if err != nil {
		return err
	}
	verdict, err := n.learn(ctx, m, report{head: head, from: p})
	switch verdict {
	case catalog.Newer, catalog.Conflicting:
		n.passOn(ctx, m, head)
	case catalog.FastForward:
		n.net.p2p.Blame(p, fmt.Sprintf("head of %s is dated ahead of itself", m.brand))
	}
	return n.orBlame(p, m, err)
}

// orBlame blames a peer for a head that is provably wrong, whoever looks at it. One
// that a revoked key signed, or whose operation isn't known here, may have been passed
// on in good faith.
func (n *Node) orBlame(p peer.ID, m *mirror, err error) error {
	switch catalog.ReasonOf(err) {
	case catalog.HeadSignature, catalog.BrandMismatch, catalog.WrongEpoch:
		n.log.Warn("peer gave a forged head", "brand", m.brand, "peer", p, "reason", err)
		n.net.p2p.Blame(p, "forged head: "+err.Error())
	}
	return err
}

// askIdentity asks a peer for the operations of a brand when it has more of them.
func (n *Node) askIdentity(ctx context.Context, m *mirror, p peer.ID, ops uint64) error {
	known, err := n.operations(ctx, m.brand)
	if err != nil {
		return err
	}
	if known > 0 && ops <= known {
		return nil
	}
	if known == 0 {
		m.mu.Lock()
		delete(m.asked, p) // nothing came of it
		m.mu.Unlock()
	}
	return n.fetchIdentity(ctx, m, p, ops)
}

func (n *Node) operations(ctx context.Context, brand protocol.CID) (uint64, error) {
	log, err := n.store.Identity(ctx, brand)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return uint64(log.Len()), nil
}

// maxAsked bounds how many peers are remembered that were asked for all operations of
// one brand.
const maxAsked = 256

// fetchIdentity asks a peer for all operations of a brand, once for each number of
// them that the peer says it has.
func (n *Node) fetchIdentity(ctx context.Context, m *mirror, p peer.ID, ops uint64) error {
	m.mu.Lock()
	again := m.asked[p] == ops
	m.mu.Unlock()
	if again {
		return nil
	}
	raw, err := n.net.client.Identity(ctx, p, m.brand, 0)
	if err != nil {
		return err
	}
	m.mu.Lock()
	if len(m.asked) >= maxAsked {
		clear(m.asked)
	}
	m.asked[p] = ops
	m.mu.Unlock()
	signed, err := decodeOps(raw)
	if err == nil {
		err = n.learnIdentity(ctx, m, signed)
	}
	if errors.Is(err, protocol.ErrInvalid) {
		n.log.Warn("peer gave a forged identity", "brand", m.brand, "peer", p, "reason", err)
		n.net.p2p.Blame(p, "forged identity: "+err.Error())
	}
	if err != nil {
		return fmt.Errorf("identity of %s from %s: %w", m.brand, p, err)
	}
	return nil
}

func decodeOps(raw [][]byte) ([]protocol.Signed, error) {
	var out []protocol.Signed
	for _, b := range raw {
		s, err := protocol.DecodeSigned(b)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// brandOfPeer asks a peer which brand is its own.
func (n *Node) brandOfPeer(ctx context.Context, p peer.ID) (protocol.CID, error) {
	list, err := n.net.client.Brands(ctx, p)
	if err != nil {
		return protocol.CID{}, fmt.Errorf("ask %s for its brand: %w", p, err)
	}
	if len(list) == 0 {
		return protocol.CID{}, fmt.Errorf("peer %s: %w", p, ErrNoBrandThere)
	}
	return list[0], nil
}
