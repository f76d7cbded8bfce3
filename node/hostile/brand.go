package hostile

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Brand signs whatever it is told to: it is one made up for an attack, or an honest
// one whose online key was stolen.
type Brand struct {
	Log  *identity.Log
	Last *catalog.SignedHead // the one that Next goes on from, nil: none

	online ed25519.PrivateKey
	name   string
}

// NewBrand makes up a brand whose keys follow from its name.
func NewBrand(name string, now protocol.Millis) (*Brand, error) {
	b := &Brand{name: name, online: keyOf(name, "online", 0)}
	next, err := identity.Solo(protocol.PublicKeyOf(keyOf(name, "root", 1))).Commitment()
	if err != nil {
		return nil, err
	}
	root := keyOf(name, "root", 0)
	op, err := identity.Genesis(identity.Solo(protocol.PublicKeyOf(root)), next, identity.Online(protocol.PublicKeyOf(b.online)), now).Sign(root)
	if err != nil {
		return nil, fmt.Errorf("found brand %s: %w", name, err)
	}
	raw, err := op.Encode()
	if err != nil {
		return nil, err
	}
	b.Log, err = identity.Load(op.ID(), [][]byte{raw})
	return b, err
}

// Steal returns a brand as somebody sees it who has got hold of its online key and
// knows its last head.
func Steal(log *identity.Log, online ed25519.PrivateKey, last catalog.SignedHead) *Brand {
	return &Brand{Log: log, Last: &last, online: online, name: "stolen"}
}

// Impostor returns a brand as somebody sees it who has none of its keys and signs
// with others.
func Impostor(log *identity.Log, last catalog.SignedHead) *Brand {
	return &Brand{Log: log, Last: &last, online: keyOf("impostor", "online", 0), name: "impostor"}
}

func keyOf(name, kind string, n uint64) ed25519.PrivateKey {
	seed := sha256.Sum256(fmt.Append(nil, "hostile/", name, "/", kind, "/", n))
	return ed25519.NewKeyFromSeed(seed[:])
}

// ID returns the brand's identifier.
func (b *Brand) ID() protocol.CID { return b.Log.Brand() }

// Next returns the unsigned head that comes after the last one and commits to a
// shelf. The caller may bend it before it signs.
func (b *Brand) Next(s *Shelf, now protocol.Millis) (catalog.Head, error) {
	state := b.Log.State()
	h, err := catalog.Next(b.Last, state.Epoch, now)
	if err != nil {
		return h, err
	}
	h.Brand, h.ID = b.ID(), state.Governing
	h.Root, h.Count, h.Bytes = s.Root, uint64(len(s.Records)), s.Bytes
	return h, nil
}

// Sign signs a head, whatever it says, and goes on from there.
func (b *Brand) Sign(h catalog.Head) (catalog.SignedHead, error) {
	head, err := catalog.SignHead(h, b.online)
	if err != nil {
		return head, fmt.Errorf("sign for %s: %w", b.name, err)
	}
	b.Last = &head
	return head, nil
}

// Announce returns the announcement of a head with the brand's identity.
func (b *Brand) Announce(head catalog.SignedHead, dial ...wire.Hint) ([]byte, error) {
	a, err := wire.Announce(b.Log, head, dial...)
	if err != nil {
		return nil, err
	}
	return a.Encode()
}

// Rotate returns the brand's operations with one more that the wrong root key signed:
// it would give the online key to the thief.
func (b *Brand) Rotate(now protocol.Millis) ([][]byte, error) {
	ops, err := b.Operations()
	if err != nil {
		return nil, err
	}
	draft := b.Log.State().Draft(now).Add(protocol.PublicKeyOf(keyOf("impostor", "online", 0)))
	root := keyOf("impostor", "root", draft.N)
	signers := identity.Solo(protocol.PublicKeyOf(root))
	next, err := signers.Commitment()
	if err != nil {
		return nil, err
	}
	op := identity.Op{
		Version: identity.Version, N: draft.N, Prev: draft.Prev, Signers: signers, Next: next,
		Online: draft.Online, Epoch: draft.Epoch, Time: draft.Time,
	}
	signed, err := op.Sign(root)
	if err != nil {
		return nil, fmt.Errorf("sign rotation: %w", err)
	}
	raw, err := signed.Encode()
	return append(ops, raw), err
}

// Operations returns the brand's operations as they are sent.
func (b *Brand) Operations() (out [][]byte, err error) {
	for _, op := range b.Log.Signed() {
		raw, err := op.Encode()
		if err != nil {
			return nil, err
		}
		out = append(out, raw)
	}
	return out, nil
}
