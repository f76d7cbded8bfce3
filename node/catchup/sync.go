package catchup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// Job is a catalog to be fetched.
type Job struct {
	Brand protocol.CID
	// Head is the verified head whose catalog is wanted.
	Head catalog.SignedHead
	// Base is the live head, nil if there is none.
	Base *catalog.SignedHead
	// Stage keeps what comes; it stays the caller's to close. What an earlier job left
	// in it is used.
	Stage *store.Stage
	// Peers names who may have the catalog, best first. It is asked again when one of
	// them fails.
	Peers func() []peer.ID
	// Progress is told how many of the records that are to come have come; may be nil.
	Progress func(done, total uint64)
}

// The ways a catalog comes.
const (
	WayChanges = "changes" // what changed since the base, from one peer
	WayDescent = "descent" // what differs, from several
	WayFull    = "full"    // all of it, from several
)

// Report says how a catalog came.
type Report struct {
	Way        string                  `json:"way"`
	Requests   int                     `json:"requests"`
	RoundTrips int                     `json:"roundTrips"` // requests of which each needed the answer to the one before
	Frames     int                     `json:"frames"`     // received
	Bytes      uint64                  `json:"bytes"`      // received
	Records    int                     `json:"records"`    // that came
	Took       time.Duration           `json:"took"`
	Peers      map[peer.ID]*PeerReport `json:"peers"`
}

// PeerReport says what one peer did for a job.
type PeerReport struct {
	Requests int    `json:"requests"`
	Bytes    uint64 `json:"bytes"`
	Lied     bool   `json:"lied,omitempty"`
	Failed   string `json:"failed,omitempty"` // why it was asked no more
}

// job is a Job on its way.
type job struct {
	Job
	client *Client
	report Report
	out    map[peer.ID]bool // not to be asked any more
	moved  bool             // a peer doesn't have the head
	last   error            // of the peer that failed last
	staged staged
}

// Sync fetches the catalog of a head into the stage and prepares it: its root,
// count and bytes are those of the head, and the caller applies or discards it.
//
// What changed since the base is taken from one peer where one has it, else what
// differs is found out and taken from up to three. Peers that provably lie are
// blamed and asked no more. On an error what came stays in the stage, so that a
// later job for this head, or the next one, has less to ask.
//
// ErrMoved says that peers are at other heads: ask for the head again, or wait
// until they are at this one. ErrNoPeers says that there is nobody to ask, ErrHead
// that the brand contradicts itself: then nothing stays in the stage. Other errors
// are the store's or ctx's.
func (c *Client) Sync(ctx context.Context, todo Job) (*store.Prepared, Report, error) {
	j := &job{Job: todo, client: c, out: map[peer.ID]bool{}}
	j.report.Peers = map[peer.ID]*PeerReport{}
	began := c.Now()
	prepared, err := j.run(ctx)
	j.report.Took = time.Duration(c.Now()-began) * time.Millisecond
	if errors.Is(err, ErrHead) {
		err = errors.Join(err, todo.Stage.Drop(ctx))
	}
	result := "ok"
	if err != nil {
		result = "failed"
		err = fmt.Errorf("catch up with %s at %d.%d: %w", todo.Brand, todo.Head.Epoch, todo.Head.Seq, err)
	}
	c.metrics.syncs.WithLabelValues(j.report.Way, result).Inc()
	return prepared, j.report, err
}

func (j *job) run(ctx context.Context) (*store.Prepared, error) {
	children, err := j.Stage.Children(nil)
	if err != nil {
		return nil, fmt.Errorf("read own catalog: %w", err)
	}
	at := func(root trie.Hash) bool { return trie.VerifyDescent(root, nil, children) == nil }
	j.report.Way = WayDescent
	if j.Base == nil {
		j.report.Way = WayFull
	}
	// The stage must be empty: what was fetched for another head may have changed
	// what the changes since the base leave as it is.
	if j.Base != nil && j.Base.CID != j.Head.CID && !j.longAgo() && at(j.Base.Root) && !at(j.Head.Root) {
		if prepared, err := j.byChanges(ctx); prepared != nil || err != nil {
			return prepared, err
		}
	}
	return j.byDescent(ctx)
}

// maxBaseAge is how much older than the head a base may be whose changes are asked
// for. Peers retain them for a week.
const maxBaseAge protocol.Millis = 8 * 86_400_000

// longAgo reports whether nobody can be expected to have the changes since the base.
func (j *job) longAgo() bool { return j.Head.Time-j.Base.Time > maxBaseAge }

// candidates returns peers that may still be asked: those with direct connections,
// or if there are none, the others; last those that lately kept others waiting.
func (j *job) candidates() []peer.ID {
	var direct, limited []peer.ID
	seen := map[peer.ID]bool{}
	for _, p := range j.client.Rank(j.Peers()) {
		if j.out[p] || seen[p] || p == j.client.Host.ID() {
			continue
		}
		seen[p] = true
		if j.client.Limited(p) {
			limited = append(limited, p)
		} else {
			direct = append(direct, p)
		}
	}
	if len(direct) == 0 {
		return limited
	}
	return direct
}

// count adds what a request to a peer cost.
func (j *job) count(p peer.ID, t tally) {
	j.report.Requests, j.report.Frames, j.report.Bytes = j.report.Requests+t.requests, j.report.Frames+t.frames, j.report.Bytes+t.bytes
	r := j.of(p)
	r.Requests, r.Bytes = r.Requests+t.requests, r.Bytes+t.bytes
}

func (j *job) of(p peer.ID) *PeerReport {
	if j.report.Peers[p] == nil {
		j.report.Peers[p] = &PeerReport{}
	}
	return j.report.Peers[p]
}

// dismiss asks a peer no more in this job, and blames it if it lied.
func (j *job) dismiss(p peer.ID, err error) {
	j.client.blame(p, j.Brand, err)
	j.client.setAside(p, err)
	j.out[p], j.last = true, err
	j.moved = j.moved || errors.Is(err, ErrGone)
	r := j.of(p)
	r.Lied, r.Failed = isLie(err), err.Error()
	j.client.Log.Info("peer set aside in catch-up", "brand", j.Brand, "peer", p, "reason", err)
}

// nobody returns the error when there is nobody left to ask.
func (j *job) nobody() error {
	switch {
	case j.moved:
		return ErrMoved
	case j.last != nil:
		return fmt.Errorf("%w; the last one: %v", ErrNoPeers, j.last)
	}
	return ErrNoPeers
}

// finish prepares what came and compares it with the head. The error wraps
// protocol.ErrInvalid when it is another catalog.
func (j *job) finish(ctx context.Context) (*store.Prepared, error) {
	prepared, err := j.Stage.Prepare(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case prepared.Root != j.Head.Root:
		err = protocol.Invalid("catalog", "root is %s instead of %s", prepared.Root, j.Head.Root)
	case prepared.Count != j.Head.Count || prepared.Bytes != j.Head.Bytes:
		err = fmt.Errorf("%d records of %d bytes, signed are %d of %d: %w", prepared.Count, prepared.Bytes, j.Head.Count, j.Head.Bytes, ErrHead)
	}
	if err != nil {
		prepared.Discard()
		return nil, err
	}
	return prepared, nil
}

// staged writes what came to the stage and bounds it by what the head says.
type staged struct {
	records uint64
	bytes   uint64
	waiting int // bytes since the last flush
	flushed time.Time
}

// What is staged between flushes, at most: a killed node asks for it again.
const (
	flushBytes = 4 << 20
	flushAfter = 5 * time.Second
)

// add stages changes: all that are proven, or those of one peer's delta.
func (s *staged) add(stage *store.Stage, head catalog.Head, changes []store.Change) error {
	if len(changes) == 0 {
		return nil
	}
	for _, c := range changes {
		if c.Record != nil {
			s.records, s.bytes = s.records+1, s.bytes+uint64(len(c.Record))
		}
		s.waiting += len(c.Path) + len(c.Record) + 100
	}
	if s.records > head.Count || s.bytes > head.Bytes {
		return fmt.Errorf("%d records of %d bytes so far, signed are %d of %d: %w", s.records, s.bytes, head.Count, head.Bytes, ErrHead)
	}
	if err := stage.Add(changes); err != nil {
		return fmt.Errorf("stage %d records: %w", len(changes), err)
	}
	if s.flushed.IsZero() {
		s.flushed = time.Now()
	}
	if s.waiting < flushBytes && time.Since(s.flushed) < flushAfter {
		return nil
	}
	return s.flush(stage)
}

func (s *staged) flush(stage *store.Stage) error {
	if s.waiting == 0 {
		return nil
	}
	if err := stage.Flush(); err != nil {
		return fmt.Errorf("stage records: %w", err)
	}
	s.waiting, s.flushed = 0, time.Now()
	return nil
}

func change(e wire.Entry) store.Change { return store.Change{Path: e.Path, Record: e.Data} }
