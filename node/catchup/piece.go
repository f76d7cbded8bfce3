package catchup

import (
	"bytes"
	"context"
	"fmt"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

const (
	// segmentBytes is how much of a segment waits in memory for its proof. The
	// records of a larger one are fetched by their keys, once it is proven.
	segmentBytes = 2 << 20
	// maxSegment is the most leaves of one segment: more lie under one prefix only
	// where a brand mined its keys to lie so.
	maxSegment = 300_000
)

// piece is something that one peer is asked for, and what came of it. It belongs
// to whoever asks until it is handed back.
type piece struct {
	work    wire.Work     // of the descent, unless fetch is set
	segment *wire.Segment // of a segment
	fetch   *wire.Fetch   // of records
	round   int

	descend *wire.DescendPage
	leaves  *wire.LeavesPage
	kept    map[protocol.Path][]byte // records of a segment
	size    int                      // bytes of them
	n       int                      // leaves of a segment
	entries []wire.Entry             // records that came
	end     *wire.End                // of the answer to a request for records
	data    []byte                   // of a record that came by itself
	tally   tally
}

func (p *piece) request() wire.Request {
	if p.fetch != nil {
		return p.fetch.Request
	}
	return p.work.Request
}

// perform asks a peer for a piece. Records and segments are judged as they come,
// the rest by whoever it is handed back to.
func (c *Client) perform(ctx context.Context, from peer.ID, p *piece) error {
	select {
	case c.pieces <- struct{}{}:
		defer func() { <-c.pieces }()
	case <-ctx.Done():
		return ctx.Err()
	}
	switch r := p.request().(type) {
	case *wire.DescendRequest:
		_, err := c.ask(ctx, from, r, &p.tally, one(&p.descend))
		return orNothing(err, p.descend == nil)
	case *wire.LeavesRequest:
		_, err := c.ask(ctx, from, r, &p.tally, one(&p.leaves))
		return orNothing(err, p.leaves == nil)
	case *wire.SegmentRequest:
		return c.takeSegment(ctx, from, *r, p)
	case *wire.RecordsRequest:
		complete, err := c.ask(ctx, from, r, &p.tally, each(p.records))
		if err == nil {
			p.end = &wire.End{Complete: complete}
		}
		return err
	case *wire.ContentRequest:
		return c.takeContent(ctx, from, r, p)
	}
	return fmt.Errorf("a request of kind %T", p.request())
}

// orNothing makes a lie of a good answer without a page.
func orNothing(err error, nothing bool) error {
	if err == nil && nothing {
		return lie("no page")
	}
	return err
}

func (p *piece) records(page *wire.RecordsPage) error {
	got, err := p.fetch.Page(page)
	for _, e := range got {
		if err := catalog.CheckForm(e.Path, e.Data); err != nil {
			return err
		}
	}
	p.entries = append(p.entries, got...)
	return err
}

// takeSegment takes all of a segment from one peer.
func (c *Client) takeSegment(ctx context.Context, from peer.ID, r wire.SegmentRequest, p *piece) error {
	p.kept = map[protocol.Path][]byte{}
	for complete := false; !complete; {
		r.After = p.segment.After()
		err := c.persist(ctx, &p.tally, func() (err error) {
			r.After = p.segment.After()
			complete, err = c.ask(ctx, from, &r, &p.tally, each(p.entriesOf))
			return err
		})
		if err != nil {
			return err
		}
		if !complete && p.segment.After() == r.After {
			return lie("ends early and goes no further")
		}
	}
	return nil
}

func (p *piece) entriesOf(page *wire.SegmentPage) error {
	if err := p.segment.Page(page); err != nil {
		return err
	}
	if p.n += len(page.Entries); p.n > maxSegment {
		return fmt.Errorf("more than %d records under one prefix: %w", maxSegment, ErrTooLarge)
	}
	for _, e := range page.Entries {
		if p.size += len(e.Data); e.Data != nil && p.size <= segmentBytes {
			p.kept[e.Path] = e.Data
		}
	}
	return nil
}

func (c *Client) takeContent(ctx context.Context, from peer.ID, r *wire.ContentRequest, p *piece) error {
	var data bytes.Buffer
	err := c.content(ctx, from, r.Brand, r.Content, protocol.MaxRecord, &data, &p.tally)
	p.data = data.Bytes()
	return err
}

// largeRecord fetches a record that stands as a link in a page.
func (c *Client) largeRecord(ctx context.Context, from peer.ID, brand protocol.CID, l trie.Leaf, t *tally) ([]byte, error) {
	var data bytes.Buffer
	if err := c.content(ctx, from, brand, l.Record, protocol.MaxRecord, &data, t); err != nil {
		return nil, err
	}
	return data.Bytes(), catalog.CheckForm(l.Path, data.Bytes())
}

// settled splits what a piece of the descent has shown into changes that can be
// staged and leaves whose records are still to be fetched.
func (p *piece) settled(found []trie.Change) (ready []store.Change, missing []trie.Leaf) {
	for _, c := range found {
		data, here := p.kept[c.Leaf.Path]
		switch {
		case c.Delete:
			ready = append(ready, store.Change{Path: c.Leaf.Path})
		case here:
			ready = append(ready, store.Change{Path: c.Leaf.Path, Record: data})
		default:
			missing = append(missing, c.Leaf)
		}
	}
	return ready, missing
}
