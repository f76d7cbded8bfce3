package wire

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/specs/vectors"
)

// noon is the fixed time of all tests.
const noon protocol.Millis = 1_790_000_000_000

const hint Hint = "/ip4/192.0.2.7/udp/4001/quic-v1/p2p/12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo"

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func key(name string, n uint64) ed25519.PrivateKey {
	seed := sha256.Sum256(fmt.Append(nil, name, n))
	return ed25519.NewKeyFromSeed(seed[:])
}

// brand is an owner with one root key at a time and one online key.
type brand struct {
	name string
	log  *identity.Log
}

func (b *brand) signers(n uint64) identity.Signers {
	return identity.Solo(protocol.PublicKeyOf(key(b.name, n)))
}

func newBrand(name string) *brand {
	b := &brand{name: name}
	online := identity.Online(protocol.PublicKeyOf(key(name+" online", 0)))
	op := must(identity.Genesis(b.signers(0), must(b.signers(1).Commitment()), online, noon).Sign(key(name, 0)))
	b.log = must(identity.Load(op.ID(), [][]byte{must(op.Encode())}))
	return b
}

// extend signs one more operation.
func (b *brand) extend() {
	d := b.log.State().Draft(noon)
	op := must(d.Op(b.signers(d.N), must(b.signers(d.N+1).Commitment())))
	must(b.log.AppendSigned(must(op.Sign(key(b.name, d.N)))))
}

// head signs a head, by default of an empty catalog.
func (b *brand) head(change func(*catalog.Head)) catalog.SignedHead {
	h := must(catalog.Next(nil, b.log.State().Epoch, noon))
	h.Brand, h.ID, h.Root = b.log.Brand(), b.log.State().Governing, trie.Hash{}
	change(&h)
	return must(catalog.SignHead(h, key(b.name+" online", 0)))
}

func plain(*catalog.Head) {}

// later signs a head n places behind the first.
func (b *brand) later(n uint64) catalog.SignedHead {
	return b.head(func(h *catalog.Head) { h.Seq += n })
}

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// eachVector runs the cases of a file; run gets each as JSON.
func eachVector[V any](t *testing.T, file string, least int, name func(V) string, run func(t *testing.T, v V)) {
	data, err := vectors.FS.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Cases []V }
	if err := json.Unmarshal(data, &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Cases) < least {
		t.Fatalf("%d cases", len(set.Cases))
	}
	for _, v := range set.Cases {
		t.Run(name(v), func(t *testing.T) { run(t, v) })
	}
}
