package main

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// proofVectors makes the cases of specs/08-proof.md §6.
func proofVectors() (any, error) {
	cases := append(goodBundles(), damagedBundles()...)
	cases = append(cases, rewrittenBundles()...)
	cases = append(cases, tamperedBundles()...)
	return vecSet{"08-proof", "Proof bundles, looked at by the clock now; specs/08-proof.md §6 says what each field holds.", cases}, nil
}

func (s *stall) bundleVec(name string, bundle []byte) vec {
	return vec{"name": name, "brand": s.log.Brand(), "now": int64(stallNow), "bundle": hexed(bundle)}
}

func goodBundles() []vec {
	s, empty := teaStall(), stallOf("empty")
	var cases []vec
	add := func(name string, s *stall, scope catalog.Scope, path protocol.Path, now protocol.Millis) {
		data := sure(s.prove(scope, path).Encode())
		p := sure(catalog.VerifyBundle(data, s.log.Brand(), now))
		records := []vec{}
		for _, e := range p.Records {
			records = append(records, vec{"path": e.Path, "record": e.CID, "cbor": hexed(e.Data)})
		}
		cases = append(cases, s.bundleVec(name, data).with(vec{
			"valid": true, "now": int64(now), "scope": p.Scope, "path": p.Path, "records": records, "expired": p.Expired, "head": p.Head.CID,
		}))
	}
	add("a product with its offers", s, catalog.ScopeGroup, "product/gyokuro", stallNow)
	add("the same by an offer's path", s, catalog.ScopeGroup, "offer/gyokuro/50-g", stallNow)
	add("a group of one", s, catalog.ScopeGroup, "profile", stallNow)
	add("one offer", s, catalog.ScopeRecord, "offer/gyokuro/50-g", stallNow)
	add("no such offer", s, catalog.ScopeRecord, "offer/gyokuro/1-kg", stallNow)
	add("no such product", s, catalog.ScopeGroup, "product/sencha", stallNow)
	add("nothing in an empty catalog", empty, catalog.ScopeRecord, "profile", stallNow)
	add("an expired head", s, catalog.ScopeRecord, "profile", stallNow+72*hour)
	return cases
}

func damagedBundles() []vec {
	s := teaStall()
	good := sure(s.prove(catalog.ScopeRecord, "profile").Encode())
	var cases []vec
	add := func(name string, data []byte) {
		_, err := catalog.VerifyBundle(data, s.log.Brand(), stallNow)
		cases = append(cases, s.bundleVec(name, data).with(vec{"valid": false, "error": catalog.ReasonOf(err)}))
	}
	add("no bytes", nil)
	add("a half", good[:len(good)/2])
	add("a byte more", append(slices.Clone(good), 0))
	add("a byte less", good[:len(good)-1])
	add("twice", append(slices.Clone(good), good...))
	add("a list", []byte{0x80})
	add("noise", []byte{0xff, 0xff})
	add("only a version", sure(protocol.Marshal(map[string]any{"v": 1})))
	add("a version of tomorrow", sure(protocol.Marshal(map[string]any{"v": 2})))
	for _, at := range []int{0, 5, 200, 600, 1000, len(good) - 1} {
		flipped := slices.Clone(good)
		flipped[at] ^= 1
		add("a bit flipped", flipped)
	}
	return cases
}

// rewrittenBundles are canonical maps that no Bundle is encoded to.
func rewrittenBundles() []vec {
	s := teaStall()
	var cases []vec
	rewrite := func(name string, reason catalog.Reason, field string, value any) {
		m := fieldsOf(sure(s.prove(catalog.ScopeRecord, "offer/gyokuro/1-kg").Encode()))
		if m[field] = value; value == nil {
			delete(m, field)
		}
		cases = append(cases, s.bundleVec(name, sure(protocol.Marshal(m))).with(vec{"valid": false, "error": reason}))
	}
	rewrite("no version", catalog.WrongVersion, "v", nil)
	rewrite("null as version", catalog.WrongVersion, "v", null())
	rewrite("version 0", catalog.WrongVersion, "v", 0)
	rewrite("a negative version", catalog.NotCBOR, "v", -1)
	rewrite("a version that is text", catalog.NotCBOR, "v", "1")
	rewrite("an unknown field", catalog.NotCBOR, "note", "x")
	rewrite("no records as an empty list", catalog.NotCBOR, "records", []any{})
	rewrite("no key", catalog.NotCBOR, "key", nil)
	rewrite("a key that is text", catalog.NotCBOR, "key", "key")
	rewrite("an empty key", catalog.PathMismatch, "key", []byte{})
	rewrite("a key of 33 bytes", catalog.PathMismatch, "key", make([]byte, 33))
	rewrite("a path outside the grammar", catalog.RecordForm, "path", "offer/gyokuro/")
	return cases
}

// tamperedBundles are encoded as they should be, by somebody with an interest.
func tamperedBundles() []vec {
	var cases []vec
	tamper := func(name string, reason catalog.Reason, change func(s *stall, b *catalog.Bundle)) {
		s := teaStall()
		b := s.prove(catalog.ScopeGroup, "product/gyokuro")
		change(s, &b)
		cases = append(cases, s.bundleVec(name, sure(b.Encode())).with(vec{"valid": false, "error": reason}))
	}
	tamperRecords(tamper)
	tamperProof(tamper)
	tamperHead(tamper)
	tamperIdentity(tamper)
	return cases
}

type bundleTamper func(name string, reason catalog.Reason, change func(s *stall, b *catalog.Bundle))

func tamperRecords(tamper bundleTamper) {
	cheap := sure(catalog.Encode(teaOffer("50-g", 1)))
	tamper("another price", catalog.RecordHash, func(s *stall, b *catalog.Bundle) {
		b.Records[find(b, "offer/gyokuro/50-g")].Data = cheap
	})
	tamper("another price with its hash", catalog.RootMismatch, func(s *stall, b *catalog.Bundle) {
		b.Records[find(b, "offer/gyokuro/50-g")] = sure(catalog.NewEntry("offer/gyokuro/50-g", cheap))
	})
	for _, path := range []protocol.Path{"offer/gyokuro/100-g", "product/gyokuro"} {
		tamper(string(path)+" left out", catalog.GroupIncomplete, func(s *stall, b *catalog.Bundle) {
			i := find(b, path)
			b.Records = slices.Delete(b.Records, i, i+1)
		})
	}
	product := func(value any) func(s *stall, b *catalog.Bundle) {
		return func(s *stall, b *catalog.Bundle) {
			b.Records[find(b, "product/gyokuro")] = sure(catalog.NewEntry("product/gyokuro", sure(protocol.Marshal(value))))
		}
	}
	id := func(ids ...string) (list []any) {
		for _, id := range ids {
			list = append(list, map[string]any{"id": id})
		}
		return list
	}
	tamper("a product of tomorrow", catalog.RootMismatch, product(vec{"type": "product", "v": 2, "variants": id("50-g", "100-g")}))
	tamper("a product of which only variants can be read", catalog.GroupIncomplete, product(vec{"variants": append(id("50-g", "200-g"), 1, null())}))
	tamper("a product that is a number", catalog.RootMismatch, product(1))
	tamper("all records left out", catalog.GroupIncomplete, func(s *stall, b *catalog.Bundle) { b.Records = nil })
	tamper("a record of another group", catalog.PathMismatch, func(s *stall, b *catalog.Bundle) {
		b.Records = append(b.Records, sure(catalog.NewEntry("profile", sure(catalog.Encode(teaProfile())))))
		slices.SortFunc(b.Records, compareEntries)
	})
	tamper("an offer too much", catalog.RootMismatch, func(s *stall, b *catalog.Bundle) {
		b.Records = append(b.Records, sure(catalog.NewEntry("offer/gyokuro/1-kg", sure(catalog.Encode(teaOffer("1-kg", 1))))))
		slices.SortFunc(b.Records, compareEntries)
	})
	tamper("records out of order", catalog.RecordOrder, func(s *stall, b *catalog.Bundle) { slices.Reverse(b.Records) })
	tamper("a record that isn't canonical", catalog.RecordForm, func(s *stall, b *catalog.Bundle) {
		b.Records[0].Data = []byte{0x18, 1}
		b.Records[0].CID = protocol.Sum(protocol.DagCBOR, b.Records[0].Data)
	})
}

func find(b *catalog.Bundle, path protocol.Path) int {
	return slices.IndexFunc(b.Records, func(e catalog.Entry) bool { return e.Path == path })
}

func tamperProof(tamper bundleTamper) {
	tamper("about another product", catalog.PathMismatch, func(s *stall, b *catalog.Bundle) { b.Path = "product/sencha" })
	tamper("a group named by its offer", catalog.PathMismatch, func(s *stall, b *catalog.Bundle) { b.Path = "offer/gyokuro/50-g" })
	tamper("an unknown scope", catalog.ProofForm, func(s *stall, b *catalog.Bundle) { b.Scope = "all" })
	tamper("a group as one record", catalog.ProofForm, func(s *stall, b *catalog.Bundle) { b.Scope = catalog.ScopeRecord })
	tamper("a record with its proof, left out", catalog.ProofForm, func(s *stall, b *catalog.Bundle) {
		*b = s.prove(catalog.ScopeRecord, "profile")
		b.Records = nil
	})
	tamper("no proof", catalog.ProofForm, func(s *stall, b *catalog.Bundle) { b.Proof = nil })
	tamper("absence beside records", catalog.ProofForm, func(s *stall, b *catalog.Bundle) { b.Proof, b.Absence = nil, &trie.Absence{} })
	tamper("denied with an empty proof", catalog.RootMismatch, func(s *stall, b *catalog.Bundle) {
		b.Proof, b.Records, b.Absence = nil, nil, &trie.Absence{}
	})
	tamper("denied with another's proof", catalog.RootMismatch, func(s *stall, b *catalog.Bundle) {
		b.Proof, b.Records, b.Absence = nil, nil, s.prove(catalog.ScopeGroup, "product/none").Absence
	})
	tamper("denied with leaves out of order", catalog.RootMismatch, func(s *stall, b *catalog.Bundle) {
		b.Proof, b.Records, b.Absence = nil, nil, s.prove(catalog.ScopeGroup, "product/none").Absence
		b.Absence.Leaves = []trie.Leaf{trieLeafAt("page/a"), trieLeafAt("page/b")}
		slices.SortFunc(b.Absence.Leaves, func(x, y trie.Leaf) int { return -slices.Compare(x.Key[:], y.Key[:]) })
	})
	tamper("denied with a leaf at no path", catalog.NotCBOR, func(s *stall, b *catalog.Bundle) {
		b.Proof, b.Records, b.Absence = nil, nil, s.prove(catalog.ScopeGroup, "product/none").Absence
		b.Absence.Leaves[0].Path = "page/.."
	})
	tamper("a sibling changed", catalog.RootMismatch, func(s *stall, b *catalog.Bundle) { b.Proof.Siblings[0] ^= 1 })
	tamper("a sibling too much", catalog.NotCBOR, func(s *stall, b *catalog.Bundle) {
		b.Proof.Siblings = append(b.Proof.Siblings, make([]byte, 32)...)
	})
}

func tamperHead(tamper bundleTamper) {
	tamper("the head of other records", catalog.RootMismatch, func(s *stall, b *catalog.Bundle) {
		b.Head = s.signed(func(h *catalog.Head) { h.Root[0] ^= 1 }).Signed
	})
	tamper("a root changed under its signature", catalog.HeadSignature, func(s *stall, b *catalog.Bundle) {
		b.Head.Payload = s.signed(func(h *catalog.Head) { h.Root[0] ^= 1 }).Signed.Payload
	})
	tamper("a head of noise", catalog.HeadForm, func(s *stall, b *catalog.Bundle) { b.Head.Payload = []byte{0xff} })
	tamper("a head signed by a stranger", catalog.HeadSignature, func(s *stall, b *catalog.Bundle) {
		b.Head = protocol.Sign(protocol.ObjectHead, b.Head.Payload, namedKey("stranger"))
	})
	tamper("a head of another brand", catalog.BrandMismatch, func(s *stall, b *catalog.Bundle) { b.Head = stallOf("other").head.Signed })
	tamper("another brand altogether", catalog.BrandMismatch, func(s *stall, b *catalog.Bundle) {
		*b = stallOf("other", tea()).prove(catalog.ScopeGroup, "product/gyokuro")
	})
	tamper("another epoch", catalog.WrongEpoch, func(s *stall, b *catalog.Bundle) {
		b.Head = s.signed(func(h *catalog.Head) { h.Epoch++ }).Signed
	})
	tamper("dated tomorrow", catalog.HeadFuture, func(s *stall, b *catalog.Bundle) {
		b.Head = s.signed(func(h *catalog.Head) { h.Time += 24 * hour; h.Expires += 24 * hour }).Signed
	})
	tamper("a seq of next year", catalog.HeadFastForward, func(s *stall, b *catalog.Bundle) {
		b.Head = s.signed(func(h *catalog.Head) { h.Seq += uint64(365 * 24 * hour) }).Signed
	})
}

// operation signs a changed operation that would follow the last one, numbered n.
func (s *stall) operation(n uint64, change func(*identity.Op)) protocol.Signed {
	d := s.log.State().Draft(stallNow)
	op := identity.Op{Version: 1, N: n, Prev: d.Prev, Signers: s.signers(n), Next: s.commit(n + 1), Online: d.Online, Time: d.Time}
	if n == 0 {
		op.Prev = protocol.CID{}
	}
	change(&op)
	signed := forged(op, s.roots(n)...)
	slices.SortFunc(signed.Signatures, compareKeys)
	return signed
}

func compareKeys(a, b protocol.Signature) int { return strings.Compare(string(a.Key), string(b.Key)) }

// inLogOrder sorts operations by number and identifier.
func inLogOrder(ops []protocol.Signed) []protocol.Signed {
	slices.SortFunc(ops, func(a, b protocol.Signed) int {
		x, y := a.ID(), b.ID()
		return cmp.Or(cmp.Compare(sure(identity.DecodeOp(a.Payload)).N, sure(identity.DecodeOp(b.Payload)).N), bytes.Compare(x.Bytes(), y.Bytes()))
	})
	return ops
}

func tamperIdentity(tamper bundleTamper) {
	tamper("no identity", catalog.IdentityOrder, func(s *stall, b *catalog.Bundle) { b.Identity = nil })
	tamper("the last operation left out", catalog.HeadOperation, func(s *stall, b *catalog.Bundle) { b.Identity = b.Identity[:1] })
	tamper("the genesis left out", catalog.BrandMismatch, func(s *stall, b *catalog.Bundle) { b.Identity = b.Identity[1:] })
	tamper("an operation twice", catalog.IdentityOrder, func(s *stall, b *catalog.Bundle) { b.Identity = append(b.Identity, b.Identity[1]) })
	tamper("an operation twice, the second time with another signature", catalog.IdentitySignature, func(s *stall, b *catalog.Bundle) {
		again := b.Identity[1]
		again.Signatures = protocol.Sign(protocol.ObjectHead, again.Payload, s.roots(1)...).Signatures
		slices.SortFunc(again.Signatures, compareKeys)
		b.Identity = append(b.Identity, again)
	})
	tamper("operations out of order, and one that may not follow", catalog.IdentityOrder, func(s *stall, b *catalog.Bundle) {
		b.Identity = slices.Insert(b.Identity, 1, s.operation(2, func(o *identity.Op) { o.Epoch = 2 }))
	})
	tamper("an operation that may not follow", catalog.IdentityForm, func(s *stall, b *catalog.Bundle) {
		b.Identity = append(b.Identity, s.operation(2, func(o *identity.Op) { o.Epoch = 2 }))
	})
	tamper("an operation that is missing in the middle", catalog.IdentityOrder, func(s *stall, b *catalog.Bundle) {
		b.Identity[1] = s.operation(2, func(*identity.Op) {})
	})
	tamper("an operation numbered below the one it follows", catalog.IdentityForm, func(s *stall, b *catalog.Bundle) {
		last := s.operation(2, func(*identity.Op) {})
		back := s.operation(1, func(o *identity.Op) { o.Prev = last.ID() })
		b.Identity = inLogOrder(append(b.Identity, last, back))
	})
	tamper("a second genesis", catalog.IdentityForm, func(s *stall, b *catalog.Bundle) {
		for later, mine := protocol.Millis(0), b.Identity; len(b.Identity) == len(mine) || b.Identity[0].ID() != s.log.Brand(); later++ {
			second := s.operation(0, func(o *identity.Op) { o.Time += later })
			b.Identity = inLogOrder(append(slices.Clone(mine), second))
		}
	})
	tamper("seventeen branches", catalog.TooLarge, func(s *stall, b *catalog.Bundle) {
		for i := range protocol.Millis(17) {
			b.Identity = append(b.Identity, s.operation(2, func(o *identity.Op) { o.Time += i }))
		}
		b.Identity = inLogOrder(b.Identity)
	})
	tamper("a signature left out", catalog.IdentitySignature, func(s *stall, b *catalog.Bundle) {
		b.Identity[1].Signatures = b.Identity[1].Signatures[:1]
	})
	tamper("signatures out of order", catalog.IdentityForm, func(s *stall, b *catalog.Bundle) { slices.Reverse(b.Identity[1].Signatures) })
	tamper("a genesis of noise", catalog.BrandMismatch, func(s *stall, b *catalog.Bundle) { b.Identity[0].Payload = []byte{0xff} })
	tamper("an operation of noise", catalog.IdentityForm, func(s *stall, b *catalog.Bundle) { b.Identity[1].Payload = []byte{0xff} })
	tamper("an operation that is none", catalog.IdentityForm, func(s *stall, b *catalog.Bundle) { b.Identity[1].Payload = b.Head.Payload })
}
