package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/stoa-commerce/stoa/node/catchup"
	"github.com/stoa-commerce/stoa/node/p2p"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/blob"
	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/kv/badgerkv"
)

// network is that of all nodes here.
const network = "bench"

// listen is where nodes here listen: loopback alone.
const listen = "/ip4/127.0.0.1/tcp/0"

// peer is what of a node answers for catalogs and fetches them: a host on loopback,
// a store on disk and catch-up. It lets a scenario decide when what is fetched.
type peer struct {
	net    *p2p.P2P
	engine kv.Engine
	store  *store.Store
	blobs  *blob.Store
	server *catchup.Server
	client *catchup.Client
}

// openPeer opens a peer over the store in dir/store, made if it is missing, with the
// pictures in dir/media.
func openPeer(ctx context.Context, dir string) (*peer, error) {
	engine, err := openEngine(dir)
	if err != nil {
		return nil, err
	}
	return openPeerOver(ctx, dir, engine)
}

func openEngine(dir string) (kv.Engine, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return badgerkv.Open(badgerkv.Options{Dir: filepath.Join(dir, "store")})
}

// openPeerOver opens a peer over an engine, which is closed with it.
func openPeerOver(ctx context.Context, dir string, engine kv.Engine) (*peer, error) {
	p := &peer{engine: engine}
	var err error
	if p.store, err = store.OpenIn(ctx, engine, dir); err == nil {
		err = p.join(ctx, dir)
	}
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// hasty is an engine that syncs nothing but what is asked for by Sync: for catalogs
// that can be made again.
type hasty struct{ kv.Engine }

// Update implements kv.Engine.
func (h hasty) Update(ctx context.Context, _ kv.Durability, fn func(kv.Txn) error) error {
	return h.Engine.Update(ctx, kv.Relaxed, fn)
}

// join listens, serves every brand in the store and is ready to ask.
func (p *peer) join(ctx context.Context, dir string) error {
	o := p2p.Options{KeyFile: filepath.Join(dir, "peer.key"), Network: network, Listen: []string{listen}, Private: true}
	o.Limits = append(o.Limits, catchup.Limits{}.Register)
	var err error
	if p.net, err = p2p.New(ctx, o); err != nil {
		return err
	}
	if p.blobs, err = blob.Open(filepath.Join(dir, "media")); err != nil {
		return err
	}
	p.server, err = catchup.Serve(catchup.Options{
		Host: p.net.Host(), Store: p.store, Blobs: p.blobs, Brands: p.store.Brands,
		Serves: func(protocol.CID) bool { return true },
	})
	p.client = catchup.NewClient(catchup.ClientOptions{Host: p.net.Host()})
	return err
}

func (p *peer) close() error {
	var errs []error
	if p.server != nil {
		errs = append(errs, p.server.Close())
	}
	if p.net != nil {
		errs = append(errs, p.net.Close())
	}
	if p.store != nil {
		errs = append(errs, p.store.Close())
	}
	if p.engine != nil {
		errs = append(errs, p.engine.Close())
	}
	return errors.Join(errs...)
}

// addr is a multiaddr of the peer with /p2p/ID.
func (p *peer) addr() string { return p.net.Listening()[0] }

// live returns the head of a brand's catalog in the peer's store, nil before the
// first.
func (p *peer) live(ctx context.Context, brand protocol.CID) (*catalog.SignedHead, error) {
	var head catalog.SignedHead
	err := p.store.View(ctx, brand, func(v *store.View) error {
		head = v.Head()
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return &head, err
}

// learn asks the peer at an address for the highest head of a brand, verifies it and
// stores who may sign for the brand.
func (p *peer) learn(ctx context.Context, brand protocol.CID, from string) (catalog.SignedHead, error) {
	var none catalog.SignedHead
	id, err := p.net.Connect(ctx, from)
	if err != nil {
		return none, err
	}
	ops, err := p.client.Identity(ctx, id, brand, 0)
	if err != nil {
		return none, err
	}
	state, err := p.store.PutIdentity(ctx, brand, ops...)
	if err != nil {
		return none, err
	}
	page, err := p.client.Head(ctx, id, brand, nil)
	if err != nil {
		return none, err
	}
	head, err := catalog.DecodeHead(page.Head)
	if err != nil {
		return none, err
	}
	return head, catalog.VerifyHead(head, state)
}

// take fetches the catalog of a head from the peers at some addresses and makes it
// the live one. progress may be nil.
func (p *peer) take(ctx context.Context, head catalog.SignedHead, progress func(done, total uint64), from ...string) (r catchup.Report, err error) {
	base, err := p.live(ctx, head.Brand)
	if err != nil {
		return r, err
	}
	stage, err := p.store.Stage(ctx, head.Brand)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	job := catchup.Job{Brand: head.Brand, Head: head, Base: base, Stage: stage, Progress: progress}
	ids, err := dialAll(ctx, p.net.Connect, from)
	if err != nil {
		return r, err
	}
	job.Peers = always(ids)
	prepared, r, err := p.client.Sync(ctx, job)
	if err != nil {
		return r, fmt.Errorf("fetch %d records: %w", head.Count, err)
	}
	raw, err := head.Encode()
	if err != nil {
		prepared.Discard()
		return r, err
	}
	return r, p.store.Apply(ctx, prepared, raw)
}

// dialAll returns the IDs of the peers at some addresses. Their type is libp2p's,
// which is named below node alone.
func dialAll[ID any](ctx context.Context, dial func(context.Context, ...string) (ID, error), addrs []string) ([]ID, error) {
	var ids []ID
	for _, addr := range addrs {
		id, err := dial(ctx, addr)
		if err != nil {
			return nil, fmt.Errorf("connect to %s: %w", addr, err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func always[T any](v T) func() T { return func() T { return v } }
