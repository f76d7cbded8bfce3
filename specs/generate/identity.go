package main

import (
	"crypto/ed25519"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
)

// identityVectors makes the cases of specs/04-identity.md §9.
func identityVectors() (any, error) {
	cases := append(rootKeys(), commitments()...)
	cases = append(cases, validLogs()...)
	cases = append(cases, invalidLogs()...)
	cases = append(cases, invalidOps()...)
	return vecSet{"04-identity", "Root keys, commitments, operations and logs; specs/04-identity.md §9 says what each kind holds.", cases}, nil
}

// bip39Words and bip39Seed are the recovery words of 32 zero bytes and their
// BIP-39 seed with an empty passphrase.
const (
	bip39Words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon " +
		"abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art"
	bip39Seed = "408b285c123836004f4b8842c89324c1f01382450c0d439af345ba7fc49acf70" +
		"5489c6fc77dbd4e3dc1dd8cc6bc9f043db8ada1e243c4a0eafb290d399480840"
)

func rootKeys() []vec {
	var cases []vec
	for _, index := range []uint64{0, 1, 2, 10, 9999} {
		key := identity.RootKey(unhex(bip39Seed), index)
		cases = append(cases, vec{
			"name": "root key", "kind": "root", "valid": true, "words": bip39Words, "seed": bip39Seed, "index": index,
			"private": hexed(key.Seed()), "public": hexed(protocol.PublicKeyOf(key).Bytes()),
		})
	}
	return cases
}

func commitments() []vec {
	var cases []vec
	for _, s := range []identity.Signers{ownerOf("tea").signers(0), ownerOf("tea").signers(1), boardOf(2).signers(0)} {
		var keys []string
		for _, k := range s.Keys {
			keys = append(keys, hexed(k.Bytes()))
		}
		c := sure(s.Commitment())
		cases = append(cases, vec{
			"name": "commitment", "kind": "commitment", "valid": true, "keys": keys, "threshold": s.Threshold,
			"cbor": hexed(sure(protocol.Marshal(s))), "commitment": hexed(c[:]),
		})
	}
	return cases
}

// owners hold recovery words of which some must sign.
type owners struct {
	threshold int
	seeds     [][]byte
}

func ownerOf(name string) owners { return owners{1, [][]byte{seedOf(name)}} }

func boardOf(threshold int) owners {
	return owners{threshold, [][]byte{seedOf("ann"), seedOf("ben"), seedOf("cyd")}}
}

func seedOf(name string) []byte { return append(namedKey(name).Seed(), namedKey(name+"/2").Seed()...) }

func (o owners) signers(n uint64) identity.Signers {
	var keys []protocol.PublicKey
	for _, seed := range o.seeds {
		keys = append(keys, protocol.PublicKeyOf(identity.RootKey(seed, n)))
	}
	return sure(identity.NewSigners(o.threshold, keys...))
}

func (o owners) commit(n uint64) identity.Commitment { return sure(o.signers(n).Commitment()) }

func (o owners) roots(n uint64) []ed25519.PrivateKey {
	var keys []ed25519.PrivateKey
	for _, seed := range o.seeds[:o.threshold] {
		keys = append(keys, identity.RootKey(seed, n))
	}
	return keys
}

func (o owners) genesis(online ...string) protocol.Signed {
	op := identity.Genesis(o.signers(0), o.commit(1), identity.Online(publicKeys(online)...), 1795253400000)
	return sure(op.Sign(o.roots(0)...))
}

func publicKeys(names []string) []protocol.PublicKey {
	var keys []protocol.PublicKey
	for _, name := range names {
		keys = append(keys, publicOf(name))
	}
	return keys
}

func (o owners) sign(d identity.Draft) protocol.Signed {
	return sure(sure(d.Op(o.signers(d.N), o.commit(d.N+1))).Sign(o.roots(d.N)...))
}

// story grows a log and remembers what came.
type story struct {
	owners
	log *identity.Log
	at  protocol.Millis
}

func begin(o owners, online ...string) *story {
	g := o.genesis(online...)
	return &story{owners: o, at: 1795253400000, log: sure(identity.Load(g.ID(), [][]byte{sure(g.Encode())}))}
}

// then signs drafts of one moment and adds them together: more than one fork.
func (s *story) then(drafts ...identity.Draft) []protocol.CID {
	var ids []protocol.CID
	for _, d := range drafts {
		op := s.sign(d)
		sure(s.log.AppendSigned(op))
		ids = append(ids, op.ID())
	}
	return ids
}

// draft moves the clock on by a minute.
func (s *story) draft() identity.Draft {
	s.at += 60_000
	return s.log.State().Draft(s.at)
}

func (s *story) merge(a, b protocol.CID) identity.Draft {
	s.at += 60_000
	return sure(s.log.Merge(a, b, s.at))
}

func (s *story) extend(id protocol.CID) identity.Draft {
	s.at += 60_000
	return sure(s.log.Extend(id, s.at))
}

func headNamed(name string) protocol.CID { return protocol.Sum(protocol.DagCBOR, []byte(name)) }

// tell writes the log down with its state and the answers it gives.
func (s *story) tell(name string) vec {
	st := s.log.State()
	return vec{
		"name": name, "kind": "log", "valid": true, "brand": st.Brand.String(), "ops": encoded(s.log.Signed()),
		"state": vec{
			"governing": st.Governing.String(), "n": st.N, "epoch": st.Epoch, "online": kids(st.Online), "domain": st.Domain,
			"next": st.Next, "contested": st.Contested, "tips": st.Tips,
		},
		"online": s.onlineAt(st), "heads": s.judgedHeads(st),
	}
}

func encoded(ops []protocol.Signed) []string {
	var all []string
	for _, op := range ops {
		all = append(all, hexed(sure(op.Encode())))
	}
	return all
}

func kids(keys []identity.OnlineKey) []protocol.KeyID {
	ids := []protocol.KeyID{}
	for _, k := range keys {
		ids = append(ids, k.ID)
	}
	return ids
}

func (s *story) onlineAt(st identity.State) []vec {
	var all []vec
	for _, op := range s.log.Signed() {
		v := vec{"op": op.ID().String(), "known": false}
		if epoch, keys, ok := st.OnlineAt(op.ID()); ok {
			v = vec{"op": op.ID().String(), "known": true, "epoch": epoch, "kids": kids(keys)}
		}
		all = append(all, v)
	}
	return all
}

func (s *story) judgedHeads(st identity.State) []vec {
	var all []vec
	for _, key := range []string{"n1", "n3"} {
		for _, h := range []identity.HeadRef{
			{Epoch: 0, Seq: 1795253400499, Head: headNamed("before")},
			{Epoch: 0, Seq: 1795253400500, Head: headNamed("good")},
			{Epoch: 0, Seq: 1795253400500, Head: headNamed("rival")},
			{Epoch: 0, Seq: 1795253400501, Head: headNamed("after")},
			{Epoch: 1, Seq: 1795253400900, Head: headNamed("later")},
			{Epoch: 1, Seq: 1795253400901, Head: headNamed("latest")},
		} {
			kid := publicOf(key).ID()
			all = append(all, vec{"epoch": h.Epoch, "seq": h.Seq, "head": h.Head.String(), "kid": kid, "disputed": st.Disputed(h, kid)})
		}
	}
	return all
}
