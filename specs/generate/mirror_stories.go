package main

import (
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// priced is the tea stall with another price.
func priced(minor int64) *stall {
	return stallOf("tea", append(teaRecords()[2:], tea(), teaOffer("50-g", minor))...)
}

func firstStory() vec {
	s := teaStall()
	e := s.edition(0)
	m := mirror("a brand is followed: identity, head, catalog", s).looks()
	m.finds("a", "good", headPage(e), wire.IdentityMissing)
	m.learns("a", "lie", 0, hexed(unsignedOp(unhex(s.ops()[0]))))
	m.learns("b", "good", 0, s.ops()...)
	m.knows(e).finds("b", "good", headPage(e), wire.Newer)
	r, p := e.segment()
	cut := &wire.SegmentPage{Entries: p.Entries[:len(p.Entries)-1]}
	m.asks("a", "lie", r, whole(cut)...)
	m.asks("b", "none", r, &wire.Status{Status: wire.OK}, cut)
	m.holds(e).asks("b", "good", r, whole(cut, &wire.SegmentPage{Entries: p.Entries[len(p.Entries)-1:]})...)
	m.finds("a", "good", headPage(e), wire.Known)
	return m.hears(e, wire.Accept, wire.Unpassed).hears(e, wire.Ignore, wire.Known).tells()
}

// started is a mirror that holds an edition.
func started(name string, e edition) *mirrored {
	m := mirror(name, e.stall).knows(e).hears(e, wire.Accept, wire.Newer)
	return m.fetches("a", e)
}

func changeStory() vec {
	first, second := priced(2490).edition(0), priced(1990).edition(1000)
	fewer := stallOf("tea", teaRecords()[:6]...).edition(2000)
	m := started("a price changes, and records go", first)
	m.knows(second).hears(second, wire.Accept, wire.Newer).follows("a", second)
	m.knows(fewer).hears(fewer, wire.Accept, wire.Newer).follows("b", fewer)
	again := fewer.edition(3000)
	m.highest = &again
	// nothing differs: the root is reached before anything is asked
	return m.holds(again).hears(again, wire.Accept, wire.Newer).tells()
}

func hostileChangeStory() vec {
	first, second := priced(2490).edition(0), priced(1990).edition(1000)
	cheap := priced(1).edition(1000)
	m := started("changes that don't reach the root", first).knows(second).hears(second, wire.Accept, wire.Newer)
	r, p := second.changesSince(first)
	_, forged := cheap.changesSince(first)
	m.asks("forges a price", "lie", r, whole(forged)...)
	m.asks("adds a record", "lie", r, whole(&wire.ChangesPage{Changes: inKeyOrder(append(slices.Clone(p.Changes), wire.NewEntry("page/fake", p.Changes[0].Data))...)})...)
	m.asks("says that nothing changed", "lie", r, whole()...)
	m.asks("deletes everything", "lie", r, whole(&wire.ChangesPage{Changes: deletions(first)})...)
	m.asks("has it no more", "none", r, &wire.Status{Status: wire.Gone})
	m.asks("breaks off", "none", r, &wire.Status{Status: wire.OK}, p)
	m.asks("ends early without a page", "lie", r, &wire.Status{Status: wire.OK}, &wire.End{})
	return m.follows("honest", second).tells()
}

func deletions(e edition) (list []wire.Entry) {
	for _, x := range e.entries {
		list = append(list, wire.Entry{Path: x.Path})
	}
	return list
}

// descentStory goes down from the root, with a liar at each step.
func descentStory() vec {
	own, target := postStall(), postStall(17, 40)
	first, second := own.edition(0), target.edition(1000)
	c := &caughtUp{own: own, head: target}
	m := started("a descent with a liar at each step", first).knows(second).hears(second, wire.Accept, wire.Newer)
	ask := func(have []byte) (*wire.DescendRequest, *wire.DescendPage) {
		r, p := c.descend(have)
		r.Head = second.head.CID
		return r, p
	}
	r, p := ask(wire.HaveChildren(own.children(nil)))
	hidden := &wire.DescendPage{Answers: []wire.Children{{}}}
	m.asks("hides what differs", "whole", r, whole(hidden)...)
	bare, all := ask(nil)
	short := &wire.DescendPage{Answers: []wire.Children{{Differ: all.Answers[0].Differ[1:]}}}
	m.asks("hides what differs", "lie", bare, whole(short)...)
	m.asks("honest", "good", r, whole(p)...)
	leaves := &wire.LeavesRequest{Brand: m.brand, Head: second.head.CID}
	found := &wire.LeavesPage{}
	for _, d := range p.Answers[0].Differ {
		prefix := trie.Prefix{d.Index}
		have := wire.HaveLeaves(own.leaves(prefix))
		leaves.Asks = append(leaves.Asks, wire.Ask{Prefix: prefix, Have: have})
		found.Answers = append(found.Answers, wire.AnswerLeaves(target.leaves(prefix), have))
	}
	m.asks("answers less than was asked", "lie", leaves, whole(&wire.LeavesPage{Answers: found.Answers[:1]})...)
	m.asks("honest", "good", leaves, whole(found)...)
	records, page := second.recordsOf("post/p17", "post/p40")
	_, old := first.recordsOf("post/p17", "post/p40")
	m.asks("sends old records", "lie", records, whole(old)...)
	m.asks("keeps one back", "lie", records, whole(&wire.RecordsPage{Records: page.Records[:1]})...)
	// the other one was good
	records.Keys, page.Records = records.Keys[1:], page.Records[1:]
	return m.holds(second).asks("honest", "good", records, whole(page)...).tells()
}

func rollbackStory() vec {
	first, second := priced(2490).edition(0), priced(1990).edition(1000)
	m := started("an old head and an old catalog come again", first).knows(second).hears(second, wire.Accept, wire.Newer)
	r, _ := second.segment()
	_, old := first.segment()
	m.asks("sends the old catalog", "lie", r, whole(old)...)
	m.fetches("honest", second)
	return m.hears(first, wire.Ignore, wire.Stale).finds("a", "good", headPage(first), wire.Stale).tells()
}

func clockStory() vec {
	s := priced(2490)
	first := s.edition(0)
	m := started("fast-forward, and a head of the future", first)
	leap := s.edition(1000, func(h *catalog.Head) { h.Seq = uint64(h.Time+24*hour) + 1 })
	m.hears(leap, wire.Reject, wire.FastForward).finds("a", "lie", headPage(leap), wire.FastForward)
	far := s.edition(uint64(hour))
	m.hears(far, wire.Ignore, wire.HeadFuture).finds("a", "good", headPage(far), wire.HeadFuture)
	m.now += hour
	m.highest = &far
	return m.holds(far).hears(far, wire.Accept, wire.Newer).tells()
}

func contestStory() vec {
	first, second := priced(2490).edition(0), priced(1990).edition(1000)
	rival := priced(1790).edition(1000)
	later := priced(1590).edition(2000)
	m := started("two heads at one place, and the head that heals", first)
	m.knows(second).hears(second, wire.Accept, wire.Newer)
	m.is("contested").hears(rival, wire.Accept, wire.Contested)
	// the first of the two is in force and fetched
	r, p := second.changesSince(first)
	m.holds(second).is("contested").asks("a", "good", r, whole(p)...)
	m.highest = &later
	m.hears(later, wire.Accept, wire.Newer)
	half := priced(1590).edition(3000, func(h *catalog.Head) { *h = h.Healing(second.head.CID, first.head.CID) })
	m.highest = &half
	m.hears(half, wire.Accept, wire.Newer)
	healing := priced(1590).edition(4000, func(h *catalog.Head) { *h = h.Healing(second.head.CID, rival.head.CID) })
	m.knows(healing).is("current").hears(healing, wire.Accept, wire.Newer)
	return m.follows("a", healing).tells()
}

// rivalStory learns of a contest by asking.
func rivalStory() vec {
	first := priced(2490).edition(0)
	rival := priced(1790).edition(0)
	m := started("a peer shows the evidence of a contest", first)
	m.is("contested").finds("a", "good", headPage(rival, first), wire.Contested, wire.Known)
	m.finds("b", "good", headPage(first, rival), wire.Known, wire.Known).hears(rival, wire.Ignore, wire.Known)
	other := priced(1790)
	other.then(other.draft().Revoke(nil))
	next := other.edition(5)
	m.knows(next).is("stale").hears(next, wire.Accept, wire.Newer)
	return m.fetches("b", next).tells()
}

// twoContestsStory is a brand whose two nodes went on for a while.
func twoContestsStory() vec {
	a, b := priced(2490), priced(1790)
	one, rivalOne := a.edition(1000), b.edition(1000)
	two, rivalTwo := b.edition(2000), a.edition(2000)
	m := started("two contests, of which one is healed first", one)
	m.is("contested").hears(rivalOne, wire.Accept, wire.Contested)
	m.highest = &two
	m.hears(two, wire.Accept, wire.Newer).hears(rivalTwo, wire.Accept, wire.Contested)
	some := a.edition(3000, func(h *catalog.Head) { *h = h.Healing(one.head.CID, rivalOne.head.CID) })
	m.highest, m.target = &some, &two
	m.hears(some, wire.Accept, wire.Newer)
	all := a.edition(4000, func(h *catalog.Head) {
		*h = h.Healing(one.head.CID, rivalOne.head.CID, two.head.CID, rivalTwo.head.CID)
	})
	m.highest = &all
	return m.holds(all).hears(all, wire.Accept, wire.Newer).tells()
}

func forgeryStory() vec {
	s := priced(2490)
	first, next := s.edition(0), priced(1).edition(1000)
	m := started("heads that the brand didn't sign", first)
	forged := next
	forged.head.Signed = protocol.Sign(protocol.ObjectHead, next.head.Signed.Payload, namedKey("stranger"))
	m.hears(forged, wire.Reject, wire.HeadSignature).finds("a", "lie", headPage(forged), wire.HeadSignature)
	other := stallOf("other").edition(0)
	m.finds("a", "lie", headPage(other), wire.BrandMismatch)
	broken := next
	signature := slices.Clone(next.head.Signed.Signatures[0].Bytes)
	signature[63] ^= 1
	broken.head.Signed.Signatures = []protocol.Signature{{Key: next.head.Signer(), Bytes: signature}}
	m.hears(broken, wire.Reject, wire.HeadSignature)
	message := sure(sure(wire.Announce(s.log, next.head)).Encode())
	return m.hearsRaw(message[:len(message)-1], wire.Reject, wire.NotCBOR).tells()
}

// rotationStory is a brand that revokes the key of its node.
func rotationStory() vec {
	before, after := priced(2490), priced(1990)
	first, late := before.edition(0), before.edition(500)
	m := started("a key is revoked", first)
	ref := first.head.Ref()
	after.then(after.draft().Revoke(&ref, first.head.Signer()))
	next := after.edition(1000)
	next.head = sure(catalog.SignHead(next.head.Head, namedKey("tea second")))
	m.finds("a", "good", headPage(next), wire.HeadOperation)
	m.is("stale").learns("a", "good", 1, after.ops()[1:]...)
	m.hears(late, wire.Ignore, wire.HeadDisputed).finds("b", "good", headPage(late), wire.HeadDisputed)
	m.knows(next).finds("a", "good", headPage(next), wire.Newer)
	return m.follows("a", next).tells()
}

// forgedRotationStory is a rotation by who doesn't have the recovery words, and a
// good one that makes what is held doubtful.
func forgedRotationStory() vec {
	s := priced(2490)
	first, second := s.edition(0), s.edition(10)
	m := started("forged rotations, and one that disowns what is held", second)
	thief := priced(2490)
	thief.owners = owners{2, [][]byte{seedOf("thief"), seedOf("thief partner")}}
	d := thief.draft().Revoke(nil, second.head.Signer())
	d.Expect = sure(thief.signers(d.N).Commitment())
	op := sure(d.Op(thief.signers(d.N), sure(thief.signers(d.N+1).Commitment())))
	m.learns("thief", "lie", 2, hexed(sure(sure(op.Sign(thief.roots(d.N)...)).Encode())))
	ref := first.head.Ref()
	real := priced(2490)
	real.then(real.draft().Revoke(&ref, second.head.Signer()))
	m.learns("unsigned", "lie", 2, hexed(unsignedOp(unhex(real.ops()[2]))))
	return m.is("contested").learns("honest", "good", 2, real.ops()[2:]...).tells()
}

// forkStory is a log that forks and is merged again.
func forkStory() vec {
	before, s := priced(2490), priced(2490)
	first := before.edition(0)
	m := started("the identity forks and is merged", first)
	ids := s.then(s.draft(), s.draft().Add(publicOf("tea third")))
	m.is("contested").learns("a", "good", 2, s.ops()[2:]...)
	on := s.edition(1000, func(h *catalog.Head) { h.ID = ids[0] })
	m.finds("a", "good", headPage(on), wire.HeadOperation)
	s.then(s.merge(ids[0], ids[1]))
	m.is("current").learns("a", "good", 3, s.ops()[4:]...)
	m.highest = &on
	return m.holds(on).finds("a", "good", headPage(on), wire.Newer).tells()
}

func expiryStory() vec {
	s := priced(2490)
	first, second := s.edition(0), priced(1990).edition(1000)
	m := started("the brand falls silent and comes back", first)
	m.now = first.head.Expires - 1
	m.looks()
	m.now++
	m.is("expired").looks()
	m.now = second.head.Expires
	m.hears(second, wire.Ignore, wire.Expired)
	m.knows(second).finds("a", "good", headPage(second), wire.Newer)
	r, p := second.changesSince(first)
	m.holds(second).is("expired").asks("a", "good", r, whole(p)...)
	back := priced(1990).edition(uint64(100 * hour))
	m.now = back.head.Time
	m.highest = &back
	return m.holds(back).hears(back, wire.Accept, wire.Newer).tells()
}

// largeStory has a record that came as a link.
func largeStory() vec {
	page := &catalog.Page{Header: catalog.HeaderOf(catalog.TypePage), Handle: "terms", Kind: "page", Title: "Terms", Body: "<p>" + string(slices.Repeat([]byte("word "), 9_900)) + "</p>", Updated: stallNow}
	first, second := priced(2490).edition(0), stallOf("tea", append(teaRecords(), page)...).edition(1000)
	m := started("a record too large for a page", first).knows(second).hears(second, wire.Accept, wire.Newer)
	r, p := second.changesSince(first)
	var data []byte
	for i, e := range p.Changes {
		if e.Path == "page/terms" {
			data, p.Changes[i].Data = e.Data, nil
		}
	}
	id := protocol.Sum(protocol.DagCBOR, data)
	m.asks("a", "good", r, whole(p)...)
	content := &wire.ContentRequest{Brand: m.brand, Content: id}
	part := func(from, to int) *wire.ContentPage {
		return &wire.ContentPage{Size: uint64(len(data)), Offset: uint64(from), Data: data[from:to]}
	}
	m.asks("a", "lie", content, whole(&wire.ContentPage{Size: 3, Data: data[:3]})...)
	m.asks("b", "none", content, &wire.Status{Status: wire.NotFound})
	return m.holds(second).asks("a", "good", content, whole(part(0, 40_000), part(40_000, len(data)))...).tells()
}

// troubleStory is about answers that blame nobody, and some that do.
func troubleStory() vec {
	first, second := priced(2490).edition(0), priced(1990).edition(1000)
	m := started("peers in trouble", first).knows(second).hears(second, wire.Accept, wire.Newer)
	r, p := second.changesSince(first)
	for _, s := range []wire.Status{{Status: wire.Busy, Retry: 1000}, {Status: wire.Failed}, {Status: wire.NotFound}, {Status: wire.Unsupported}, {Status: wire.Oversize}} {
		m.asks("in trouble", "none", r, &s)
	}
	m.asks("says nothing", "none", r)
	m.asks("answers something else", "lie", r, whole(headPage(second))...)
	m.asks("begins with a page", "lie", r, p, &wire.End{Complete: true})
	m.asks("goes on behind its end", "lie", r, append(whole(p), p)...)
	m.asks("sends a page behind a refusal", "lie", r, &wire.Status{Status: wire.Gone}, p)
	return m.follows("honest", second).tells()
}

// emptyStory is a brand that takes everything down.
func emptyStory() vec {
	first := priced(2490).edition(0)
	empty := stallOf("tea").edition(1000)
	m := started("everything is taken down, without a word from a peer", first)
	m.highest = &empty
	return m.holds(empty).hears(empty, wire.Accept, wire.Newer).tells()
}
