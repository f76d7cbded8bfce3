package node

import (
	"context"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

const (
	// maxClaims is how many claims wait to be looked into.
	maxClaims = 256
	// partPause is how long to wait until a connection of the same peer is closed again.
	partPause = 5 * time.Second
	// claimTime is how long looking into one may take.
	claimTime = 15 * time.Second
)

// claim is a head that a peer says to hold when it asks for one. Nothing is believed
// of it: the peer is asked in turn.
type claim struct {
	m    *mirror
	peer peer.ID
	have identity.HeadRef
}

// seen notes which head of a brand a peer says to have. It doesn't wait.
func (n *Node) seen(brand protocol.CID, p peer.ID, have identity.HeadRef) {
	m := n.kept.get(brand)
	if m == nil {
		return
	}
	said := holder{epoch: have.Epoch, seq: have.Seq, at: n.millis()}
	if m.own {
		n.net.followers.note(p, said)
	}
	m.mu.Lock()
	m.heard.holds(p, said)
	news := m.isNews(have)
	m.mu.Unlock()
	if !news {
		return
	}
	select {
	case n.net.claimed <- claim{m, p, have}:
	default: // it will say so again
	}
}

// isNews reports whether a head is above the highest one known, or stands beside it
// and isn't known. m.mu is held.
func (m *mirror) isNews(have identity.HeadRef) bool {
	if m.highest == nil || have.Epoch != m.highest.Epoch {
		return m.highest == nil || have.Epoch > m.highest.Epoch
	}
	if have.Seq != m.highest.Seq {
		return have.Seq > m.highest.Seq
	}
	return have.Head != m.highest.CID && m.rival == nil
}

// lookIntoClaims asks peers that say to have news, until ctx ends.
func (n *Node) lookIntoClaims(ctx context.Context) error {
	parted := map[peer.ID]time.Time{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case c := <-n.net.claimed:
			n.lookInto(ctx, c, parted)
		}
	}
}

// lookInto asks a peer for the head that it says to have. A peer that answers with
// less than it said may be two: a home that was copied with its key. The connection
// that answered is then closed, so that the other node can be heard.
func (n *Node) lookInto(ctx context.Context, c claim, parted map[peer.ID]time.Time) {
	ctx, cancel := context.WithTimeout(ctx, claimTime)
	defer cancel()
	if !c.open() || n.ask(ctx, c.m, c.peer) != nil || !c.open() {
		return
	}
	now := time.Now()
	for id, at := range parted {
		if now.Sub(at) > partPause {
			delete(parted, id)
		}
	}
	if _, lately := parted[c.peer]; lately || !n.part(ctx, c) {
		return
	}
	parted[c.peer] = now
	if err := n.ask(ctx, c.m, c.peer); err != nil && ctx.Err() == nil {
		n.log.Debug("second node of a peer could not be asked", "brand", c.m.brand, "peer", c.peer, "reason", err)
	}
}

// open reports whether what the peer said is still news.
func (c claim) open() bool {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	return c.m.isNews(c.have)
}

// part closes the connection over which a peer answers, if there is another one.
func (n *Node) part(ctx context.Context, c claim) bool {
	h := n.net.host()
	if len(h.Network().ConnsToPeer(c.peer)) < 2 {
		return false
	}
	s, err := h.NewStream(ctx, c.peer, wire.CatchUpProtocol)
	if err != nil {
		return false
	}
	answering := s.Conn()
	_ = s.Reset()
	n.log.Warn("a peer says two things: it may be two nodes with one key", "peer", c.peer, "brand", c.m.brand, "addr", answering.RemoteMultiaddr())
	return answering.Close() == nil
}
