package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store/kv"
)

// DeskView reads the tables of trading: threads, orders, stock. It is for one
// goroutine and as long as the call that gave it.
type DeskView struct {
	r     kv.Reader
	keys  *keyring
	heads map[protocol.CID]threadHead // as they are in the transaction
}

// Desk runs fn over one consistent state of the tables of trading.
func (s *Store) Desk(ctx context.Context, fn func(*DeskView) error) error {
	return s.kv.View(ctx, func(r kv.Reader) error { return fn(s.newDesk(r)) })
}

func (s *Store) newDesk(r kv.Reader) *DeskView {
	return &DeskView{r: r, keys: newKeyring(s.vault), heads: map[protocol.CID]threadHead{}}
}

// head returns the head of a thread, or ErrNotFound.
func (d *DeskView) head(id protocol.CID) (threadHead, error) {
	if h, ok := d.heads[id]; ok {
		return h, nil
	}
	h, _, err := readThreadRow(d.r, id)
	if err == nil {
		d.heads[id] = h
	}
	return h, err
}

// Thread returns a thread without its Genesis, or ErrNotFound. Of one that was
// erased it returns ID and Erased only.
func (d *DeskView) Thread(id protocol.CID) (*Thread, error) {
	h, sealed, err := readThreadRow(d.r, id)
	if err != nil {
		return nil, err
	}
	d.heads[id] = h
	if h.erased {
		return &Thread{ID: id, Erased: true}, nil
	}
	plain, err := d.keys.open(string(keyThread(id)), sealed)
	if errors.Is(err, ErrErased) {
		return &Thread{ID: id, Erased: true}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("thread %s: %w", id, err)
	}
	t := new(Thread)
	if err := protocol.Unmarshal(plain, t); err != nil {
		return nil, fmt.Errorf("thread %s: %w: %w", id, err, kv.ErrCorrupt)
	}
	return t, nil
}

// Genesis returns the signed genesis of a thread, ErrNotFound or ErrErased.
func (d *DeskView) Genesis(id protocol.CID) ([]byte, error) {
	h, err := d.head(id)
	if err != nil {
		return nil, err
	}
	if h.erased {
		return nil, fmt.Errorf("genesis of %s: %w", id, ErrErased)
	}
	key := keyThreadGenesis(h.no)
	sealed, err := d.get(key)
	if err != nil {
		return nil, err
	}
	return d.keys.open(string(key), sealed)
}

// ThreadByIdentity returns the thread of a shopper's identity key, or ErrNotFound.
func (d *DeskView) ThreadByIdentity(identity [32]byte) (protocol.CID, error) {
	if d.keys.vault.Made() == 0 {
		return protocol.CID{}, ErrNotFound
	}
	h, err := d.keys.hide("identity", identity[:])
	if err != nil {
		return protocol.CID{}, err
	}
	b, err := d.get(keyShopper(h))
	if err != nil {
		return protocol.CID{}, err
	}
	return protocol.CIDFromBytes(b)
}

// get returns the value of a row, or ErrNotFound.
func (d *DeskView) get(key []byte) ([]byte, error) {
	b, err := d.r.Get(key)
	if errors.Is(err, kv.ErrNotFound) {
		return nil, ErrNotFound
	}
	return b, err
}

// Threads returns up to limit threads, the one that was touched last first, and the
// place to go on from. Threads that were erased are not among them.
func (d *DeskView) Threads(after ThreadCursor, limit int) ([]*Thread, ThreadCursor, error) {
	rows := kv.Prefix([]byte("cl/"))
	if after.Thread.Defined() {
		rows = rows.After(keyInbox(after.Touched, after.Thread))
	}
	var list []*Thread
	for item, err := range d.r.Scan(rows, kv.ScanOptions{Limit: limit, KeysOnly: true}) {
		if err != nil {
			return nil, after, err
		}
		place := item.Key[len("cl/"):]
		id, err := protocol.CIDFromBytes(place[8:])
		if err != nil {
			return nil, after, fmt.Errorf("inbox: %w: %w", err, kv.ErrCorrupt)
		}
		after = ThreadCursor{Millis(^binary.BigEndian.Uint64(place)), id}
		t, err := d.Thread(id)
		if err != nil {
			return nil, after, err
		}
		if !t.Erased {
			list = append(list, t)
		}
	}
	return list, after, nil
}

// Entry returns an entry of a thread by its place, or ErrNotFound.
func (d *DeskView) Entry(thread protocol.CID, seq uint64) (*ThreadEntry, error) {
	h, err := d.head(thread)
	if err != nil {
		return nil, err
	}
	key := keyEntry(h.no, seq)
	row, err := d.get(key)
	if err != nil {
		return nil, fmt.Errorf("entry %d of %s: %w", seq, thread, err)
	}
	return d.keys.openEntry(key, row)
}

// EntryByID returns an entry of a thread by its identifier, or ErrNotFound, also when
// it is another thread's.
func (d *DeskView) EntryByID(thread, id protocol.CID) (*ThreadEntry, error) {
	seq, err := d.SeqOf(thread, id)
	if err != nil {
		return nil, err
	}
	return d.Entry(thread, seq)
}

// SeqOf returns the place of an entry in its thread, or ErrNotFound.
func (d *DeskView) SeqOf(thread, id protocol.CID) (uint64, error) {
	h, err := d.head(thread)
	if err != nil {
		return 0, err
	}
	b, err := d.get(keyEntryID(h.no, id))
	if err == nil && len(b) != 8 {
		err = kv.ErrCorrupt
	}
	if err != nil {
		return 0, fmt.Errorf("entry %s of %s: %w", id, thread, err)
	}
	return binary.BigEndian.Uint64(b), nil
}

// Entries returns up to limit entries of a thread from after a place on, in order.
func (d *DeskView) Entries(thread protocol.CID, after uint64, limit int) ([]*ThreadEntry, error) {
	h, err := d.head(thread)
	if err != nil {
		return nil, err
	}
	var list []*ThreadEntry
	rows := kv.Prefix(keyEntries(h.no)).From(keyEntry(h.no, after+1))
	for item, err := range d.r.Scan(rows, kv.ScanOptions{Limit: limit}) {
		if err != nil {
			return nil, err
		}
		e, err := d.keys.openEntry(item.Key, item.Value)
		if err != nil {
			return nil, fmt.Errorf("entries of %s: %w", thread, err)
		}
		list = append(list, e)
	}
	return list, nil
}

// QuoteUse returns the order that used a quote, the zero value if none did.
func (d *DeskView) QuoteUse(thread, quote protocol.CID) (order protocol.CID, err error) {
	h, err := d.head(thread)
	if err != nil {
		return order, err
	}
	b, err := d.get(keyQuote(h.no, quote))
	if isNotFound(err) {
		return order, nil
	}
	if err == nil {
		order, err = protocol.CIDFromBytes(b)
	}
	return order, err
}

// Setting returns one of the node's own settings, nil if it was never set.
func (d *DeskView) Setting(name string) ([]byte, error) { return readSetting(d.r, name) }
