package catchup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

const (
	maxLanes    = 3 // peers that are asked at a time
	laneStreams = 4 // requests to each of them
	// maxStrikes is how often in a row a peer may be busy, cut off or find an answer
	// too large before it is asked no more.
	maxStrikes = 8
	// maxCuts is the same for one that only cuts off.
	maxCuts = 3
	// rehire is how often more peers are looked for when there are few.
	rehire = 5 * time.Second
	// maxMissed is how many records a peer may not have by themselves.
	maxMissed = 64
	// maxMissing is how many leaves wait for their records before more are found.
	maxMissing = 4096
)

// descent finds out with several peers what differs and fetches it. All of it
// belongs to the goroutine of run; only pieces that are out are others'.
type descent struct {
	*job
	find    *wire.Descent
	fetch   *wire.Records
	lanes   []*lane
	results chan result
	active  int
	rounds  rounds
	found   int  // records that are to come
	came    int  // records that came
	vacant  bool // a lane is to be filled
	hired   time.Time
	start   int // records that were here before, of a full sync
}

// lane is a peer that is asked.
type lane struct {
	id      peer.ID
	streams int // that may be under way
	active  int
	strikes int       // failures in a row
	missed  int       // records that it should have and doesn't
	until   time.Time // not to be asked before
	ctx     context.Context
	stop    context.CancelFunc
}

type result struct {
	lane  *lane
	piece *piece
	err   error
}

func (j *job) byDescent(ctx context.Context) (*store.Prepared, error) {
	// What a peer's changes left in the stage must not come to light on the way.
	if err := j.staged.flush(j.Stage); err != nil {
		return nil, err
	}
	j.staged = staged{}
	d := &descent{job: j, fetch: wire.NewRecords(j.Head), rounds: newRounds(), vacant: true}
	d.results = make(chan result, 2*maxLanes*laneStreams)
	err := d.run(ctx)
	j.report.RoundTrips += d.rounds.longest
	if err != nil {
		return nil, errors.Join(err, j.staged.flush(j.Stage))
	}
	prepared, err := j.finish(ctx)
	if isLie(err) {
		// Every leaf was proven: no peer is at fault.
		err = fmt.Errorf("%w: %v", ErrHead, err)
	}
	return prepared, err
}

func (d *descent) run(ctx context.Context) (err error) {
	if d.find, err = wire.NewDescent(d.Head, d.Stage); err != nil {
		return err
	}
	defer d.stop()
	if err := d.begin(); err != nil {
		return err
	}
	for !d.find.Done() || !d.fetch.Done() {
		d.hire(ctx)
		if err := d.dispatch(); err != nil {
			return err
		}
		if d.active == 0 && len(d.lanes) == 0 {
			return d.nobody()
		}
		d.tell()
		if err := d.wait(ctx); err != nil {
			return err
		}
	}
	d.tell()
	return nil
}

// stop calls back what is out and waits for it.
func (d *descent) stop() {
	for _, l := range d.lanes {
		l.stop()
	}
	for ; d.active > 0; d.active-- {
		r := <-d.results
		d.count(r.lane.id, r.piece.tally)
	}
}

// begin takes what is known without asking, and counts what is here.
func (d *descent) begin() error {
	if d.report.Way == WayFull {
		children, err := d.Stage.Children(nil)
		if err != nil {
			return fmt.Errorf("read own catalog: %w", err)
		}
		for _, c := range children {
			d.start += int(c.Count)
		}
	}
	return d.settle(&piece{})
}

// hire fills up the lanes, when one has become free and now and then. A peer that lately
// kept others waiting gets one only if nobody else has.
func (d *descent) hire(ctx context.Context) {
	if !d.vacant && (len(d.lanes) == maxLanes || time.Since(d.hired) < rehire) {
		return
	}
	d.vacant, d.hired = false, time.Now()
	for _, p := range d.candidates() {
		if len(d.lanes) == maxLanes {
			return
		}
		if late := len(d.lanes) > 0 && d.client.aside.has(p, d.hired); !late && d.laneOf(p) == nil {
			l := &lane{id: p, streams: laneStreams}
			if d.client.Limited(p) {
				l.streams = 1
			}
			l.ctx, l.stop = context.WithCancel(ctx)
			d.lanes = append(d.lanes, l)
		}
	}
}

func (d *descent) laneOf(p peer.ID) *lane {
	for _, l := range d.lanes {
		if l.id == p {
			return l
		}
	}
	return nil
}

// dispatch hands out work as long as there is some and a lane is free.
func (d *descent) dispatch() error {
	for {
		l := d.free()
		if l == nil {
			return nil
		}
		p, err := d.next()
		if p == nil || err != nil {
			return err
		}
		d.send(l, p)
	}
}

// free returns the lane with the least to do, nil when none is free.
func (d *descent) free() (best *lane) {
	now := time.Now()
	for _, l := range d.lanes {
		if l.active < l.streams && now.After(l.until) && (best == nil || l.active < best.active) {
			best = l
		}
	}
	return best
}

// next returns what to ask next, nil when there is nothing now. While many records
// are missing, those come before more are found.
func (d *descent) next() (*piece, error) {
	if d.fetch.Missing() < maxMissing {
		if p, err := d.search(); p != nil || err != nil {
			return p, err
		}
	}
	if f, ok := d.fetch.Next(); ok {
		return &piece{fetch: f, round: d.rounds.leaves + 1}, nil
	}
	return nil, nil
}

func (d *descent) search() (*piece, error) {
	w, ok, err := d.find.Next()
	if err != nil {
		return nil, fmt.Errorf("descend: %w", err)
	}
	if !ok {
		return nil, nil
	}
	p := &piece{work: w, round: d.rounds.of(w.Request)}
	if _, ok := w.Request.(*wire.SegmentRequest); ok {
		p.segment = d.find.Segment(w)
	}
	return p, nil
}

func (d *descent) send(l *lane, p *piece) {
	d.active, l.active = d.active+1, l.active+1
	go func() { d.results <- result{l, p, d.client.perform(l.ctx, l.id, p)} }()
}

// wait takes the next result, or returns when a peer may be asked again.
func (d *descent) wait(ctx context.Context) error {
	timer := time.NewTimer(d.pause())
	defer timer.Stop()
	select {
	case r := <-d.results:
		d.active, r.lane.active = d.active-1, r.lane.active-1
		d.count(r.lane.id, r.piece.tally)
		return d.handle(ctx, r)
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pause returns how long until a lane that was told to wait may be asked again.
func (d *descent) pause() time.Duration {
	pause := rehire
	for _, l := range d.lanes {
		if wait := time.Until(l.until); wait > 0 {
			pause = min(pause, wait+time.Millisecond)
		}
	}
	return pause
}

func (d *descent) tell() {
	d.report.Records = d.came
	if d.Progress == nil {
		return
	}
	if d.report.Way == WayFull {
		d.Progress(min(uint64(d.start+d.came), d.Head.Count), d.Head.Count)
		return
	}
	d.Progress(uint64(d.came), uint64(d.found))
}
