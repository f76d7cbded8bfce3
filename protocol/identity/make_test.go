package identity

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

// words stands for one owner's recovery words: it knows the root key of every
// operation.
type words []byte

func wordsOf(name string) words {
	a, b := sha256.Sum256([]byte(name)), sha256.Sum256([]byte(name+"/2"))
	return append(a[:], b[:]...)
}

func (w words) root(n uint64) ed25519.PrivateKey { return RootKey(w, n) }

// team is several owners of whom some must sign.
type team struct {
	threshold int
	owners    []words
}

func solo(name string) team { return team{1, []words{wordsOf(name)}} }

func (t team) signers(n uint64) Signers {
	var keys []protocol.PublicKey
	for _, w := range t.owners {
		keys = append(keys, protocol.PublicKeyOf(w.root(n)))
	}
	return must(NewSigners(t.threshold, keys...))
}

func (t team) roots(n uint64) []ed25519.PrivateKey {
	var keys []ed25519.PrivateKey
	for _, w := range t.owners[:t.threshold] {
		keys = append(keys, w.root(n))
	}
	return keys
}

func (t team) genesis(online ...protocol.PublicKey) protocol.Signed {
	op := Genesis(t.signers(0), commit(t.signers(1)), Online(online...), 1_700_000_000_000)
	return must(op.Sign(t.roots(0)...))
}

// sign completes a draft.
func (t team) sign(d Draft) protocol.Signed {
	op := must(d.Op(t.signers(d.N), commit(t.signers(d.N+1))))
	return must(op.Sign(t.roots(d.N)...))
}

func commit(s Signers) Commitment { return must(s.Commitment()) }

// online returns a fixed online key by name.
func online(name any) protocol.PublicKey {
	seed := sha256.Sum256(fmt.Append(nil, "online/", name))
	return protocol.PublicKeyOf(ed25519.NewKeyFromSeed(seed[:]))
}

func logOf(t *testing.T, genesis protocol.Signed) *Log {
	t.Helper()
	l, err := Load(genesis.ID(), [][]byte{must(genesis.Encode())})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func add(t *testing.T, l *Log, ops ...protocol.Signed) State {
	t.Helper()
	if _, err := l.AppendSigned(ops...); err != nil {
		t.Fatal(err)
	}
	return l.State()
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
