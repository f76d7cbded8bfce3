package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store"
)

// fullPeers is how many peers have the catalog.
const fullPeers = 3

// fullSync fetches a whole catalog from one peer and from three, until it is live and
// durable, beside hashing and writing the same records. The peers share the machine
// with the node that fetches.
func fullSync(ctx context.Context, l *lab) (rows []row, err error) {
	home, err := l.home(ctx, l.scale.big)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(l.dir, "full")
	f := &full{dir: dir}
	if err = f.open(ctx, home); err == nil {
		rows, err = f.measure(ctx, l)
	}
	return rows, errors.Join(err, f.close(), os.RemoveAll(dir))
}

// full is a catalog that three peers have, which a fourth fetches.
type full struct {
	dir   string
	brand protocol.CID
	peers []*peer
}

func (f *full) open(ctx context.Context, home string) error {
	for i := range fullPeers {
		dir := filepath.Join(f.dir, fmt.Sprint("peer-", i))
		if err := copyStore(dir, home); err != nil {
			return err
		}
		p, err := openPeer(ctx, dir)
		if err != nil {
			return err
		}
		f.peers = append(f.peers, p)
	}
	f.brand = f.peers[0].store.Brands()[0]
	return nil
}

func (f *full) close() error {
	var errs []error
	for _, p := range f.peers {
		errs = append(errs, p.close())
	}
	return errors.Join(errs...)
}

// measure takes turns: bare, one peer, three peers, and the same again.
func (f *full) measure(ctx context.Context, l *lab) ([]row, error) {
	var bare, one, three []float64
	for i := range l.scale.syncs {
		arms := []struct {
			into *[]float64
			run  func() (float64, error)
		}{
			{&bare, func() (float64, error) { return f.bare(ctx) }},
			{&one, func() (float64, error) { return f.fetch(ctx, l, 1) }},
			{&three, func() (float64, error) { return f.fetch(ctx, l, fullPeers) }},
		}
		for turn := range arms {
			arm := arms[(i+turn)%len(arms)]
			seconds, err := arm.run()
			if err != nil {
				return nil, err
			}
			*arm.into = append(*arm.into, seconds)
		}
	}
	n := float64(l.scale.big)
	name, best := count(l.scale.big)+" products", fmt.Sprintf(", best of %d", l.scale.syncs)
	return []row{
		beside(name+" from one peer, beside hashing and bare-batch-writing the same records"+best, n/slices.Min(one), n/slices.Min(bare), "products/s", higher, 0.4),
		beside(name+" from three peers, beside the same from one"+best, slices.Min(three), slices.Min(one), "s", lower, 1),
	}, nil
}

// fetch makes a peer that has nothing, lets it fetch the catalog from some of the
// others, and returns how long that took.
func (f *full) fetch(ctx context.Context, l *lab, peers int) (seconds float64, err error) {
	dir := filepath.Join(f.dir, "empty")
	p, err := openPeer(ctx, dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, p.close(), os.RemoveAll(dir)) }()
	var from []string
	for _, other := range f.peers[:peers] {
		from = append(from, other.addr())
	}
	head, err := p.learn(ctx, f.brand, from[0])
	if err != nil {
		return 0, err
	}
	if _, err := dialAll(ctx, p.net.Connect, from); err != nil {
		return 0, err
	}
	var came time.Duration
	begin := time.Now()
	report, err := p.take(ctx, head, func(_, _ uint64) { came = time.Since(begin) }, from...)
	took := time.Since(begin)
	l.say("full-sync: from %d in %.1f s, the last record after %.1f; %d requests, %d bytes",
		len(report.Peers), took.Seconds(), came.Seconds(), report.Requests, report.Bytes)
	return took.Seconds(), err
}

// bare hashes and writes the same records under keys as long as those of their rows,
// and makes them durable. What it writes is read beforehand.
func (f *full) bare(ctx context.Context) (seconds float64, err error) {
	list, err := f.records(ctx)
	if err != nil {
		return 0, err
	}
	dir := filepath.Join(f.dir, "bare")
	db, err := badger.Open(badger.DefaultOptions(dir).WithLogger(nil))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close(), os.RemoveAll(dir)) }()
	begin := time.Now()
	batch := db.NewWriteBatch()
	defer batch.Cancel()
	for i, r := range list {
		sum := sha256.Sum256(r)
		key := append(binary.BigEndian.AppendUint64(nil, uint64(i)), sum[:]...) // ascending, as the rows are
		list[i] = nil
		if err := batch.Set(key, r); err != nil {
			return 0, err
		}
	}
	err = errors.Join(batch.Flush(), db.Sync())
	return time.Since(begin).Seconds(), err
}

func (f *full) records(ctx context.Context) (list [][]byte, err error) {
	err = f.peers[0].store.View(ctx, f.brand, func(v *store.View) error {
		for c, err := range v.Segment(trie.Prefix(nil), "") {
			if err != nil {
				return err
			}
			list = append(list, c.Record)
		}
		return nil
	})
	return list, err
}
