package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store/kv"
)

// ImportRun gathers the products of one import apart from the brand's own, until
// OwnTxn.AdoptImport makes all of them live in the step that moves the head. One
// run at a time; what an unfinished one left is cleared by the next.
type ImportRun struct {
	no   importRun
	bulk kv.Bulk
	s    *Store
	ctx  context.Context // of the run
}

// BeginImport starts a run. End it with Close.
func (s *Store) BeginImport(ctx context.Context) (ImportRun, error) {
	if err := s.settleImport(ctx); err != nil {
		return ImportRun{}, err
	}
	last, err := s.get(ctx, keySetting(settingRun))
	if err != nil {
		return ImportRun{}, err
	}
	run := ImportRun{no: 1, s: s, ctx: ctx}
	if len(last) == 8 {
		run.no = importRun(binary.BigEndian.Uint64(last)) + 1
	}
	err = s.UpdateOwn(ctx, func(o *OwnTxn) error {
		return o.PutSetting(settingRun, binary.BigEndian.AppendUint64(nil, uint64(run.no)))
	})
	if err != nil {
		return ImportRun{}, fmt.Errorf("begin import: %w", err)
	}
	run.bulk, err = s.kv.Bulk(ctx)
	return run, err
}

// Put stages a product, and the stock of its variants where it isn't what is known
// now.
func (r ImportRun) Put(p *OwnProduct) error {
	was := &OwnProduct{Variants: slices.Clone(p.Variants)}
	err := r.s.kv.View(r.ctx, func(kr kv.Reader) error { return joinStock(kr, was) })
	if err != nil {
		return err
	}
	return r.PutChanged(was, p)
}

// PutChanged stages what an import made of a product, and the stock of the variants
// whose stock it changed; was is nil for a new product. What is sold meanwhile of the
// others stays sold.
func (r ImportRun) PutChanged(was, is *OwnProduct) error {
	for _, v := range is.Variants {
		if v.Stock == stockIn(was, v.ID) {
			continue
		}
		b, err := encodeStock(Stocked{Stock: v.Stock})
		if err == nil {
			err = r.bulk.Set(keyStagedStock(r.no, v.ID), b)
		}
		if err != nil {
			return err
		}
	}
	return putProduct(r.bulk, keyStaged(r.no, is.Product.Handle), is)
}

// stockIn returns the stock of one of a product's variants, none if it has no such.
func stockIn(p *OwnProduct, id protocol.VariantID) Stock {
	if p != nil {
		for _, v := range p.Variants {
			if v.ID == id {
				return v.Stock
			}
		}
	}
	return Stock{}
}

// PutVariant notes whose a variant identifier is, for ever. It holds from the next
// Flush on, whether or not the import is adopted.
func (r ImportRun) PutVariant(id protocol.VariantID, owner VariantOwner) error {
	b, err := protocol.Marshal(owner)
	if err != nil {
		return err
	}
	return r.bulk.Set(keyVariant(id), b)
}

// VariantOwner says whose a variant identifier is: the product and the option
// values it was given to, joined by " / ". It stays when the variant is deleted,
// so that the identifier never means something else.
type VariantOwner struct {
	_       struct{} `cbor:",toarray"`
	Product protocol.Handle
	Options string
}

// Flush puts what was staged on disk.
func (r ImportRun) Flush() error { return r.bulk.Flush() }

// Close ends the run. What was not adopted is cleared later.
func (r ImportRun) Close() { r.bulk.Discard() }

// VariantOwner says whose a variant identifier is, the zero value if it was never
// given.
func (s *Store) VariantOwner(ctx context.Context, id protocol.VariantID) (VariantOwner, error) {
	var owner VariantOwner
	b, err := s.get(ctx, keyVariant(id))
	if err == nil && b != nil {
		err = protocol.Unmarshal(b, &owner)
	}
	return owner, err
}

// SettleImport moves the rows of an adopted import to their place. Reads see them
// before, too.
func (s *Store) SettleImport(ctx context.Context) error { return s.settleImport(ctx) }

// settleImport moves adopted rows and clears rows that were never adopted, if the
// last run left any. It may be interrupted and run again at any point.
func (s *Store) settleImport(ctx context.Context) error {
	last, err := s.Setting(ctx, settingRun)
	if err != nil {
		return fmt.Errorf("settle import: %w", err)
	}
	settled, err := s.Setting(ctx, settingSettled)
	if err != nil || bytes.Equal(last, settled) {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return fmt.Errorf("settle import: %w", err)
	}
	return s.UpdateOwn(ctx, func(o *OwnTxn) error { return o.PutSetting(settingSettled, last) })
}

// settingRun numbers the last import that began, settingSettled the last one whose
// rows have moved or gone.
const (
	settingRun     = "import"
	settingSettled = "import-settled"
)

func (s *Store) settle(ctx context.Context) error {
	var run importRun
	var pending bool
	err := s.kv.View(ctx, func(r kv.Reader) (err error) {
		run, pending, err = readPending(r)
		return err
	})
	if err == nil && pending {
		err = s.moveStaged(ctx, run)
	}
	if err == nil {
		err = s.deleteRows(ctx, []byte("s/"), []byte("sk/"))
	}
	return err
}

func (s *Store) moveStaged(ctx context.Context, run importRun) error {
	bulk, err := s.kv.Bulk(ctx)
	if err != nil {
		return err
	}
	defer bulk.Discard()
	base := keyStagedAll(run)
	err = s.kv.View(ctx, func(r kv.Reader) error {
		for item, err := range r.Scan(kv.Prefix(base), kv.ScanOptions{}) {
			if err != nil {
				return err
			}
			if err := bulk.Set(keyOwn(protocol.Handle(item.Key[len(base):])), item.Value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := bulk.Flush(); err != nil {
		return err
	}
	if err := s.moveStagedStock(ctx, run); err != nil {
		return err
	}
	return s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error { return tx.Delete(keyPending) })
}

// stockPage is how many staged rows of stock move in one transaction: few, so that
// orders seldom meet it.
const stockPage = 200

// moveStagedStock moves what an adopted import says of stock, but for what changed
// since: that has moved already.
func (s *Store) moveStagedStock(ctx context.Context, run importRun) error {
	base := keyStagedStocks(run)
	for more := true; more; {
		err := s.kv.Update(ctx, kv.Relaxed, func(tx kv.Txn) error {
			n := 0
			for item, err := range tx.Scan(kv.Prefix(base), kv.ScanOptions{Limit: stockPage, KeysOnly: true}) {
				if err != nil {
					return err
				}
				id := protocol.VariantID(item.Key[len(base):])
				is, staged, err := readStock(tx, id)
				if err == nil && staged != nil {
					err = writeStock(tx, id, is, staged)
				}
				if err != nil {
					return err
				}
				n++
			}
			more = n == stockPage
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func readPending(r kv.Reader) (run importRun, pending bool, err error) {
	b, err := r.Get(keyPending)
	if errors.Is(err, kv.ErrNotFound) {
		return 0, false, nil
	}
	if err != nil || len(b) != 8 {
		return 0, false, errors.Join(err, kv.ErrCorrupt)
	}
	return importRun(binary.BigEndian.Uint64(b)), true, nil
}

// PutPicture notes what became of a picture's source. Like PutVariant it holds
// whether or not the import is adopted.
func (r ImportRun) PutPicture(p OwnPicture) error { return putPicture(r.bulk, p) }

// PutRedirect notes where an old address leads. Like PutVariant it holds whether
// or not the import is adopted: an address that leads nowhere is just not found.
func (r ImportRun) PutRedirect(from, to string) error {
	return r.bulk.Set(keyRedirect(from), []byte(to))
}

// Staged yields the products of a run after Flush, by handle.
func (s *Store) Staged(ctx context.Context, run ImportRun) iter.Seq2[*OwnProduct, error] {
	return s.ownRows(ctx, kv.Prefix(keyStagedAll(run.no)))
}
