package gossipsim

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Owner holds the keys of a brand made up for a run.
type Owner struct {
	name string
	mu   sync.Mutex
	log  *identity.Log
	last *catalog.SignedHead
}

// NewOwner makes a brand whose keys follow from its name.
func NewOwner(name string, now protocol.Millis) (*Owner, error) {
	o := &Owner{name: name}
	next, err := o.root(1).Commitment()
	if err != nil {
		return nil, err
	}
	op, err := identity.Genesis(o.root(0), next, identity.Online(protocol.PublicKeyOf(o.key("online", 0))), now).Sign(o.key("root", 0))
	if err != nil {
		return nil, fmt.Errorf("found brand %s: %w", name, err)
	}
	data, err := op.Encode()
	if err != nil {
		return nil, err
	}
	o.log, err = identity.Load(op.ID(), [][]byte{data})
	return o, err
}

func (o *Owner) key(kind string, n uint64) ed25519.PrivateKey {
	seed := sha256.Sum256(fmt.Append(nil, o.name, "/", kind, "/", n))
	return ed25519.NewKeyFromSeed(seed[:])
}

func (o *Owner) root(n uint64) identity.Signers {
	return identity.Solo(protocol.PublicKeyOf(o.key("root", n)))
}

// Brand returns the brand's ID.
func (o *Owner) Brand() protocol.CID { return o.log.Brand() }

// Log returns a log of the brand of its own.
func (o *Owner) Log() *identity.Log {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := *o.log // appending replaces what the copy holds
	return &l
}

// Extend signs one more identity operation, which changes nothing but the log's
// length.
func (o *Owner) Extend(now protocol.Millis) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	d := o.log.State().Draft(now)
	next, err := o.root(d.N + 1).Commitment()
	if err != nil {
		return err
	}
	op, err := d.Op(o.root(d.N), next)
	if err != nil {
		return err
	}
	signed, err := op.Sign(o.key("root", d.N))
	if err == nil {
		_, err = o.log.AppendSigned(signed)
	}
	return err
}

// Next signs a head above the last one and returns its announcement.
func (o *Owner) Next(now protocol.Millis, dial ...wire.Hint) (wire.Announcement, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	h, err := catalog.Next(o.last, o.log.State().Epoch, now)
	if err != nil {
		return wire.Announcement{}, err
	}
	head, err := o.sign(h)
	if err != nil {
		return wire.Announcement{}, err
	}
	o.last = &head
	return wire.Announce(o.log, head, dial...)
}

// Rival signs another head at the place of the last one.
func (o *Owner) Rival(dial ...wire.Hint) (wire.Announcement, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	h := o.last.Head
	h.Expires--
	head, err := o.sign(h)
	if err != nil {
		return wire.Announcement{}, err
	}
	return wire.Announce(o.log, head, dial...)
}

func (o *Owner) sign(h catalog.Head) (catalog.SignedHead, error) {
	h.Brand, h.ID, h.Root = o.log.Brand(), o.log.State().Governing, trie.Hash{}
	return catalog.SignHead(h, o.key("online", 0))
}

// Forge returns the announcement of a head of the brand above its last one that
// somebody else signed.
func (o *Owner) Forge(n uint64) (wire.Announcement, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	h := o.last.Head
	h.Seq += n + 1
	head, err := catalog.SignHead(h, o.key("thief", 0))
	if err != nil {
		return wire.Announcement{}, err
	}
	return wire.Announce(o.log, head)
}
