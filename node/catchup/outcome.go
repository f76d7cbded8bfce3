package catchup

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// errWithheld means that a peer says it has a head and doesn't give its records.
var errWithheld = errors.New("withholds records of its head")

// handle takes what came of asking a peer. An error is not the peer's.
func (d *descent) handle(ctx context.Context, r result) error {
	if r.err != nil {
		return d.failed(ctx, r)
	}
	err := d.take(r.piece)
	if err == nil || errors.Is(err, wire.ErrAskWhole) {
		d.rounds.done(r.piece)
	}
	switch {
	case err == nil:
		r.lane.strikes = 0
	case errors.Is(err, wire.ErrAskWhole):
		return d.askAgain(r.lane)
	case isLie(err):
		d.fire(r.lane, err)
	default:
		return err
	}
	return nil
}

// askAgain asks the same peer for the whole of what didn't fit: its answer tells
// whether it lied.
func (d *descent) askAgain(l *lane) error {
	if l.ctx.Err() != nil {
		return nil
	}
	p, err := d.search()
	if p != nil {
		d.send(l, p)
	}
	return err
}

// take hands an answer to whom it concerns and stages what it shows.
func (d *descent) take(p *piece) error {
	switch p.request().(type) {
	case *wire.RecordsRequest:
		return d.takeRecords(p)
	case *wire.ContentRequest:
		e, err := d.fetch.Content(p.fetch, p.data)
		if err != nil {
			return err
		}
		return d.keep([]store.Change{change(e)})
	}
	return d.settle(p)
}

// takeRecords takes records, each of which is right by itself.
func (d *descent) takeRecords(p *piece) error {
	if err := d.keepEntries(p); err != nil {
		return err
	}
	return d.fetch.End(p.fetch, p.end, p.tally.max)
}

func (d *descent) keepEntries(p *piece) error {
	var list []store.Change
	for _, e := range p.entries {
		list = append(list, change(e))
	}
	return d.keep(list)
}

// settle judges an answer of the descent and stages what it proves.
func (d *descent) settle(p *piece) (err error) {
	switch {
	case p.descend != nil:
		err = d.find.Children(p.work, p.descend)
	case p.leaves != nil:
		err = d.find.Leaves(p.work, p.leaves)
	case p.segment != nil:
		err = d.find.EndSegment(p.work, p.segment)
	}
	ready, missing := p.settled(d.find.Take())
	d.found += len(missing)
	for _, c := range ready {
		if c.Record != nil {
			d.found++
		}
	}
	d.fetch.Want(missing...)
	if staging := d.keep(ready); staging != nil {
		return staging
	}
	return err
}

// keep stages what is proven.
func (d *descent) keep(changes []store.Change) error {
	for _, c := range changes {
		if c.Record != nil {
			d.came++
		}
	}
	return d.staged.add(d.Stage, d.Head.Head, changes)
}

// failed makes what a peer didn't answer somebody else's, and decides what becomes
// of the peer.
func (d *descent) failed(ctx context.Context, r result) error {
	p := r.piece
	if err := d.keepEntries(p); err != nil {
		return err
	}
	_, content := p.request().(*wire.ContentRequest)
	oversize := errors.Is(r.err, ErrTooLarge)
	switch {
	case p.fetch != nil && oversize && !content:
		d.fetch.Oversize(p.fetch)
	case p.fetch != nil:
		d.fetch.Return(p.fetch)
	case oversize:
		d.find.Oversize(p.work)
	default:
		d.find.Return(p.work)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if r.lane.ctx.Err() == nil {
		d.weigh(r.lane, r.err, content)
	}
	return nil
}

// weigh decides what becomes of a peer that didn't answer.
func (d *descent) weigh(l *lane, err error, content bool) {
	var status *StatusError
	after, busy := retryable(err)
	switch {
	case content && errors.Is(err, ErrNotFound):
		// Another peer may have left out what this one doesn't give by itself.
		if l.missed++; l.missed > maxMissed {
			d.fire(l, errWithheld)
		}
	case busy, errors.Is(err, ErrTooLarge):
		d.strike(l, err, after)
	case errors.As(err, &status), isLie(err), isStall(err):
		d.fire(l, err)
	default:
		d.strike(l, err, 0)
	}
}

// strike counts a failure; those of requests that were under way together count
// as one.
func (d *descent) strike(l *lane, err error, after time.Duration) {
	if time.Now().Before(l.until) {
		return
	}
	l.strikes++
	limit := maxStrikes
	if isCut(err) {
		limit = maxCuts
	}
	if l.strikes >= limit {
		d.fire(l, err)
		return
	}
	if !errors.Is(err, ErrTooLarge) {
		l.until = time.Now().Add(backoff(l.strikes, after))
	}
}

// fire asks a peer no more; what it is asked now is called back.
func (d *descent) fire(l *lane, err error) {
	if l.ctx.Err() != nil {
		return
	}
	l.stop()
	d.vacant = true
	for i, other := range d.lanes {
		if other == l {
			d.lanes = append(d.lanes[:i:i], d.lanes[i+1:]...)
			break
		}
	}
	d.dismiss(l.id, fmt.Errorf("after %d requests: %w", d.of(l.id).Requests, err))
}

// isStall reports whether nothing came for too long.
func isStall(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}
