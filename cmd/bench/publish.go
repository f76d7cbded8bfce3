package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// publish changes prices of a running node one after another, each beside one
// write to a Badger of its own that syncs every write, on the same disk. The node
// does its upkeep meanwhile; only what follows the making of a whole catalog, its
// check and compaction, gets some seconds first.
func publish(ctx context.Context, l *lab) (rows []row, err error) {
	home, err := l.home(ctx, l.scale.big)
	if err != nil {
		return nil, err
	}
	bare, err := badger.Open(badger.DefaultOptions(filepath.Join(l.dir, "bare-badger")).WithSyncWrites(true).WithLogger(nil))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bare.Close()) }()
	var ours, theirs []float64
	err = withNode(ctx, home, func(n *node.Node) error {
		time.Sleep(l.scale.calm)
		ours, theirs, err = editPrices(ctx, l.scale, n, bare)
		return err
	})
	if err != nil {
		return nil, err
	}
	l.say("publish: 95th percentile %.2f ms beside %.2f ms", percentile(ours, 95), percentile(theirs, 95))
	name := "one price changed among " + count(l.scale.big) + " products, beside one synced Badger write"
	return []row{beside(name, median(ours), median(theirs), "ms", lower, 3)}, nil
}

// withNode runs fn beside everything that a node does by itself.
func withNode(ctx context.Context, home string, fn func(*node.Node) error) error {
	n, err := node.Open(ctx, nodeOptions(home))
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- n.Run(running) }()
	err = fn(n)
	stop()
	return errors.Join(err, <-ended, n.Close())
}

// warmUp is how many edits are made before those that count.
const warmUp = 10

// editPrices returns how many milliseconds each edit and each bare write took.
// The two take turns, and turns at being first.
func editPrices(ctx context.Context, s scale, n *node.Node, bare *badger.DB) (ours, theirs []float64, err error) {
	if err := faithful(ctx, n); err != nil {
		return nil, nil, err
	}
	write, err := bareWrite(bare)
	if err != nil {
		return nil, nil, err
	}
	rnd := rand.New(rand.NewPCG(2, 2))
	for i := range warmUp + s.edits {
		arms := []func() error{
			func() error { return editPrice(ctx, n, rnd.IntN(s.big), i) },
			func() error { return write(i) },
		}
		var took [2]float64
		for turn := range arms {
			arm := (i + turn) % len(arms)
			begin := time.Now()
			if err := arms[arm](); err != nil {
				return nil, nil, err
			}
			took[arm] = milliseconds(time.Since(begin))
		}
		if i >= warmUp {
			ours, theirs = append(ours, took[0]), append(theirs, took[1])
		}
	}
	return ours, theirs, nil
}

// editPrice gives a product's first variant a price that it didn't have.
func editPrice(ctx context.Context, n *node.Node, product, i int) error {
	price := protocol.NewMoney(int64(50_000+i), currency)
	_, err := n.SetPrice(ctx, variantOf(product, 0), price.Decimal())
	return err
}

// faithful makes sure that the catalog is what the node itself would publish: to
// set a price to what it is must change no record.
func faithful(ctx context.Context, n *node.Node) error {
	price := ownProduct(0, time.Now()).Variants[0].Price
	before, err := n.Store().Tip(ctx, n.Brand())
	if err != nil {
		return err
	}
	head, err := n.SetPrice(ctx, variantOf(0, 0), price.Decimal())
	if err == nil && head.CID != before.Head {
		err = errors.New("the catalog that was made up isn't what the node publishes")
	}
	return err
}

// bareWrite returns a write of one value of the size of an offer, under a key of
// the size of its row's.
func bareWrite(db *badger.DB) (func(i int) error, error) {
	offer, err := catalog.Encode(records(ownProduct(1, time.Now()), 1)[1])
	return func(i int) error {
		return db.Update(func(tx *badger.Txn) error { return tx.Set(fmt.Appendf(nil, "bare/%037d", i), offer) })
	}, err
}
