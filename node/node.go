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
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/node/keys"
	"github.com/stoa-commerce/stoa/node/sales"
	"github.com/stoa-commerce/stoa/node/threads"
	"github.com/stoa-commerce/stoa/protocol"
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
	// ErrContested means that a brand signed two heads at one place: until it has
	// healed that, nothing newer of it takes effect.
	ErrContested = errors.New("the brand is in contest")
	// ErrOwnBrand means that a node was to follow its own brand.
	ErrOwnBrand = errors.New("it is this node's own brand")
	// ErrNoNetwork means that the node takes no part in the network, so that nobody can
	// be asked.
	ErrNoNetwork = errors.New("the node is not part of a network")
	// ErrNoBrandThere means that a peer serves no brand.
	ErrNoBrandThere = errors.New("the peer serves no brand")
)

// Options say where a node lives and what it takes from outside.
type Options struct {
	Home  string           // folder with keys, store and media
	Log   *slog.Logger     // never nil
	Now   func() time.Time // the clock
	Fetch PictureSource    // where pictures named by URL come from; nil leaves them missing
	// Engine holds the store and stays the caller's to close; nil: Badger in Home.
	Engine kv.Engine
	// Net says how the node takes part in the network; nil: not at all.
	Net *NetOptions
	// Notify says how people are called back; the zero value pushes and sends no mail.
	Notify NotifyOptions
}

// Node is one brand's node. Its methods may be called concurrently.
type Node struct {
	home  string
	log   *slog.Logger
	now   func() time.Time
	fetch PictureSource
	kv    kv.Engine
	lent  bool // kv is the caller's
	store *store.Store
	blobs *blob.Store
	brand protocol.CID
	key   ed25519.PrivateKey // see setKey

	signer atomic.Pointer[ed25519.PrivateKey] // key, for readers without mu

	mu    sync.Mutex // held while a change is made: one after another
	files sync.Mutex // held while it is decided whether a picture's file stays; after mu

	kept      *kept
	following sync.Mutex    // held while it is changed which brands are followed; before kept.mu
	threads   *threads.Desk // where the brand answers its shoppers
	sales     *sales.Desk   // decides there on what is trade
	prekeyDue chan struct{} // wakes who renews the prekey
	caller    *caller       // calls people back
	net       *net          // nil without a network
	running   atomic.Bool
}

// Open opens the node of a home. Close it in the end.
func Open(ctx context.Context, o Options) (*Node, error) {
	if _, err := os.Stat(filepath.Join(o.Home, storeFolder)); o.Engine == nil && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open %s: %w", o.Home, ErrNoBrand)
	}
	n, err := open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", o.Home, err)
	}
	if err := n.load(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", o.Home, err), n.Close())
	}
	return n, nil
}

const storeFolder, mediaFolder = "store", "media"

// open opens store and media, whether or not there is a brand in them.
func open(ctx context.Context, o Options) (*Node, error) {
	n := &Node{home: o.Home, log: o.Log, now: o.Now, fetch: o.Fetch, kv: o.Engine, lent: o.Engine != nil, kept: newKept(), prekeyDue: make(chan struct{}, 1)}
	var err error
	if !n.lent {
		if n.kv, err = badgerkv.Open(badgerkv.Options{Dir: filepath.Join(o.Home, storeFolder), Log: o.Log}); err != nil {
			return nil, err
		}
	}
	if n.store, err = n.openStore(ctx); err != nil {
		return nil, errors.Join(err, n.closeStore())
	}
	if n.blobs, err = blob.Open(filepath.Join(o.Home, mediaFolder)); err != nil {
		return nil, errors.Join(err, n.closeStore())
	}
	return n, nil
}

// openStore opens the store; the keys of what is sealed stand in the home. An engine of
// the caller's has no files, and so have its keys.
func (n *Node) openStore(ctx context.Context) (*store.Store, error) {
	if n.lent {
		return store.Open(ctx, n.kv)
	}
	return store.OpenIn(ctx, n.kv, n.home)
}

const (
	settingBrand    = "brand"
	settingAlarm    = "alarm"
	settingSilenced = "silenced" // the head whose alarm was ended last
)

func (n *Node) load(ctx context.Context, o Options) error {
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
	key, err := keys.LoadOnline(n.home)
	if err != nil {
		return err
	}
	n.setKey(key)
	return n.begin(ctx, o)
}

// begin reads what is known of the brands that are kept and joins the network, when
// there is a brand.
func (n *Node) begin(ctx context.Context, o Options) error {
	own := newMirror(n.brand, true)
	n.kept.add(own)
	if err := n.loadMirror(ctx, own); err != nil {
		return err
	}
	if err := n.loadFollowed(ctx); err != nil {
		return err
	}
	if err := n.openDesk(ctx); err != nil {
		return err
	}
	var err error
	if n.caller, err = n.newCaller(ctx, o.Notify); err != nil {
		return err
	}
	if o.Net == nil {
		return nil
	}
	return n.join(ctx, *o.Net)
}

// Close leaves the network and closes the store. Run must have returned.
func (n *Node) Close() error {
	if n.net == nil {
		return n.closeStore()
	}
	return errors.Join(n.net.leave(), n.closeStore())
}

func (n *Node) closeStore() (err error) {
	if n.store != nil {
		err = n.store.Close()
	}
	if n.lent {
		return err
	}
	return errors.Join(err, n.kv.Close())
}

// Brand returns the ID of the node's own brand.
func (n *Node) Brand() protocol.CID { return n.brand }

// Store returns the node's memory, for reading.
func (n *Node) Store() *store.Store { return n.store }

// Blobs returns the node's pictures.
func (n *Node) Blobs() *blob.Store { return n.blobs }

// Run does what a node does by itself until ctx ends: it re-signs the head every
// day, fetches missing pictures, keeps the store in order and takes part in the
// network. It can be called once.
func (n *Node) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.kv.Run(ctx) })
	g.Go(func() error { return n.store.Run(ctx) })
	g.Go(func() error { return n.resignDaily(ctx) })
	g.Go(func() error { return n.fetchMissing(ctx) })
	g.Go(func() error { return n.clearDaily(ctx) })
	g.Go(func() error { return n.runDesk(ctx) })
	g.Go(func() error { return n.caller.run(ctx) })
	if n.net != nil {
		g.Go(func() error { return n.runNet(ctx) })
	}
	return g.Wait()
}

func (n *Node) millis() protocol.Millis { return protocol.MillisOf(n.now()) }
