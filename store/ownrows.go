package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/store/kv"
)

// OwnTxn writes to the brand's private tables.
type OwnTxn struct {
	tx kv.Txn
	s  *Store
}

// PutProduct stores what the brand knows of a product, but for the stock of variants
// whose stock is known: PutStock changes that. While the rows of an
// adopted import wait to move, it stands among them: there it is looked for first.
func (o *OwnTxn) PutProduct(p *OwnProduct) error {
	key := keyOwn(p.Product.Handle)
	run, pending, err := readPending(o.tx)
	if err != nil {
		return err
	}
	if pending {
		key = keyStaged(run, p.Product.Handle)
	}
	if err := putFirstStock(o.tx, p); err != nil {
		return err
	}
	return putProduct(o.tx, key, p)
}

// PutStock says what the brand has of a variant. What orders hold of it stays held.
func (o *OwnTxn) PutStock(id protocol.VariantID, s Stock) error { return putStock(o.tx, id, s) }

// PutPrekey stores a prekey under a key of its own; one that is there stays as it is.
func (o *OwnTxn) PutPrekey(p Prekey) error {
	t := o.s.newTrade(o.tx)
	err := t.PutPrekey(p)
	o.s.countKeys(t.next)
	return err
}

// DeleteProduct forgets a product, and the stock of its variants as far as no order
// holds it.
func (o *OwnTxn) DeleteProduct(h protocol.Handle) error {
	was, err := readOwn(o.tx, h)
	if err == nil {
		err = deleteStock(o.tx, was)
	}
	if err != nil && !isNotFound(err) {
		return err
	}
	run, pending, err := readPending(o.tx)
	if err == nil && pending {
		err = o.tx.Delete(keyStaged(run, h))
	}
	return errors.Join(err, o.tx.Delete(keyOwn(h)))
}

// PutPicture notes what became of a picture's source.
func (o *OwnTxn) PutPicture(p OwnPicture) error { return putPicture(o.tx, p) }

// Shown notes that the products that name these sources show their pictures.
func (o *OwnTxn) Shown(sources ...string) error {
	for _, source := range sources {
		missing, err := o.tx.Has(keyMissing(source))
		if err == nil && missing {
			err = o.tx.Delete(keyMissing(source))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// PutRedirect sends an old address, such as /old/tea, to a path of the shop.
func (o *OwnTxn) PutRedirect(from, to string) error { return o.tx.Set(keyRedirect(from), []byte(to)) }

// PutSetting stores one of the node's own settings.
func (o *OwnTxn) PutSetting(name string, value []byte) error {
	return o.tx.Set(keySetting(name), value)
}

// AdoptImport makes the products of a staged import the brand's own, all at once.
// Their rows move afterwards.
func (o *OwnTxn) AdoptImport(run ImportRun) error {
	return o.tx.Set(keyPending, binary.BigEndian.AppendUint64(nil, uint64(run.no)))
}

func putProduct(w writer, key []byte, p *OwnProduct) error {
	b, err := protocol.Marshal(withoutStock(p))
	if err != nil {
		return err
	}
	return w.Set(key, b)
}

func putPicture(w writer, p OwnPicture) error {
	b, err := protocol.Marshal(p)
	if err == nil && p.Media == nil {
		err = w.Set(keyMissing(p.Source), nil)
	}
	if err != nil {
		return err
	}
	return w.Set(keyPicture(p.Source), b)
}

// UpdateOwn writes to the private tables alone, durably. fn may run several times.
func (s *Store) UpdateOwn(ctx context.Context, fn func(*OwnTxn) error) error {
	return s.withKeys(func() error {
		return s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error { return fn(&OwnTxn{tx, s}) })
	})
}

// OwnProduct returns what the brand knows of a product, or ErrNotFound.
func (s *Store) OwnProduct(ctx context.Context, h protocol.Handle) (p *OwnProduct, err error) {
	err = s.kv.View(ctx, func(r kv.Reader) error {
		p, err = readOwn(r, h)
		return err
	})
	return p, err
}

func readOwn(r kv.Reader, h protocol.Handle) (*OwnProduct, error) {
	run, pending, err := readPending(r)
	if err != nil {
		return nil, err
	}
	if pending {
		if p, err := getProduct(r, keyStaged(run, h)); !isNotFound(err) {
			return p, err
		}
	}
	return getProduct(r, keyOwn(h))
}

func getProduct(r kv.Reader, key []byte) (*OwnProduct, error) {
	b, err := r.Get(key)
	if errors.Is(err, kv.ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return decodeOwn(r, b)
}

// decodeOwn reads the row of a product and joins in its stock.
func decodeOwn(r kv.Reader, b []byte) (*OwnProduct, error) {
	p := new(OwnProduct)
	if err := protocol.Unmarshal(b, p); err != nil {
		return nil, fmt.Errorf("own product: %w: %w", err, kv.ErrCorrupt)
	}
	return p, joinStock(r, p)
}

// OwnProducts yields the brand's products by handle, drafts included, from the
// first handle not below from. The products are one consistent state: those of an
// adopted import are there at once.
func (s *Store) OwnProducts(ctx context.Context, from protocol.Handle) iter.Seq2[*OwnProduct, error] {
	return s.viewRows(ctx, func(r kv.Reader, yield func(*OwnProduct) bool) error {
		rows := kv.Prefix([]byte("o/")).From(keyOwn(from))
		run, pending, err := readPending(r)
		if err != nil {
			return err
		}
		if !pending {
			return scanOwn(r, rows, yield)
		}
		return mergeOwn(r, rows, kv.Prefix(keyStagedAll(run)).From(keyStaged(run, from)), yield)
	})
}

func (s *Store) ownRows(ctx context.Context, rows kv.Range) iter.Seq2[*OwnProduct, error] {
	return s.viewRows(ctx, func(r kv.Reader, yield func(*OwnProduct) bool) error { return scanOwn(r, rows, yield) })
}

// viewRows makes a sequence of a walk through one state of the store.
func (s *Store) viewRows(ctx context.Context, walk func(kv.Reader, func(*OwnProduct) bool) error) iter.Seq2[*OwnProduct, error] {
	return func(yield func(*OwnProduct, error) bool) {
		err := s.kv.View(ctx, func(r kv.Reader) error {
			return walk(r, func(p *OwnProduct) bool { return yield(p, nil) })
		})
		if err != nil {
			yield(nil, err)
		}
	}
}

// scanOwn gives the products of a range of rows until yield wants no more.
func scanOwn(r kv.Reader, rows kv.Range, yield func(*OwnProduct) bool) error {
	for item, err := range r.Scan(rows, kv.ScanOptions{}) {
		if err != nil {
			return err
		}
		p, err := decodeOwn(r, item.Value)
		if err != nil {
			return err
		}
		if !yield(p) {
			return nil
		}
	}
	return nil
}

// mergeOwn gives the products of two ranges in the order of their handles; of two
// with one handle that of over.
func mergeOwn(r kv.Reader, rows, over kv.Range, yield func(*OwnProduct) bool) error {
	var failed error
	next, stop := iter.Pull(func(give func(*OwnProduct) bool) { failed = scanOwn(r, over, give) })
	defer stop()
	head, ok := next()
	wanted := true
	err := scanOwn(r, rows, func(p *OwnProduct) bool {
		for wanted && ok && head.Product.Handle < p.Product.Handle {
			wanted = yield(head)
			head, ok = next()
		}
		if wanted && !(ok && head.Product.Handle == p.Product.Handle) {
			wanted = yield(p)
		}
		return wanted && failed == nil
	})
	for err == nil && wanted && ok {
		wanted = yield(head)
		head, ok = next()
	}
	return errors.Join(err, failed)
}

// Picture returns what became of a picture's source, or ErrNotFound.
func (s *Store) Picture(ctx context.Context, source string) (p OwnPicture, err error) {
	err = s.kv.View(ctx, func(r kv.Reader) error {
		p, err = getPicture(r, source)
		return err
	})
	return p, err
}

func getPicture(r kv.Reader, source string) (p OwnPicture, err error) {
	b, err := r.Get(keyPicture(source))
	if errors.Is(err, kv.ErrNotFound) {
		return p, ErrNotFound
	}
	if err == nil {
		err = protocol.Unmarshal(b, &p)
	}
	return p, err
}

// MissingPictures lists the sources that could not be fetched yet and of which want
// is true, at most limit.
func (s *Store) MissingPictures(ctx context.Context, limit int, want func(OwnPicture) bool) ([]OwnPicture, error) {
	return s.picturesToShow(ctx, limit, func(p OwnPicture) bool { return p.Media == nil && want(p) })
}

// FetchedPictures lists the sources that were missing, have been fetched and of
// which nobody noted yet that they are Shown, at most limit.
func (s *Store) FetchedPictures(ctx context.Context, limit int) ([]OwnPicture, error) {
	return s.picturesToShow(ctx, limit, func(p OwnPicture) bool { return p.Media != nil })
}

func (s *Store) picturesToShow(ctx context.Context, limit int, want func(OwnPicture) bool) (list []OwnPicture, err error) {
	base := keyMissing("")
	err = s.kv.View(ctx, func(r kv.Reader) error {
		list = nil
		for item, err := range r.Scan(kv.Prefix(base), kv.ScanOptions{KeysOnly: true}) {
			if err != nil {
				return err
			}
			p, err := noted(r, string(item.Key[len(base):]))
			if err != nil {
				return err
			}
			if want(p) {
				list = append(list, p)
			}
			if len(list) == limit {
				return nil
			}
		}
		return nil
	})
	return list, err
}

// noted returns what became of a missing picture's source; nothing yet, when an
// import was killed between the two rows that it writes of one.
func noted(r kv.Reader, source string) (OwnPicture, error) {
	p, err := getPicture(r, source)
	if isNotFound(err) {
		return OwnPicture{Source: source}, nil
	}
	return p, err
}

// Redirect returns where an old address leads.
func (s *Store) Redirect(ctx context.Context, path string) (target string, ok bool, err error) {
	value, err := s.get(ctx, keyRedirect(path))
	return string(value), value != nil, err
}

// Setting returns one of the node's own settings, nil if it was never set.
func (s *Store) Setting(ctx context.Context, name string) ([]byte, error) {
	return s.get(ctx, keySetting(name))
}

// get returns the value of a key, nil if there is none.
func (s *Store) get(ctx context.Context, key []byte) (value []byte, err error) {
	err = s.kv.View(ctx, func(r kv.Reader) error {
		value, err = r.Get(key)
		if errors.Is(err, kv.ErrNotFound) {
			value, err = nil, nil
		}
		return err
	})
	return value, err
}

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }

// DeleteSetting forgets one of the node's own settings.
func (o *OwnTxn) DeleteSetting(name string) error { return o.tx.Delete(keySetting(name)) }

// PutSigned notes that this node signed a head, so that one it didn't sign is
// known when it comes along.
func (o *OwnTxn) PutSigned(epoch, seq uint64, head protocol.CID) error {
	return o.tx.Set(keySigned(epoch, seq), head.Bytes())
}

// Signed reports whether this node signed the head.
func (s *Store) Signed(ctx context.Context, epoch, seq uint64, head protocol.CID) (bool, error) {
	b, err := s.get(ctx, keySigned(epoch, seq))
	return string(b) == string(head.Bytes()), err
}

// SignedBefore returns the last head of an epoch that this node signed below seq, nil
// if there is none.
func (s *Store) SignedBefore(ctx context.Context, epoch, seq uint64) (last *identity.HeadRef, err error) {
	rows := kv.Range{Start: keySigned(epoch, 0), End: keySigned(epoch, seq)}
	err = s.kv.View(ctx, func(r kv.Reader) error {
		last = nil
		for item, err := range r.Scan(rows, kv.ScanOptions{Reverse: true, Limit: 1}) {
			if err != nil {
				return err
			}
			head, err := protocol.CIDFromBytes(item.Value)
			if err != nil {
				return fmt.Errorf("signed head: %w: %w", err, kv.ErrCorrupt)
			}
			last = &identity.HeadRef{Epoch: epoch, Seq: binary.BigEndian.Uint64(item.Key[len(item.Key)-8:]), Head: head}
		}
		return nil
	})
	return last, err
}
