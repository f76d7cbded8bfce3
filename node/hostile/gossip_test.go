package hostile_test

import (
	"fmt"
	"testing"

	"github.com/stoa-commerce/stoa/node/hostile"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// An attack is one program of a hostile peer and what is to be said of it.
type attack struct {
	name string
	long bool // left out of short runs
	// evil does it, and returns the peer that did and what the mirror's log must say
	// about that peer.
	evil func(*scene) (*hostile.Peer, []said)
	// blamed says whether the peer is to be blamed.
	blamed bool
}

// on puts the attack to the honest nodes of a scene and sees that they are as before.
func (a attack) on(t *testing.T, s *scene) {
	if a.long && testing.Short() {
		t.Skip("takes long")
	}
	defer s.act(t)()
	s.edits()
	s.was = measure()
	p, want := a.evil(s)
	for _, line := range want {
		line.peer = p.Host.ID().String()
		s.mirror.logs(line)
	}
	blame := said{msg: "peer is blamed", peer: p.Host.ID().String()}
	if a.blamed {
		s.mirror.logs(blame)
	}
	s.edits()
	s.edits()
	if n := s.mirror.log.count(blame); (n > 0) != a.blamed {
		t.Errorf("blamed %d times", n)
	}
	s.unharmed()
}

// unharmed compares catalog and cost after an attack.
func (s *scene) unharmed() {
	s.Helper()
	s.same()
	s.stands("current")
	s.bounded()
	s.edits()
	s.same()
	if n := s.mirror.log.count(said{msg: "peer is blamed", peer: s.brand.status().PeerID}); n > 0 {
		s.Errorf("the brand's own node was blamed %d times", n)
	}
}

func verdict(v wire.Verdict, r wire.Reason) said {
	return said{msg: "announcement", verdict: string(v), reason: string(r)}
}

// bent is the announcement of a head above the brand's last one, bent before it was
// signed.
func (s *scene) bent(b *hostile.Brand, bend func(*catalog.Head)) []byte {
	s.Helper()
	_, shelf, err := s.brand.all(s.brand.Brand())
	s.check(err)
	h, err := b.Next(shelf, s.clock.millis())
	s.check(err)
	bend(&h)
	head, err := b.Sign(h)
	s.check(err)
	data, err := b.Announce(head)
	s.check(err)
	return data
}

func asItIs(*catalog.Head) {}

// delivers publishes announcements to the mirror from a peer of its own.
func (s *scene) delivers(messages ...[]byte) *hostile.Peer {
	s.Helper()
	p, g := s.gossips()
	s.check(g.Publish(messages...))
	return p
}

// nonCanonical says the same in bytes that aren't canonical: the length of the map
// stands in a byte of its own.
func nonCanonical(data []byte) []byte {
	return append([]byte{data[0]&0xe0 | 24, data[0] & 31}, data[1:]...)
}

func gossipAttacks() []attack {
	return []attack{
		{name: "a wrong signature is rejected", blamed: true, evil: func(s *scene) (*hostile.Peer, []said) {
			p := s.delivers(s.bent(s.impostor(), asItIs))
			return p, []said{by(p.Host.ID(), s.brand.Brand(), verdict(wire.Reject, wire.HeadSignature))}
		}},
		{name: "bytes that aren't canonical are rejected", blamed: true, evil: func(s *scene) (*hostile.Peer, []said) {
			p := s.delivers(nonCanonical(s.bent(s.impostor(), asItIs)))
			return p, []said{verdict(wire.Reject, wire.NotCBOR)}
		}},
		{name: "bytes behind the announcement are rejected", blamed: true, evil: func(s *scene) (*hostile.Peer, []said) {
			p := s.delivers(append(s.bent(s.impostor(), asItIs), 0))
			return p, []said{verdict(wire.Reject, wire.NotCBOR)}
		}},
		{name: "an oversize announcement is rejected", blamed: true, evil: func(s *scene) (*hostile.Peer, []said) {
			p := s.delivers(make([]byte, wire.MaxAnnouncement+1))
			return p, []said{verdict(wire.Reject, wire.TooLarge)}
		}},
		{name: "replays of old announcements are ignored", evil: replays},
		{name: "a head from the future is ignored", evil: func(s *scene) (*hostile.Peer, []said) {
			p := s.delivers(s.bent(s.thief(), func(h *catalog.Head) {
				h.Time += catalog.MaxAhead + 60_000
				h.Expires = h.Time + 1
			}))
			return p, []said{by(p.Host.ID(), s.brand.Brand(), verdict(wire.Ignore, wire.HeadFuture))}
		}},
		{name: "a head that is ahead of its own time is rejected", blamed: true, evil: func(s *scene) (*hostile.Peer, []said) {
			p := s.delivers(s.bent(s.thief(), func(h *catalog.Head) { h.Seq += 3 * uint64(catalog.MaxSeqAhead) }))
			return p, []said{by(p.Host.ID(), s.brand.Brand(), verdict(wire.Reject, wire.FastForward))}
		}},
		{name: "an expired head is ignored", evil: func(s *scene) (*hostile.Peer, []said) {
			p := s.delivers(s.bent(s.thief(), func(h *catalog.Head) {
				h.Time -= 3_600_000
				h.Expires = s.clock.millis() - 1
			}))
			return p, []said{by(p.Host.ID(), s.brand.Brand(), verdict(wire.Ignore, wire.Expired))}
		}},
		{name: "a rotation by the wrong root key is rejected", blamed: true, evil: rotation},
		{name: "forgeries in the brand's name don't eat its budget", blamed: true, evil: forgeries},
		{name: "a flood under one brand is held back", evil: floodOfOne},
		{name: "a flood under ten thousand fresh brands is held back", long: true, evil: floodOfMany},
		{name: "ten thousand topics cost nothing", evil: topics},
		{name: "a frame beyond the transport's limit ends the stream", evil: oversize},
	}
}

func TestHonestNodesSurviveWhatIsGossiped(t *testing.T) {
	s := newScene(t).followed()
	for _, a := range gossipAttacks() {
		t.Run(a.name, func(t *testing.T) { a.on(t, s) })
	}
}

// replays delivers what the brand announced before, again and again.
func replays(s *scene) (*hostile.Peer, []said) {
	var old [][]byte
	for range 5 {
		head := s.edits()
		a, err := wire.Announce(s.identity(), head)
		s.check(err)
		old = append(old, must(a.Encode()))
	}
	s.edits()
	p, g := s.gossips()
	for range 20 {
		s.check(g.Publish(old...))
	}
	return p, []said{by(p.Host.ID(), s.brand.Brand(), verdict(wire.Ignore, wire.Stale))}
}

// rotation delivers a head under an operation that the wrong root key signed.
func rotation(s *scene) (*hostile.Peer, []said) {
	thief := s.impostor()
	ops := must(thief.Rotate(s.clock.millis()))
	signed := must(protocol.DecodeSigned(ops[len(ops)-1]))
	_, shelf, err := s.brand.all(s.brand.Brand())
	s.check(err)
	h := must(thief.Next(shelf, s.clock.millis()))
	h.ID = signed.ID()
	a := wire.Announcement{Head: must(thief.Sign(h)), Identity: append(s.identity().Signed(), signed)}
	p := s.delivers(must(a.Encode()))
	return p, []said{by(p.Host.ID(), s.brand.Brand(), verdict(wire.Reject, wire.IdentityInvalid))}
}

// forgeries has several peers deliver forged heads of the brand, more than it may
// announce itself.
func forgeries(s *scene) (last *hostile.Peer, want []said) {
	thief := s.impostor()
	for range 8 {
		p, g := s.gossips()
		for range 10 {
			if g.Publish(s.bent(thief, asItIs)) != nil {
				break // it had enough
			}
		}
		s.mirror.logs(by(p.Host.ID(), s.brand.Brand(), verdict(wire.Reject, wire.HeadSignature)))
		last = p
	}
	for range 5 {
		s.edits()
	}
	if n := s.mirror.log.count(said{brand: s.brand.Brand().String(), reason: "brand-budget"}); n > 0 {
		s.Errorf("%d announcements of the brand were beyond its budget", n)
	}
	return last, nil
}

// floodOfOne signs heads of one brand without end.
func floodOfOne(s *scene) (*hostile.Peer, []said) {
	loud := must(hostile.NewBrand("loud", s.clock.millis()))
	p, g := s.gossips()
	for range 100 {
		var batch [][]byte
		for range 10 {
			batch = append(batch, s.bent(loud, asItIs))
		}
		_ = g.Publish(batch...)
	}
	return p, []said{by(p.Host.ID(), loud.ID(), verdict(wire.Ignore, "brand-budget"))}
}

// floodOfMany makes up brands without end.
func floodOfMany(s *scene) (*hostile.Peer, []said) {
	var flood [][]byte
	for i := range 10_000 {
		b := must(hostile.NewBrand(fmt.Sprint("fresh", i), s.clock.millis()))
		h := must(b.Next(&hostile.Shelf{}, s.clock.millis()))
		flood = append(flood, must(b.Announce(must(b.Sign(h)))))
	}
	p, g := s.gossips()
	for i := 0; i < len(flood); i += 10 {
		_ = g.Publish(flood[i : i+10]...)
	}
	return p, []said{verdict(wire.Ignore, "peer-budget")}
}

// topics says that the peer is in ten thousand topics.
func topics(s *scene) (*hostile.Peer, []said) {
	p, g := s.gossips()
	for i := range 100 {
		var names []string
		for j := range 100 {
			names = append(names, fmt.Sprintf("/stoa/%s/heads/1/%d-%d", testNetwork, i, j))
		}
		_ = g.Subscribe(names...)
	}
	return p, nil
}

// oversize sends messages of the transport that are larger than any may be.
func oversize(s *scene) (*hostile.Peer, []said) {
	p, g := s.gossips()
	_ = g.Publish(make([]byte, 1<<20))
	s.eventually("the stream is ended", func() bool { return g.Publish([]byte{1}) != nil })
	return p, nil
}
