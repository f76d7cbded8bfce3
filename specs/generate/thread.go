package main

import (
	"crypto/ed25519"
	"slices"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// threadVectors makes the cases of specs/16-thread.md §14.
func threadVectors() (any, error) {
	t := teaTalk()
	cases := slices.Concat(codes(), t.identities(), t.links(), t.schedules(), bodyCommitments(), t.objects(), t.chains(), t.parcels(), t.envelopes(), t.stories())
	return vecSet{"16-thread", "Keys, objects and envelopes of threads; specs/16-thread.md §14 says what each kind holds.", cases}, nil
}

func codes() []vec {
	var cases []vec
	for _, name := range []string{"the shopper's code", "another code"} {
		b := fixed(name)
		c := thread.Code(b[:16])
		seed := c.Seed()
		v := vec{"kind": "code", "valid": true, "code": hexed(c[:]), "seed": hexed(seed[:]), "text": c.String()}
		cases = append(cases, v.with(vec{"name": name}))
		loose := strings.NewReplacer("0", "o", "1", "l", "-", " ").Replace(strings.ToLower(c.String()))
		cases = append(cases, v.with(vec{"name": name + ", as people type", "typed": loose}))
	}
	good := cases[0]["text"].(string)
	for _, c := range [][2]string{
		{"one character wrong", swapFirst(good)}, {"too short", good[:len(good)-1]}, {"too long", good + "0"}, {"with a U", "U" + good[1:]}, {"nothing", ""},
	} {
		cases = append(cases, vec{"name": c[0], "kind": "code", "valid": false, "error": "code", "text": c[1]})
	}
	return cases
}

func swapFirst(s string) string {
	if s[0] == '2' {
		return "3" + s[1:]
	}
	return "2" + s[1:]
}

func (t *talk) identities() []vec {
	seed := t.code.Seed()
	var cases []vec
	for _, brand := range []protocol.CID{t.log.Brand(), object("another brand")} {
		s := thread.IdentitySeed(seed, brand)
		cases = append(cases, vec{"name": "the identity with a brand", "kind": "identity", "valid": true, "seed": hexed(seed[:]), "brand": brand, "identitySeed": hexed(s[:]), "identity": hexed(public(thread.SigningKey(s)))})
	}
	return cases
}

func public(k ed25519.PrivateKey) []byte { return k.Public().(ed25519.PublicKey) }

func (t *talk) links() []vec {
	var cases []vec
	for name, l := range map[string]thread.Link{
		"of the identity": {Kind: thread.LinkIdentity, Seed: thread.IdentitySeed(t.code.Seed(), t.log.Brand()), Thread: t.genesis.Thread},
		"of a link key":   {Kind: thread.LinkDevice, Seed: fixed("link"), Thread: t.genesis.Thread},
	} {
		cases = append(cases, vec{"name": name, "kind": "link", "valid": true, "text": l.String(), "linkKind": string(rune(l.Kind)), "seed": hexed(l.Seed[:]), "thread": l.Thread})
	}
	good := thread.Link{Kind: thread.LinkIdentity, Thread: t.genesis.Thread}.String()
	for _, c := range [][2]string{
		{"of another version", "Ag" + good[2:]}, {"of another kind", "AWo" + good[3:]}, {"cut", good[:len(good)-2]}, {"padded", good + "="}, {"nothing", ""},
	} {
		cases = append(cases, vec{"name": c[0], "kind": "link", "valid": false, "error": "link", "text": c[1]})
	}
	return sortedByName(cases)
}

// schedules are encapsulations with what follows from them.
func (t *talk) schedules() []vec {
	seed := fixed("the stall's prekey")
	var cases []vec
	secret := t.epoch
	for _, name := range []string{"genesis", "rekey", "join"} {
		enc, roots := t.encapsulated(name)
		v := vec{"name": name, "kind": "schedule", "valid": true, "for": name, "prekeySeed": hexed(seed[:]), "record": hexed(t.record), "prekey": t.prekeyID, "brand": t.log.Brand(), "enc": hexed(enc), "root": hexed(roots.Root[:]), "thread": t.genesis.Thread}
		switch name {
		case "genesis":
			first := thread.FirstEpoch(roots.Root, t.genesis.Thread)
			v = v.with(vec{"write": hexed(roots.Write[:]), "secret": hexed(first[:])})
		case "rekey":
			next := thread.NextEpoch(secret, roots.Root, t.genesis.Thread)
			v = v.with(vec{"before": hexed(secret[:]), "secret": hexed(next[:])})
		case "join":
			join := thread.JoinSecret(roots.Root, t.genesis.Thread)
			v = v.with(vec{"secret": hexed(join[:])})
		}
		cases = append(cases, v)
	}
	return cases
}

func bodyCommitments() []vec {
	var cases []vec
	for _, body := range [][]byte{{0xa0}, sure(thread.EncodeBody(thread.KindText, &thread.Text{Text: "Is the Gyokuro in stock?", About: "gyokuro"}))} {
		salt := fixed("salt")
		sum := thread.Commitment(salt, body)
		cases = append(cases, vec{"name": "a body", "kind": "commitment", "valid": true, "salt": hexed(salt[:]), "body": hexed(body), "commitment": hexed(sum[:])})
	}
	return cases
}
