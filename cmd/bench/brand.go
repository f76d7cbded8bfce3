package main

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store"
)

// brand is one without a node: its keys follow from its name, and it signs whatever
// a store holds. That makes catalogs in stores that nobody imports into.
type brand struct {
	name   string
	log    *identity.Log
	op     []byte
	online ed25519.PrivateKey
	last   *catalog.SignedHead // nil before the first
}

func newBrand(name string, now time.Time) (*brand, error) {
	b := &brand{name: name}
	next, err := b.root(1).Commitment()
	if err != nil {
		return nil, err
	}
	b.online = b.key("online", 0)
	op, err := identity.Genesis(b.root(0), next, identity.Online(protocol.PublicKeyOf(b.online)), protocol.MillisOf(now)).Sign(b.key("root", 0))
	if err != nil {
		return nil, err
	}
	if b.op, err = op.Encode(); err != nil {
		return nil, err
	}
	b.log, err = identity.Load(op.ID(), [][]byte{b.op})
	return b, err
}

func (b *brand) key(purpose string, n uint64) ed25519.PrivateKey {
	seed := sha256.Sum256(fmt.Append(nil, b.name, "/", purpose, "/", n))
	return ed25519.NewKeyFromSeed(seed[:])
}

// root is who signs the n-th identity operation.
func (b *brand) root(n uint64) identity.Signers {
	return identity.Solo(protocol.PublicKeyOf(b.key("root", n)))
}

// extend signs one more identity operation, which changes nothing but the log's
// length.
func (b *brand) extend(now time.Time) error {
	d := b.log.State().Draft(protocol.MillisOf(now))
	next, err := b.root(d.N + 1).Commitment()
	if err != nil {
		return err
	}
	op, err := d.Op(b.root(d.N), next)
	if err != nil {
		return err
	}
	signed, err := op.Sign(b.key("root", d.N))
	if err == nil {
		_, err = b.log.AppendSigned(signed)
	}
	return err
}

func (b *brand) id() protocol.CID { return b.log.Brand() }

// sign signs a head above the last one over a catalog.
func (b *brand) sign(root trie.Hash, records, bytes uint64, now time.Time) (catalog.SignedHead, error) {
	state := b.log.State()
	h, err := catalog.Next(b.last, state.Epoch, protocol.MillisOf(now))
	if err != nil {
		return catalog.SignedHead{}, err
	}
	h.Brand, h.ID, h.Root, h.Count, h.Bytes = b.id(), state.Governing, root, records, bytes
	return catalog.SignHead(h, b.online)
}

// put applies changes to the brand's catalog in a store, under a head of its own.
func (b *brand) put(ctx context.Context, s *store.Store, now time.Time, changes iter.Seq2[store.Change, error]) error {
	p, err := s.Prepare(ctx, b.id(), changes)
	if err != nil {
		return err
	}
	return b.publish(ctx, s, p, now)
}

// found makes the brand known to a store, with a first catalog that is built as one
// that comes from peers is.
func (b *brand) found(ctx context.Context, s *store.Store, now time.Time, records iter.Seq2[store.Change, error]) (err error) {
	if _, err := s.PutIdentity(ctx, b.id(), b.op); err != nil {
		return err
	}
	stage, err := s.Stage(ctx, b.id())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	for c, err := range records {
		if err == nil {
			err = stage.Add([]store.Change{c})
		}
		if err != nil {
			return err
		}
	}
	if err := stage.Flush(); err != nil {
		return err
	}
	p, err := stage.Prepare(ctx)
	if err != nil {
		return err
	}
	return b.publish(ctx, s, p, now)
}

// publish signs what was prepared and makes it.
func (b *brand) publish(ctx context.Context, s *store.Store, p *store.Prepared, now time.Time) error {
	defer p.Discard()
	head, err := b.sign(p.Root, p.Count, p.Bytes, now)
	if err != nil {
		return err
	}
	raw, err := head.Encode()
	if err != nil {
		return err
	}
	b.last = &head
	return s.Apply(ctx, p, raw)
}

func profileOf(name string) catalog.Profile {
	return catalog.Profile{
		Header: catalog.HeaderOf(catalog.TypeProfile), Name: name, Tagline: "Plain goods for long use",
		Language: "en", Country: country, Currency: currency,
	}
}

// yieldAll yields records until it is told to stop.
func yieldAll(yield func(store.Change, error) bool, list ...catalog.Record) bool {
	for _, r := range list {
		if !yieldRecord(yield, r) {
			return false
		}
	}
	return true
}
