package main

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"time"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/node/keys"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// The brands here sell in and from one place.
const (
	currency protocol.Currency = "EUR"
	country  protocol.Country  = "DE"
)

// founding fills a new home as an import of all its products would leave it:
// public records, private tables and where its pictures came from.
type founding struct {
	home     string
	products int
	now      time.Time
	node     *node.Node
}

// found makes the home of a brand with so many products.
func found(ctx context.Context, home string, products int) error {
	f := founding{home: home, products: products, now: time.Now()}
	profile := catalog.Profile{Name: "Stoa of Things", Tagline: "Plain goods for long use", Language: "en", Country: country, Currency: currency}
	var err error
	if f.node, _, err = node.Create(ctx, nodeOptions(home), profile); err != nil {
		return err
	}
	return errors.Join(f.fill(ctx), f.node.Close())
}

func nodeOptions(home string) node.Options {
	return node.Options{Home: home, Log: slog.New(slog.DiscardHandler), Now: time.Now}
}

func (f *founding) fill(ctx context.Context) error {
	s := f.node.Store()
	run, err := s.BeginImport(ctx)
	if err != nil {
		return err
	}
	defer run.Close()
	for i := range f.products {
		if err := f.stage(run, i); err != nil {
			return err
		}
	}
	if err := run.Flush(); err != nil {
		return err
	}
	if err := f.publish(ctx, run); err != nil {
		return err
	}
	return s.SettleImport(ctx)
}

func (f *founding) stage(run store.ImportRun, i int) error {
	p := ownProduct(i, f.now)
	for j, v := range p.Variants {
		owner := store.VariantOwner{Product: p.Product.Handle}
		if len(p.Product.Variants[j].Options) > 0 {
			owner.Options = p.Product.Variants[j].Options[0] + " / " + p.Product.Variants[j].Options[1]
		}
		if err := run.PutVariant(v.ID, owner); err != nil {
			return err
		}
	}
	for k, ref := range p.Pictures {
		if err := run.PutPicture(store.OwnPicture{Source: ref.Source, Media: picture(i, k), Tried: protocol.MillisOf(f.now), Tries: 1}); err != nil {
			return err
		}
	}
	return run.Put(p)
}

// publish signs and applies all records in one step.
func (f *founding) publish(ctx context.Context, run store.ImportRun) error {
	s, brand := f.node.Store(), f.node.Brand()
	p, err := s.Prepare(ctx, brand, f.changes())
	if err != nil {
		return err
	}
	defer p.Discard()
	head, err := f.sign(ctx, p)
	if err != nil {
		return err
	}
	raw, err := head.Encode()
	if err != nil {
		return err
	}
	return s.Apply(ctx, p, raw,
		func(o *store.OwnTxn) error { return o.AdoptImport(run) },
		func(o *store.OwnTxn) error { return o.PutSigned(head.Epoch, head.Seq, head.CID) })
}

func (f *founding) changes() iter.Seq2[store.Change, error] {
	return func(yield func(store.Change, error) bool) {
		for _, c := range collections() {
			if !yieldRecord(yield, c) {
				return
			}
		}
		for i := range f.products {
			for _, r := range records(ownProduct(i, f.now), i) {
				if !yieldRecord(yield, r) {
					return
				}
			}
		}
	}
}

func yieldRecord(yield func(store.Change, error) bool, r catalog.Record) bool {
	b, err := catalog.Encode(r)
	return yield(store.Change{Path: r.Path(), Record: b}, err) && err == nil
}

// collections select by rule, as those of a large catalog do.
func collections() []catalog.Record {
	var out []catalog.Record
	for _, stuff := range stuffs[:5] {
		out = append(out, ruled(protocol.Handle(stuff), catalog.Condition{Field: "tag", Op: "is", Value: stuff}))
	}
	return append(out, ruled("small-prices", catalog.Condition{Field: "price", Op: "less", Value: "20"}))
}

func ruled(h protocol.Handle, c catalog.Condition) catalog.Record {
	return &catalog.Collection{
		Header: catalog.HeaderOf(catalog.TypeCollection), Handle: h, Title: "Things of " + string(h),
		Rule: &catalog.Rule{Match: "all", Conditions: []catalog.Condition{c}},
	}
}

func (f *founding) sign(ctx context.Context, p *store.Prepared) (catalog.SignedHead, error) {
	var none catalog.SignedHead
	key, err := keys.LoadOnline(f.home)
	if err != nil {
		return none, err
	}
	log, err := f.node.Store().Identity(ctx, f.node.Brand())
	if err != nil {
		return none, err
	}
	var last catalog.SignedHead
	err = f.node.Store().View(ctx, f.node.Brand(), func(v *store.View) error {
		last = v.Head()
		return nil
	})
	if err != nil {
		return none, err
	}
	state := log.State()
	h, err := catalog.Next(&last, state.Epoch, protocol.MillisOf(f.now))
	if err != nil {
		return none, err
	}
	h.Brand, h.ID, h.Root, h.Count, h.Bytes = f.node.Brand(), state.Governing, p.Root, p.Count, p.Bytes
	return catalog.SignHead(h, key)
}
