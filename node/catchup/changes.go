package catchup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

const (
	// deltaPeers is how many peers are asked for the changes before what differs is
	// found out by descent.
	deltaPeers = 2
	// maxDelta is how many changes are taken from one peer without proof. A node
	// retains 200,000.
	maxDelta = 250_000
	// hurry is how long a peer is waited for that doesn't begin to send changes, if
	// there is another one.
	hurry = 3 * time.Second
)

// delta takes the changes since the base from one peer.
type delta struct {
	*job
	peer    peer.ID
	judge   *wire.Delta
	n       int
	missing []trie.Leaf // records that didn't fit their page
}

// byChanges asks peers, one after another, for the changes since the base. It
// returns nothing when none of them has them.
func (j *job) byChanges(ctx context.Context) (*store.Prepared, error) {
	for n, p := range j.candidates() {
		if n == deltaPeers {
			break
		}
		d := &delta{job: j, peer: p, judge: wire.NewDelta(j.Base.Head, j.Head.Head)}
		prepared, err := d.take(ctx)
		if err == nil {
			j.report.Way = WayChanges
			return prepared, nil
		}
		if err := d.failed(ctx, err); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// restart forgets what a peer sent: nothing of it is proven.
func (j *job) restart(ctx context.Context) error {
	j.staged = staged{}
	if err := j.Stage.Drop(ctx); err != nil {
		return fmt.Errorf("forget changes that were not proven: %w", err)
	}
	return nil
}

// failed decides what becomes of a peer whose changes didn't come or lead
// elsewhere, and returns the errors that end the job. What an interrupted job
// leaves in the stage is not proven either: the next one descends, which shows
// what of it is right.
func (d *delta) failed(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return errors.Join(ctx.Err(), d.staged.flush(d.Stage))
	case errors.Is(err, ErrGone), errors.Is(err, ErrTooLarge): // it may still have the head
	case isLie(err), errors.Is(err, ErrUnavailable), errors.Is(err, ErrNotFound):
		d.dismiss(d.peer, err)
	default:
		return err
	}
	return d.restart(ctx)
}

// patience returns how long the peer is waited for until it begins, 0 if there is nobody
// else.
func (d *delta) patience() time.Duration {
	if slices.ContainsFunc(d.candidates(), func(p peer.ID) bool { return p != d.peer }) {
		return hurry
	}
	return 0
}

func (d *delta) take(ctx context.Context) (*store.Prepared, error) {
	t := tally{pace: pace{first: d.patience()}}
	defer func() { d.count(d.peer, t) }()
	for complete := false; !complete; {
		before := d.judge.After()
		err := d.client.persist(ctx, &t, func() (err error) {
			r := &wire.ChangesRequest{Brand: d.Brand, Base: d.Base.CID, Head: d.Head.CID, After: d.judge.After()}
			complete, err = d.client.ask(ctx, d.peer, r, &t, each(d.page))
			return err
		})
		d.report.RoundTrips++
		if err != nil {
			return nil, err
		}
		if !complete && d.judge.After() == before {
			return nil, lie("ends early and goes no further")
		}
	}
	if err := d.fetch(ctx, &t); err != nil {
		return nil, err
	}
	// The base was found to be what its head says, so another root is the peer's
	// fault; another size with that root is the brand's.
	return d.finish(ctx)
}

// page judges and stages a page.
func (d *delta) page(p *wire.ChangesPage) error {
	if err := d.judge.Page(p); err != nil {
		return err
	}
	if d.n += len(p.Changes); d.n > maxDelta {
		return fmt.Errorf("more than %d changes: %w", maxDelta, ErrTooLarge)
	}
	var list []store.Change
	for _, e := range p.Changes {
		if e.Data == nil && !e.Deleted() {
			d.missing = append(d.missing, trie.NewLeaf(e.Path, e.Record))
			continue
		}
		list = append(list, change(e))
	}
	if err := d.staged.add(d.Stage, d.Head.Head, list); err != nil {
		return err
	}
	d.progress(d.n, d.n)
	return nil
}

func (j *job) progress(done, total int) {
	j.report.Records = done
	if j.Progress != nil {
		j.Progress(uint64(done), uint64(total))
	}
}

// fetch asks the same peer for the records that didn't fit their page.
func (d *delta) fetch(ctx context.Context, t *tally) error {
	for _, l := range d.missing {
		record, err := d.client.largeRecord(ctx, d.peer, d.Brand, l, t)
		if errors.Is(err, ErrNotFound) {
			err = lie("named a record and doesn't have it: %v", err)
		}
		if err == nil {
			err = d.staged.add(d.Stage, d.Head.Head, []store.Change{{Path: l.Path, Record: record}})
		}
		if errors.Is(err, ErrHead) {
			err = lie("sent more than the head allows: %v", err)
		}
		if err != nil {
			return err
		}
		d.report.RoundTrips++
	}
	return nil
}
