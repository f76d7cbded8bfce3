package node

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/node/keys"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/blob"
	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/kv/badgerkv"
)

// Errors a caller decides on.
var (
	// ErrNoBrand means that the home holds no brand: stoa init makes one.
	ErrNoBrand = errors.New("there is no brand in this home")
	// ErrBrandExists means that the home holds a brand already.
	ErrBrandExists = errors.New("this home has a brand already")
	// ErrAlarm means that somebody else signs with this brand's key; nothing is
	// signed until the owner has decided.
	ErrAlarm = errors.New("another node signs for this brand")
)

// Options say where a node lives and what it takes from outside.
type Options struct {
	Home  string           // folder with keys, store and media
	Log   *slog.Logger     // never nil
	Now   func() time.Time // the clock
	Fetch PictureSource    // where pictures named by URL come from; nil leaves them missing
}

// Node is one brand's node. Its methods may be called concurrently.
type Node struct {
	home  string
	log   *slog.Logger
	now   func() time.Time
	fetch PictureSource
	kv    kv.Engine
	store *store.Store
	blobs *blob.Store
	brand protocol.CID
	key   ed25519.PrivateKey

	mu    sync.Mutex // held while a change is made: one after another
	files sync.Mutex // held while it is decided whether a picture's file stays; after mu
}

// Open opens the node of a home. Close it in the end.
func Open(ctx context.Context, o Options) (*Node, error) {
	if _, err := os.Stat(filepath.Join(o.Home, storeFolder)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open %s: %w", o.Home, ErrNoBrand)
	}
	n, err := open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", o.Home, err)
	}
	if err := n.load(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", o.Home, err), n.Close())
	}
	return n, nil
}

const storeFolder, mediaFolder = "store", "media"

// open opens store and media, whether or not there is a brand in them.
func open(ctx context.Context, o Options) (*Node, error) {
	engine, err := badgerkv.Open(badgerkv.Options{Dir: filepath.Join(o.Home, storeFolder), Log: o.Log})
	if err != nil {
		return nil, err
	}
	n := &Node{home: o.Home, log: o.Log, now: o.Now, fetch: o.Fetch, kv: engine}
	if n.store, err = store.Open(ctx, engine); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	if n.blobs, err = blob.Open(filepath.Join(o.Home, mediaFolder)); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return n, nil
}

const (
	settingBrand    = "brand"
	settingAlarm    = "alarm"
	settingSilenced = "silenced" // the head whose alarm was ended last
)

func (n *Node) load(ctx context.Context) error {
	b, err := n.store.Setting(ctx, settingBrand)
	if err != nil {
		return err
	}
	if b == nil {
		return ErrNoBrand
	}
	if n.brand, err = protocol.CIDFromBytes(b); err != nil {
		return err
	}
	n.key, err = keys.LoadOnline(n.home)
	return err
}

// Close closes the store. Run must have returned.
func (n *Node) Close() error { return n.kv.Close() }

// Brand returns the ID of the node's own brand.
func (n *Node) Brand() protocol.CID { return n.brand }

// Store returns the node's memory, for reading.
func (n *Node) Store() *store.Store { return n.store }

// Blobs returns the node's pictures.
func (n *Node) Blobs() *blob.Store { return n.blobs }

// Run does what a node does by itself until ctx ends: it re-signs the head every
// day, fetches missing pictures and keeps the store in order.
func (n *Node) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.kv.Run(ctx) })
	g.Go(func() error { return n.store.Run(ctx) })
	g.Go(func() error { return n.resignDaily(ctx) })
	g.Go(func() error { return n.fetchMissing(ctx) })
	g.Go(func() error { return n.clearDaily(ctx) })
	return g.Wait()
}

func (n *Node) millis() protocol.Millis { return protocol.MillisOf(n.now()) }

// head returns the current head, nil before the first.
func (n *Node) head(ctx context.Context) (*catalog.SignedHead, error) {
	var head catalog.SignedHead
	err := n.store.View(ctx, n.brand, func(v *store.View) error {
		head = v.Head()
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return &head, err
}
