package main

import (
	"crypto/ed25519"
	"crypto/sha256"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
)

// invalidLogs are logs whose last operation must be refused.
func invalidLogs() []vec {
	tea, thief := ownerOf("tea"), ownerOf("thief")
	ref := &identity.HeadRef{Epoch: 0, Seq: 1, Head: headNamed("good")}
	list := []struct {
		name, class string
		change      func(*identity.Op)
	}{
		{"n is not one more", "sequence", func(o *identity.Op) { o.N = 3 }},
		{"the epoch rises by two", "epoch", func(o *identity.Op) { o.Epoch = 2 }},
		{"a key is gone in the same epoch", "removal", func(o *identity.Op) { o.Online = o.Online[1:] }},
		{"a key is replaced in the same epoch", "removal", func(o *identity.Op) { o.Online = identity.Online(publicOf("n1"), publicOf("n3")) }},
		{"a last good head in the same epoch", "form", func(o *identity.Op) { o.LastGood = ref }},
		{"other signers than were committed to", "commitment", func(o *identity.Op) { o.Signers = thief.signers(2) }},
		{"the signers of the operation before", "commitment", func(o *identity.Op) { o.Signers = tea.signers(1) }},
		{"a merge with an operation of another number", "sequence", func(o *identity.Op) { o.Merge = tea.genesis("n1", "n2").ID() }},
		{"an unknown predecessor", "missing", func(o *identity.Op) { o.Prev = headNamed("nothing") }},
		{"an unknown operation to merge", "missing", func(o *identity.Op) { o.Merge = headNamed("nothing") }},
	}
	cases := append(wrongSignatures(), wrongMerges()...)
	full := branches(16)
	cases = append(cases, full.refuse("a seventeenth branch", "limit", full.sign(full.extend(full.log.Brand()))))
	backwards, op := beforeRefusal()
	back := op
	backwards.then(backwards.draft())
	back.N, back.Prev, back.Signers, back.Next = 1, backwards.log.State().Governing, tea.signers(1), tea.commit(2)
	cases = append(cases, backwards.refuse("numbered below its predecessor", "sequence", forged(back, tea.roots(1)...)))
	for _, c := range list {
		s, op := beforeRefusal()
		c.change(&op)
		cases = append(cases, s.refuse(c.name, c.class, forged(op, allRoots(tea, thief, op.Signers)...)))
	}
	return cases
}

// beforeRefusal returns a log of two operations and a good third one.
func beforeRefusal() (*story, identity.Op) {
	s := begin(ownerOf("tea"), "n1", "n2")
	s.then(s.draft())
	d := s.draft()
	return s, sure(d.Op(s.signers(2), s.commit(3)))
}

// refuse writes the log down with an operation behind it that must be refused.
func (s *story) refuse(name, class string, last protocol.Signed) vec {
	return vec{
		"name": name, "kind": "log", "valid": false, "error": class, "brand": s.log.Brand().String(),
		"ops": append(encoded(s.log.Signed()), hexed(sure(last.Encode()))),
	}
}

// allRoots returns the private keys of whichever owner the signers are.
func allRoots(tea, thief owners, s identity.Signers) []ed25519.PrivateKey {
	for n := range uint64(4) {
		for _, o := range []owners{tea, thief} {
			if sure(o.signers(n).Commitment()) == sure(s.Commitment()) {
				return o.roots(n)
			}
		}
	}
	return nil
}

// forged signs whatever it is given.
func forged(o identity.Op, keys ...ed25519.PrivateKey) protocol.Signed {
	return protocol.Sign(protocol.ObjectIdentity, sure(protocol.Marshal(o)), keys...)
}

// wrongSignatures also holds the few others that need a log of their own.
func wrongSignatures() []vec {
	s, op := beforeRefusal()
	asHead := protocol.Sign(protocol.ObjectHead, sure(op.Encode()), s.roots(2)...)
	flipped := forged(op, s.roots(2)...)
	flipped.Signatures[0].Bytes[0] ^= 1
	board := begin(boardOf(2), "n1")
	d := board.draft()
	bop := sure(d.Op(board.signers(1), board.commit(2)))
	coffee := ownerOf("coffee").genesis("n1")
	good := identity.HeadRef{Epoch: 0, Seq: 1, Head: headNamed("good")}
	again := revoked(&good)
	late := sure(again.draft().Op(again.signers(2), again.commit(3)))
	late.LastGood = &good
	return []vec{
		again.refuse("a last good head without a new epoch", "epoch", forged(late, again.roots(2)...)),
		s.refuse("signed by the root key of the operation before", "signature", forged(op, s.roots(1)...)),
		s.refuse("signed as another kind of object", "signature", asHead),
		s.refuse("a signature with one bit changed", "signature", flipped),
		s.refuse("a stranger's signature beside the right one", "signature", forged(op, append(s.roots(2), namedKey("stranger"))...)),
		board.refuse("one signature where two are needed", "threshold", forged(bop, board.roots(1)[:1]...)),
		s.refuse("the genesis of another brand", "genesis", coffee),
	}
}

func wrongMerges() []vec {
	s := forked()
	tips := s.log.State().Tips
	d := s.merge(tips[0], tips[1])
	less := sure(d.Op(s.signers(3), s.commit(4)))
	less.Online = identity.Online(publicOf("n1"), publicOf("n2"))
	theft := stolen()
	ends := theft.log.State().Tips
	join := theft.extend(ends[0])
	join.Merge = ends[1]
	join.Online = identity.Online(publicOf("n1"), publicOf("n6"))
	join.Expect = theft.commit(2)
	one := sure(join.Op(theft.signers(2), theft.commit(3)))
	return []vec{
		s.refuse("a merge that loses a key of one branch", "removal", forged(less, s.roots(3)...)),
		theft.refuse("a merge of branches that committed to different signers", "commitment", forged(one, theft.roots(2)...)),
	}
}

// invalidOps are payloads that break a rule of form.
func invalidOps() []vec {
	_, good := beforeRefusal()
	nine := []protocol.PublicKey{}
	for _, name := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} {
		nine = append(nine, publicOf(name))
	}
	changes := []struct {
		name   string
		change func(m map[string]any)
	}{
		{"an unknown field", func(m map[string]any) { m["note"] = "x" }},
		{"version 2", func(m map[string]any) { m["v"] = 2 }},
		{"no version", func(m map[string]any) { delete(m, "v") }},
		{"no predecessor", func(m map[string]any) { delete(m, "prev") }},
		{"null for an absent field", func(m map[string]any) { m["merge"] = nil }},
		{"an empty domain", func(m map[string]any) { m["domain"] = "" }},
		{"a domain in capitals", func(m map[string]any) { m["domain"] = "Tea.example" }},
		{"an address as domain", func(m map[string]any) { m["domain"] = "192.0.2.1" }},
		{"a domain with a port", func(m map[string]any) { m["domain"] = "tea.example:443" }},
		{"n beyond the limit", func(m map[string]any) { m["n"] = 10000 }},
		{"an epoch above n", func(m map[string]any) { m["epoch"] = 3 }},
		{"a negative time", func(m map[string]any) { m["time"] = -1 }},
		{"a time in the year 10000", func(m map[string]any) { m["time"] = protocol.MaxTime + 1 }},
		{"a merge with its own predecessor", func(m map[string]any) { m["merge"] = m["prev"] }},
		{"a predecessor of raw bytes", func(m map[string]any) { m["prev"] = protocol.Sum(protocol.Raw, nil) }},
		{"a commitment of 31 bytes", func(m map[string]any) { m["next"] = make([]byte, 31) }},
		{"nine online keys", func(m map[string]any) { m["online"] = identity.Online(nine...) }},
		{"online keys out of order", func(m map[string]any) { o := good.Online; m["online"] = []identity.OnlineKey{o[1], o[0]} }},
		{"an online key under another identifier", func(m map[string]any) {
			m["online"] = []any{map[string]any{"key": publicOf("n1"), "kid": publicOf("n2").ID()}}
		}},
		{"an online key of small order", func(m map[string]any) {
			neutral := append([]byte{1}, make([]byte, 31)...)
			sum := sha256.Sum256(neutral)
			m["online"] = []any{map[string]any{"key": neutral, "kid": hexed(sum[:8])}}
		}},
		{"no signers", func(m map[string]any) { m["signers"] = map[string]any{"keys": []any{}, "threshold": 1} }},
		{"a threshold of nobody", func(m map[string]any) { m["signers"] = map[string]any{"keys": good.Signers.Keys, "threshold": 0} }},
		{"a threshold above the number of keys", func(m map[string]any) { m["signers"] = map[string]any{"keys": good.Signers.Keys, "threshold": 2} }},
		{"a signer twice", func(m map[string]any) {
			k := good.Signers.Keys[0]
			m["signers"] = map[string]any{"keys": []any{k, k}, "threshold": 1}
		}},
		{"a last good head of its own epoch", func(m map[string]any) {
			m["epoch"], m["lastGood"] = 1, identity.HeadRef{Epoch: 1, Seq: 1, Head: headNamed("x")}
		}},
		{"a last good head without its link", func(m map[string]any) {
			m["epoch"], m["lastGood"] = 1, map[string]any{"epoch": 0, "seq": 1}
		}},
	}
	cases := []vec{{"name": "a good operation", "kind": "op", "valid": true, "payload": hexed(sure(good.Encode()))}}
	for _, c := range changes {
		m := fields(good)
		c.change(m)
		cases = append(cases, vec{"name": c.name, "kind": "op", "valid": false, "error": "form", "payload": hexed(sure(protocol.Marshal(m)))})
	}
	return cases
}

// fields returns the operation as a map to make wrong.
func fields(o identity.Op) map[string]any {
	return map[string]any{
		"v": o.Version, "n": o.N, "prev": o.Prev, "signers": o.Signers, "next": o.Next,
		"online": o.Online, "epoch": o.Epoch, "time": o.Time,
	}
}
