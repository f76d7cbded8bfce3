package main

import (
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

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

// disownedStory is a key that was in a thief's hands from the start.
func disownedStory() vec {
	before, after := priced(1), priced(2490)
	first := before.edition(0)
	m := started("a key is revoked and no head of it is good", first)
	after.then(after.draft().Revoke(nil, first.head.Signer()))
	m.is("contested").learns("a", "good", 2, after.ops()[2:]...)
	next := after.edition(1000)
	next.head = sure(catalog.SignHead(next.head.Head, namedKey("tea second")))
	m.knows(next).finds("a", "good", headPage(next), wire.Newer)
	return m.follows("a", next).tells()
}

// supersededStory raises the epoch without revoking a key.
func supersededStory() vec {
	before, after := priced(2490), priced(1990)
	first, late := before.edition(0), before.edition(500)
	m := started("the order of heads starts over", first)
	after.then(after.draft().Revoke(nil))
	m.is("stale").learns("a", "good", 2, after.ops()[2:]...)
	m.hears(late, wire.Ignore, wire.Superseded).finds("b", "good", headPage(late), wire.Superseded)
	next := after.edition(0, func(h *catalog.Head) { h.Seq -= 1_000_000 })
	m.knows(next).hears(next, wire.Accept, wire.Newer)
	return m.follows("a", next).hears(late, wire.Ignore, wire.Superseded).tells()
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
