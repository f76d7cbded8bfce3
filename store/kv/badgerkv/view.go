package badgerkv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/dgraph-io/badger/v4"

	"github.com/stoa-commerce/stoa/store/kv"
)

// View implements kv.Engine.
func (d *DB) View(ctx context.Context, fn func(kv.Reader) error) error {
	if err := d.begin(ctx, false); err != nil {
		return fmt.Errorf("view: %w", err)
	}
	defer d.gate.Leave()
	txn := d.bdg.NewTransaction(false)
	defer txn.Discard()
	return fn(&reader{ctx: ctx, db: d, txn: txn})
}

// reader reads one Badger transaction, within the gate.
type reader struct {
	ctx context.Context
	db  *DB
	txn *badger.Txn
}

// reserved begins the keys that Badger keeps for itself.
var reserved = []byte("!badger!")

func checkKey(key []byte) error {
	if bytes.HasPrefix(key, reserved) {
		return kv.ErrBadKey
	}
	return kv.CheckKey(key)
}

func (r *reader) Get(key []byte) ([]byte, error) {
	item, err := r.item(key)
	if err != nil {
		return nil, err
	}
	value, err := item.ValueCopy(nil)
	if err != nil {
		return nil, fmt.Errorf("get %q: %w", key, translate(err))
	}
	return value, nil
}

func (r *reader) Has(key []byte) (bool, error) {
	_, err := r.item(key)
	if errors.Is(err, kv.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (r *reader) item(key []byte) (item *badger.Item, err error) {
	if err = checkKey(key); err == nil {
		err = r.stopped()
	}
	if err == nil {
		err = r.db.guard("get", key, func() (err error) { item, err = r.txn.Get(key); return err })
	}
	if err != nil {
		return nil, fmt.Errorf("get %q: %w", key, err)
	}
	return item, nil
}

// guard translates the error of one call and remembers damage.
func (d *DB) guard(what string, key []byte, call func() error) error {
	err := translate(guard(what, key, call))
	if errors.Is(err, kv.ErrCorrupt) {
		return d.breakWith(err, true)
	}
	return err
}

// stopped says why reading must end early.
func (r *reader) stopped() error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if f := r.db.fault.Load(); f != nil && f.reads {
		return f.err
	}
	return nil
}

func (r *reader) Scan(rg kv.Range, o kv.ScanOptions) iter.Seq2[kv.Item, error] {
	return func(yield func(kv.Item, error) bool) {
		if rg.Empty() {
			return
		}
		s := scan{reader: r, rg: rg, opt: o, yield: yield}
		if err := s.run(); err != nil {
			yield(kv.Item{}, fmt.Errorf("scan from %q: %w", rg.Start, err))
		}
	}
}
