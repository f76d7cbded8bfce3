package hostile_test

import (
	"testing"

	"github.com/stoa-commerce/stoa/node/hostile"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// When a peer that serves a copy of the brand's catalog begins to lie.
const (
	atFirst   = iota // to a node that has nothing of the brand yet
	atChanges        // to one that asks what has changed
	atDescent        // to one that finds out what differs
)

// lie is a hostile answer of catch-up and what is to be said of it.
type lie struct {
	name string
	when int
	kind string // of the request that it answers
	evil func(*scene) hostile.Evil
	want said // in the mirror's log, of the peer
	free bool // the peer is not to be blamed
}

const lied = "peer lied in catch-up"

// on tells the lie to a new mirror, which has found the brand at the liar's.
func (l lie) on(t *testing.T, s *scene) {
	defer s.act(t)()
	s.joined()
	s.was = measure()
	p := s.copycat()
	if l.when == atFirst {
		p.Do(l.evil(s))
	} else if l.when == atDescent {
		s.mirror.follows(s.forgetful().Addr())
	}
	s.mirror.follows(p.Addr())
	s.same()
	if l.when != atFirst {
		p.Do(l.evil(s))
		s.edits()
	}
	s.eventually("the peer is asked", func() bool { return p.Asked(l.kind) > 0 })
	l.want.peer = p.Host.ID().String()
	if l.want.msg != "" {
		s.mirror.logs(l.want)
	}
	s.edits()
	s.edits()
	if n := s.mirror.log.count(said{msg: "peer is blamed", peer: p.Host.ID().String()}); (n == 0) != l.free {
		t.Errorf("blamed %d times\n%s", n, s.mirror.log)
	}
	s.unharmed()
}

// forgetful is a peer that has the catalog and doesn't remember what changed.
func (s *scene) forgetful() *hostile.Peer {
	p := s.copycat()
	p.Do(hostile.Evil{Twist: gone})
	return p
}

func gone(r wire.Request, frames []wire.Response) []wire.Response {
	if _, ok := r.(*wire.ChangesRequest); ok {
		return []wire.Response{&wire.Status{Status: wire.Gone}}
	}
	return frames
}

// pages twists the pages of one kind. What changed isn't remembered, unless those are
// the pages.
func pages[P wire.Response](change func(P)) func(*scene) hostile.Evil {
	return func(*scene) hostile.Evil {
		return hostile.Evil{Twist: func(r wire.Request, frames []wire.Response) []wire.Response {
			found := false
			for _, f := range frames {
				if page, ok := f.(P); ok {
					change(page)
					found = true
				}
			}
			if found {
				return frames
			}
			return gone(r, frames)
		}}
	}
}

// cheap is a record that the brand didn't sign.
func cheap(e wire.Entry) wire.Entry {
	return wire.NewEntry(e.Path, must(protocol.Marshal(map[string]any{"type": e.Path.Kind(), "v": 1, "price": "cheap"})))
}

// elsewhere puts the records of two paths in each other's place.
func elsewhere(entries []wire.Entry) {
	a, b := entries[0], entries[1]
	entries[0], entries[1] = wire.NewEntry(a.Path, b.Data), wire.NewEntry(b.Path, a.Data)
}

// raw changes the bytes of answers about the catalog.
func raw(change func([]byte) []byte) func(*scene) hostile.Evil {
	return func(*scene) hostile.Evil {
		return hostile.Evil{Raw: func(r wire.Request, b []byte) []byte {
			switch r.(type) {
			case *wire.BrandsRequest, *wire.HeadRequest, *wire.IdentityRequest:
				return b
			}
			return change(b)
		}}
	}
}

func lies() []lie {
	return []lie{
		{"a segment with another record", atFirst, "segment", pages(func(p *wire.SegmentPage) { p.Entries[3] = cheap(p.Entries[3]) }), said{msg: lied}, false},
		{"a segment without a record", atFirst, "segment", pages(func(p *wire.SegmentPage) { p.Entries = p.Entries[1:] }), said{msg: lied}, false},
		{"a segment with records under wrong keys", atFirst, "segment", pages(func(p *wire.SegmentPage) { elsewhere(p.Entries) }), said{msg: lied}, false},
		{"a frame beyond the limit", atFirst, "segment", raw(func([]byte) []byte { return []byte{0xff, 0xff, 0x7f} }), said{msg: lied}, false},
		{"garbage", atFirst, "segment", raw(func([]byte) []byte { return append([]byte{20}, make([]byte, 20)...) }), said{msg: lied}, false},
		{"answers cut off", atChanges, "changes", func(*scene) hostile.Evil { return hostile.Evil{Cut: true} }, said{}, true},
		{"changes with another record", atChanges, "changes", pages(func(p *wire.ChangesPage) { p.Changes[0] = cheap(p.Changes[0]) }), said{msg: lied, reason: "root"}, false},
		{"changes that delete", atChanges, "changes", pages(func(p *wire.ChangesPage) { p.Changes[0] = wire.Entry{Path: p.Changes[0].Path} }), said{msg: lied}, false},
		{"children that don't match", atDescent, "descend", pages(inventChildren), said{msg: lied}, false},
		{"leaves that don't match", atDescent, "leaves", pages(inventLeaves), said{msg: lied}, false},
		{"records that weren't asked for", atDescent, "records", pages(func(p *wire.RecordsPage) { p.Records[0] = cheap(wire.Entry{Path: "offer/a/b"}).Data }), said{msg: lied}, false},
		{"records held back", atDescent, "records", holdBack, said{msg: lied, reason: "kept back"}, false},
		{"gone for ever", atFirst, "segment", always(wire.Gone), said{msg: "set aside"}, true},
		{"not found for ever", atFirst, "segment", always(wire.NotFound), said{msg: "set aside"}, true},
		{"an old head as the highest", atChanges, "head", rollback, said{}, true},
		{"a forged head as the highest", atFirst, "head", forgedHead, said{msg: "forged head"}, false},
		{"a head of another brand", atFirst, "head", otherHead, said{msg: lied, reason: "a head of"}, false},
		{"a forged rotation of the identity", atFirst, "identity", forgedIdentity, said{msg: "forged identity"}, false},
	}
}

func TestHonestNodesSurviveWhatIsServed(t *testing.T) {
	s := newScene(t)
	for _, l := range lies() {
		t.Run(l.name, func(t *testing.T) { l.on(t, s) })
	}
}

// holdBack leaves out all records that are asked for by their keys.
func holdBack(*scene) hostile.Evil {
	return hostile.Evil{Twist: func(r wire.Request, frames []wire.Response) []wire.Response {
		if _, ok := r.(*wire.RecordsRequest); ok {
			return []wire.Response{&wire.Status{Status: wire.OK}, &wire.End{Complete: true}}
		}
		return gone(r, frames)
	}}
}

func inventChildren(p *wire.DescendPage) {
	for i := range p.Answers {
		for j := range p.Answers[i].Differ {
			p.Answers[i].Differ[j].Hash[3] ^= 1
		}
	}
}

func inventLeaves(p *wire.LeavesPage) {
	for i := range p.Answers {
		for j, l := range p.Answers[i].Differ {
			p.Answers[i].Differ[j] = trie.NewLeaf(l.Path, protocol.Sum(protocol.DagCBOR, []byte(l.Path)))
		}
	}
}

// always refuses whatever is asked of the catalog.
func always(code wire.Code) func(*scene) hostile.Evil {
	return func(*scene) hostile.Evil {
		return hostile.Evil{Twist: func(r wire.Request, frames []wire.Response) []wire.Response {
			switch r.(type) {
			case *wire.BrandsRequest, *wire.HeadRequest, *wire.IdentityRequest:
				return frames
			}
			return []wire.Response{&wire.Status{Status: code}}
		}}
	}
}

// heads answers requests for the head with another one.
func heads(head []byte, ops uint64) hostile.Evil {
	return hostile.Evil{Twist: func(r wire.Request, frames []wire.Response) []wire.Response {
		for _, f := range frames {
			if p, ok := f.(*wire.HeadPage); ok {
				p.Head, p.Ops = head, max(p.Ops, ops)
			}
		}
		return frames
	}}
}

// rollback says that the present head is the highest for ever.
func rollback(s *scene) hostile.Evil {
	head, _, err := s.brand.all(s.brand.Brand())
	s.check(err)
	return heads(must(head.Encode()), 0)
}

func (s *scene) next(b *hostile.Brand) catalog.SignedHead {
	s.Helper()
	_, shelf, err := s.brand.all(s.brand.Brand())
	s.check(err)
	return must(b.Sign(must(b.Next(shelf, s.clock.millis()))))
}

func forgedHead(s *scene) hostile.Evil {
	head := s.next(s.impostor())
	return heads(must(head.Encode()), 0)
}

func otherHead(s *scene) hostile.Evil {
	head := s.next(must(hostile.NewBrand("other", s.clock.millis())))
	return heads(must(head.Encode()), 0)
}

// forgedIdentity gives operations of which the wrong root key signed the last one.
func forgedIdentity(s *scene) hostile.Evil {
	ops := must(s.impostor().Rotate(s.clock.millis()))
	return hostile.Evil{Twist: func(_ wire.Request, frames []wire.Response) []wire.Response {
		for _, f := range frames {
			switch p := f.(type) {
			case *wire.HeadPage:
				p.Ops = uint64(len(ops))
			case *wire.IdentityPage:
				p.Ops = ops
			}
		}
		return frames
	}}
}
