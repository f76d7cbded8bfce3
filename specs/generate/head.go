package main

import (
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

const hour protocol.Millis = 3600 * 1000

// headVectors makes the cases of specs/07-head.md §7.
func headVectors() (any, error) {
	cases := append(goodHeads(), refusedHeads()...)
	cases = append(cases, revokedHeads()...)
	cases = append(cases, freshness()...)
	cases = append(cases, contests()...)
	cases = append(cases, contesting()...)
	return vecSet{"07-head", "Signed heads, their order and their contests; specs/07-head.md §7 says what each kind holds.", cases}, nil
}

func (s *stall) headVec(name string, signed protocol.Signed) vec {
	return vec{"name": name, "kind": "head", "brand": s.log.Brand(), "identity": s.ops(), "head": hexed(sure(signed.Encode()))}
}

func goodHeads() []vec {
	s, empty := teaStall(), stallOf("empty")
	other := sure(catalog.SignHead(s.unsigned(), namedKey("tea second")))
	later := s.signed(func(h *catalog.Head) { h.Seq++; h.Prev = s.head.CID })
	late := s.signed(func(h *catalog.Head) { h.Time, h.Expires = protocol.MaxTime-1, protocol.MaxTime })
	healing := s.signed(func(h *catalog.Head) { h.Seq += 2; *h = h.Healing(s.head.CID, later.CID) })
	var cases []vec
	for _, c := range []struct {
		name string
		s    *stall
		head catalog.SignedHead
	}{
		{"a first head", s, s.head}, {"by the other online key", s, other}, {"a head of an empty catalog", empty, empty.head},
		{"a head that expires as late as can be", s, late},
		{"a head after another", s, later}, {"a head that heals two", s, healing},
	} {
		cases = append(cases, c.s.headVec(c.name, c.head.Signed).with(vec{"valid": true, "id": c.head.CID, "json": c.head.Head}))
	}
	return cases
}

func refusedHeads() []vec {
	s := teaStall()
	var cases []vec
	add := func(name string, reason catalog.Reason, signed protocol.Signed) {
		cases = append(cases, s.headVec(name, signed).with(vec{"valid": false, "error": reason}))
	}
	payload := s.head.Signed.Payload
	forged := protocol.Sign(protocol.ObjectHead, payload, namedKey("stranger"))
	add("signed by a stranger", catalog.HeadSignature, forged)
	renamed := forged
	renamed.Signatures = []protocol.Signature{{Key: s.head.Signer(), Bytes: forged.Signatures[0].Bytes}}
	add("signed by a stranger under the key's name", catalog.HeadSignature, renamed)
	add("signed as an identity operation", catalog.HeadSignature, protocol.Sign(protocol.ObjectIdentity, payload, namedKey("tea")))
	add("two signatures", catalog.HeadForm, protocol.Sign(protocol.ObjectHead, payload, namedKey("tea"), namedKey("tea second")))
	add("of another brand", catalog.BrandMismatch, stallOf("other").head.Signed)
	add("another epoch", catalog.WrongEpoch, s.signed(func(h *catalog.Head) { h.Epoch = 1 }).Signed)
	add("an unknown operation", catalog.HeadOperation, s.signed(func(h *catalog.Head) { h.ID = s.head.CID }).Signed)
	genesis := s.log.Signed()[0].ID()
	early := s.unsigned()
	early.ID = genesis
	add("a key that came later", catalog.HeadSignature, sure(catalog.SignHead(early, namedKey("tea second"))).Signed)
	for _, c := range s.openHeads() {
		add(c.name, catalog.HeadForm, protocol.Sign(protocol.ObjectHead, sure(protocol.Marshal(c.fields)), namedKey("tea")))
	}
	return cases
}

type openHead struct {
	name   string
	fields map[string]any
}

// openHeads are payloads of wrong form.
func (s *stall) openHeads() []openHead {
	var cases []openHead
	add := func(name string, change func(map[string]any)) {
		h := s.head.Head
		m := map[string]any{
			"v": h.V, "brand": h.Brand, "id": h.ID, "epoch": h.Epoch, "seq": h.Seq, "root": h.Root,
			"count": h.Count, "bytes": h.Bytes, "time": h.Time, "expires": h.Expires,
		}
		change(m)
		cases = append(cases, openHead{name, m})
	}
	add("version 2", func(m map[string]any) { m["v"] = 2 })
	add("an unknown field", func(m map[string]any) { m["x"] = 1 })
	add("prev that is null", func(m map[string]any) { m["prev"] = nil })
	add("no seq", func(m map[string]any) { delete(m, "seq") })
	add("a root of 31 bytes", func(m map[string]any) { m["root"] = make([]byte, 31) })
	add("a root of nothing with records", func(m map[string]any) { m["root"] = make([]byte, 32) })
	add("more records than bytes", func(m map[string]any) { m["bytes"] = s.head.Count - 1 })
	add("records of more than 64 KiB", func(m map[string]any) { m["bytes"] = s.head.Count*protocol.MaxRecord + 1 })
	add("expired from the beginning", func(m map[string]any) { m["expires"] = s.head.Time })
	add("72 hours and a millisecond", func(m map[string]any) { m["expires"] = s.head.Time + 72*hour + 1 })
	add("a time in the year 10000", func(m map[string]any) { m["time"], m["expires"] = protocol.MaxTime+1, protocol.MaxTime+2 })
	add("expired in the year 10000", func(m map[string]any) { m["time"], m["expires"] = protocol.MaxTime, protocol.MaxTime+1 })
	add("heals nothing", func(m map[string]any) { m["heals"] = []protocol.CID{} })
	add("heals one", func(m map[string]any) { m["heals"] = []protocol.CID{s.head.CID} })
	both := s.head.Head.Healing(s.head.CID, s.head.Brand).Heals
	add("heals two out of order", func(m map[string]any) { m["heals"] = []protocol.CID{both[1], both[0]} })
	add("a brand that is raw", func(m map[string]any) { m["brand"] = blobNamed("x") })
	return cases
}

// revokedHeads are judged after the key that signed them was revoked.
func revokedHeads() []vec {
	s := teaStall()
	good, late := s.head, s.signed(func(h *catalog.Head) { h.Seq++ })
	ref := good.Ref()
	s.then(s.draft().Revoke(&ref, good.Signer()))
	return []vec{
		s.headVec("the last good head of a revoked key", good.Signed).with(vec{"valid": true, "id": good.CID, "json": good.Head}),
		s.headVec("a head behind the last good one", late.Signed).with(vec{"valid": false, "error": catalog.HeadDisputed}),
	}
}

// freshness compares heads with the highest one known. Signatures don't matter.
func freshness() []vec {
	s := teaStall()
	at := func(epoch, seq uint64, time protocol.Millis) *catalog.SignedHead {
		h := s.signed(func(h *catalog.Head) { h.Epoch, h.Seq, h.Time, h.Expires = epoch, seq, time, time+72*hour })
		return &h
	}
	base := uint64(stallNow)
	highest := at(1, base, stallNow)
	var cases []vec
	for _, c := range []struct {
		name          string
		head, highest *catalog.SignedHead
	}{
		{"the first head", highest, nil},
		{"the same head", highest, highest},
		{"a higher seq", at(1, base+1, stallNow), highest},
		{"a lower seq", at(1, base-1, stallNow), highest},
		{"a lower seq of a higher epoch", at(2, 1, stallNow), highest},
		{"a higher seq of a lower epoch", at(0, base+1, stallNow), highest},
		{"another head at the same place", at(1, base, stallNow+1), highest},
		{"five minutes ahead", at(1, base+1, stallNow+5*60*1000), highest},
		{"five minutes and a millisecond ahead", at(1, base+1, stallNow+5*60*1000+1), highest},
		{"seq a day ahead", at(1, base+uint64(24*hour), stallNow), highest},
		{"seq a day and one ahead", at(1, base+uint64(24*hour)+1, stallNow), highest},
	} {
		v := vec{"name": c.name, "kind": "fresh", "valid": true, "now": int64(stallNow), "head": hexed(sure(c.head.Encode()))}
		if c.highest != nil {
			v["highest"] = hexed(sure(c.highest.Encode()))
		}
		v["verdict"] = catalog.Check(*c.head, c.highest, stallNow)
		cases = append(cases, v)
	}
	return cases
}

func contests() []vec {
	s := teaStall()
	c := catalog.Contest{First: s.head, Second: s.signed(func(h *catalog.Head) { h.Expires-- })}
	var cases []vec
	add := func(name string, change func(*catalog.Head)) {
		h := s.signed(change)
		cases = append(cases, vec{
			"name": name, "kind": "contest", "valid": true, "ends": c.EndedBy(h),
			"first": hexed(sure(c.First.Encode())), "second": hexed(sure(c.Second.Encode())), "head": hexed(sure(h.Encode())),
		})
	}
	heal := func(h *catalog.Head, ids ...protocol.CID) { *h = h.Healing(slices.Clone(ids)...) }
	add("a later head", func(h *catalog.Head) { h.Seq++ })
	add("a later head that heals both", func(h *catalog.Head) { h.Seq++; heal(h, c.First.CID, c.Second.CID) })
	add("a later head that heals another", func(h *catalog.Head) { h.Seq++; heal(h, c.First.CID, s.log.Brand()) })
	add("a head at the same place that heals both", func(h *catalog.Head) { heal(h, c.First.CID, c.Second.CID) })
	add("a head of a higher epoch", func(h *catalog.Head) { h.Epoch++; h.Seq = 1 })
	return cases
}

// contesting are the heads that nodes sign which meet one of their own brand.
func contesting() []vec {
	s := teaStall()
	at := func(epoch, seq uint64, time protocol.Millis, change func(*catalog.Head)) catalog.SignedHead {
		return s.signed(func(h *catalog.Head) {
			h.Epoch, h.Seq, h.Time, h.Expires = epoch, seq, time, time+72*hour
			change(h)
		})
	}
	plain := func(*catalog.Head) {}
	behind := func(h *catalog.Head) { h.Prev = s.head.CID }
	base := uint64(stallNow)
	var cases []vec
	for _, c := range []struct {
		name       string
		own, other catalog.SignedHead
	}{
		{"a copy went on", s.head, at(0, base+1000, stallNow+1000, behind)},
		{"a copy whose clock is ahead", s.head, at(0, base+100_000, stallNow+100_000, func(h *catalog.Head) { h.Count, h.Bytes = h.Count+1, h.Bytes+100 })},
		{"a copy whose clock is ahead signed the same again", s.head, at(0, base+100_000, stallNow+100_000, behind)},
		{"the node's own healed once", at(0, base, stallNow, func(h *catalog.Head) { *h = h.Healing(s.head.CID, s.log.Brand()) }), at(0, base+1, stallNow+1, behind)},
		{"at the place of the node's own", s.head, at(0, base, stallNow+1000, plain)},
		{"below the node's own", s.head, at(0, base-1, stallNow-1, plain)},
		{"of an earlier epoch", at(1, base, stallNow, plain), at(0, base+1, stallNow+1, plain)},
		{"of a later epoch", s.head, at(1, base+1, stallNow+1, plain)},
		{"of another brand", s.head, stallOf("other").signed(func(h *catalog.Head) { h.Seq++ })},
	} {
		now := stallNow + 60_000
		v := vec{"name": c.name, "kind": "contesting", "valid": true, "now": int64(now), "own": hexed(sure(c.own.Encode())), "other": hexed(sure(c.other.Encode()))}
		if h, err := catalog.Contesting(c.own, c.other, now); err != nil {
			v["valid"], v["error"] = false, "no-contest"
		} else {
			v["payload"] = hexed(sure(h.Encode()))
		}
		cases = append(cases, v)
	}
	return cases
}
