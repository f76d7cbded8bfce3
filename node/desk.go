package node

import (
	"context"
	"encoding/binary"
	"errors"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/node/sales"
	"github.com/stoa-commerce/stoa/node/threads"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/store"
)

// filesFolder holds sealed files of conversations, which are no media of the catalog.
const filesFolder = "files"

// openDesk opens the brand's desk. What came of a backup is noted before anything is
// said: see threads.Desk.Restored.
func (n *Node) openDesk(ctx context.Context) error {
	since, err := n.noteRestore(ctx)
	if err != nil {
		return err
	}
	n.sales, err = sales.Open(ctx, sales.Options{
		Store: n.store, Brand: n.brand, Now: n.now, Log: n.log, Say: n.say, Changed: n.publishStock, Closed: n.silent,
	})
	if err != nil {
		return err
	}
	n.threads = threads.New(threads.Options{
		Brand: n.brand, Store: n.store, Key: n.signingKey, Keys: n.brandKeys, Decider: n.sales, Restored: since,
		Files: filepath.Join(n.home, filesFolder), Log: n.log, Now: n.now, Stir: n.stir, Quiet: n.quiet, Gone: n.gone, Forgot: n.doubt,
	})
	return nil
}

// quiet reports whether no letter would be sent to the brand's own people.
func (n *Node) quiet() bool { return n.caller == nil || n.caller.mail == nil }

// noteRestore returns since when the store is one that came from a backup, 0 if never.
// The store notes that it is; the time is added here.
func (n *Node) noteRestore(ctx context.Context) (protocol.Millis, error) {
	b, err := n.store.Setting(ctx, store.SettingRestored)
	if err != nil || b == nil {
		return 0, err
	}
	if len(b) == 8 {
		return protocol.Millis(binary.BigEndian.Uint64(b)), nil
	}
	n.log.Warn("the store came from a backup: conversations of before wait for their shoppers, stock for the owner's word", "brand", n.brand)
	return n.putRestore(ctx)
}

func (n *Node) putRestore(ctx context.Context) (protocol.Millis, error) {
	now := n.millis()
	return now, n.store.UpdateOwn(ctx, func(o *store.OwnTxn) error {
		return o.PutSetting(store.SettingRestored, binary.BigEndian.AppendUint64(nil, uint64(now)))
	})
}

// doubt has conversations wait for their shoppers, and stock for the owner's word:
// another node may have said and sold something in the brand's name.
func (n *Node) doubt(ctx context.Context) error {
	now, err := n.putRestore(ctx)
	if err != nil || n.threads == nil {
		return err
	}
	n.threads.Restored(now)
	select {
	case n.prekeyDue <- struct{}{}: // shoppers are to seal anew what is pending
	default:
	}
	return n.sales.Review(ctx)
}

// silent reports whether the brand sells nothing: as long as somebody else may sign.
func (n *Node) silent() bool {
	alarm, err := n.Alarm(context.Background())
	return err != nil || alarm != nil
}

func (n *Node) brandKeys(ctx context.Context) (thread.BrandKeys, error) {
	log, err := n.store.Identity(ctx, n.brand)
	if err != nil {
		return thread.BrandKeys{}, err
	}
	return thread.KeysOf(log), nil
}

func (n *Node) say(ctx context.Context, to protocol.CID, drafts ...thread.Draft) error {
	_, err := n.threads.Say(ctx, to, drafts...)
	return err
}

// runDesk answers shoppers until ctx ends.
func (n *Node) runDesk(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.threads.Run(ctx) })
	g.Go(func() error { return n.sales.Run(ctx) })
	g.Go(func() error { return n.renewPrekeys(ctx) })
	return g.Wait()
}

// Sales returns what the owner does with orders and stock.
func (n *Node) Sales() *sales.Desk { return n.sales }

// Conversations returns what the owner reads and says in threads.
func (n *Node) Conversations() *threads.Desk { return n.threads }

// publishStock publishes anew what shoppers read of the stock of products.
func (n *Node) publishStock(ctx context.Context, products []protocol.Handle) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	var records []store.Change
	for _, h := range products {
		p, err := n.store.OwnProduct(ctx, h)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if p.Status != store.Active {
			continue
		}
		for _, v := range p.Variants {
			c, err := set(offer(&p.Product, v))
			if err != nil {
				return err
			}
			records = append(records, c)
		}
	}
	_, err := n.publish(ctx, all(records))
	return err
}
