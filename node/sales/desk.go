package sales

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/store"
)

// SettingTerms is the private setting that holds the brand's trade.Terms; without it
// the brand sells on trade.DefaultTerms.
const SettingTerms = "terms"

// Options say what a desk works with.
type Options struct {
	Store *store.Store
	Brand protocol.CID
	Now   func() time.Time
	Log   *slog.Logger
	// Say commits entries of the brand, all or none, and returns when they are durable.
	// Each draft has come by Decide then. An error that wraps *trade.Refused says why
	// the brand's own entry doesn't fit.
	Say func(ctx context.Context, to protocol.CID, drafts ...thread.Draft) error
	// Changed is told of products whose stock moved, so that what shoppers read of them
	// is published anew. It isn't called more often than once a second.
	Changed func(ctx context.Context, products []protocol.Handle) error
	// Closed reports whether the brand sells nothing at the moment; nil: it always sells.
	Closed func() bool
}

// Desk is the trading desk of one brand. Its methods may be called concurrently; Decide
// and Adopt by whoever holds the transaction.
type Desk struct {
	Options
	cache  cache
	review review
	moved  moved
}

// Open returns a desk. After a restored backup it begins a review of stock.
func Open(ctx context.Context, o Options) (*Desk, error) {
	d := &Desk{Options: o, moved: moved{wake: make(chan struct{}, 1)}}
	return d, d.Review(ctx)
}

func (d *Desk) now() protocol.Millis { return protocol.MillisOf(d.Now()) }

// cache is what was decoded of the catalog and the terms. It is dropped when the head
// or the setting changes.
type cache struct {
	mu    sync.Mutex
	shelf *shelf
	terms *decodedTerms
}
