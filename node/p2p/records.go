package p2p

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/record"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	ma "github.com/multiformats/go-multiaddr"
)

// maxSigned bounds the records that are kept, one for each connected peer.
const maxSigned = 1024

// signed keeps the records that connected peers signed, which libp2p verifies when a
// peer says who it is, and throws away.
type signed struct {
	mu    sync.Mutex
	peers map[peer.ID]signedRecord
	sub   event.Subscription
	ended sync.WaitGroup
}

// signedRecord is an envelope and the addresses in it.
type signedRecord struct {
	data  []byte
	addrs []ma.Multiaddr
}

func newSigned() *signed { return &signed{peers: map[peer.ID]signedRecord{}} }

// hear begins to take records, until close.
func (s *signed) hear(bus event.Bus) (err error) {
	s.sub, err = bus.Subscribe(new(event.EvtPeerIdentificationCompleted), eventbus.Name("stoa-p2p"), eventbus.BufSize(64))
	if err != nil {
		return fmt.Errorf("hear of signed records: %w", err)
	}
	s.ended.Go(func() {
		for e := range s.sub.Out() {
			if done, ok := e.(event.EvtPeerIdentificationCompleted); ok {
				s.put(done)
			}
		}
	})
	return nil
}

// put keeps the record of a peer, if need be in the place of any other.
func (s *signed) put(e event.EvtPeerIdentificationCompleted) {
	r, ok := read(e.SignedPeerRecord)
	if !ok || e.Conn == nil || e.Conn.IsClosed() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.peers {
		if len(s.peers) < maxSigned {
			break
		}
		delete(s.peers, id)
	}
	s.peers[e.Peer] = r
}

// read takes a verified record apart.
func read(e *record.Envelope) (signedRecord, bool) {
	if e == nil {
		return signedRecord{}, false
	}
	data, err := e.Marshal()
	r, recordErr := e.Record()
	rec, ok := r.(*peer.PeerRecord)
	if err != nil || recordErr != nil || !ok || len(data) > maxRecord {
		return signedRecord{}, false
	}
	return signedRecord{data, rec.Addrs}, true
}

func (s *signed) get(id peer.ID) signedRecord {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peers[id]
}

func (s *signed) drop(id peer.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.peers, id)
}

func (s *signed) close() error {
	if s.sub == nil {
		return nil
	}
	err := s.sub.Close()
	s.ended.Wait()
	return err
}

// records are signed records of peers that are connected directly and public, in
// random order, without the one who asks.
func (p *P2P) records(asker peer.ID, limit int) [][]byte {
	ids := p.host.Network().Peers()
	rand.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	out := [][]byte{}
	for _, id := range ids {
		r := p.signed.get(id)
		if len(out) < limit && id != asker && p.direct(id) && slices.ContainsFunc(r.addrs, p.reachable) {
			out = append(out, r.data)
		}
	}
	return out
}

// reachable reports whether strangers may reach an address without a relay.
func (p *P2P) reachable(a ma.Multiaddr) bool { return p.worthTelling(a) && !relayed(a) }

// forget drops the record of a peer that has gone.
func (p *P2P) forget(id peer.ID) {
	if p.host.Network().Connectedness(id) == network.NotConnected {
		p.signed.drop(id)
	}
}
