package catchup

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

const (
	// maxBrands is how many brands are read of one peer.
	maxBrands = 10_000
	// maxOperation is the largest signed identity operation in bytes: its payload and
	// the signatures around it.
	maxOperation = protocol.MaxObject + protocol.MaxSignatures*128 + 64
	// maxLog is how many bytes of identity operations are taken from one peer at once.
	maxLog = 32 << 20
)

// Head asks a peer for the highest head of a brand that it knows, and tells it
// which one is held here (nil: none). The form of the answer is checked and that
// it is about the brand; whether to believe it is the caller's.
func (c *Client) Head(ctx context.Context, p peer.ID, brand protocol.CID, have *identity.HeadRef) (wire.HeadPage, error) {
	var page *wire.HeadPage
	err := c.persist(ctx, new(tally), func() error { // it begins anew each time: a page is no progress
		var t tally
		_, err := c.ask(ctx, p, &wire.HeadRequest{Brand: brand, Have: have}, &t, one(&page))
		return err
	})
	if err == nil {
		err = checkHead(page, brand)
	}
	if err != nil {
		return wire.HeadPage{}, fmt.Errorf("head of %s: %w", brand, c.blame(p, brand, err))
	}
	return *page, nil
}

func checkHead(page *wire.HeadPage, brand protocol.CID) error {
	if page == nil {
		return lie("no head")
	}
	head, err := catalog.DecodeHead(page.Head)
	if err == nil && head.Brand != brand {
		err = lie("a head of %s", head.Brand)
	}
	return err
}

// Brands asks a peer which brands it serves, its own first; at most 10,000 of them.
func (c *Client) Brands(ctx context.Context, p peer.ID) ([]protocol.CID, error) {
	b := &brandList{}
	var t tally
	for complete := false; !complete && len(b.all) < maxBrands; {
		err := c.persist(ctx, new(tally), func() (err error) {
			complete, err = c.ask(ctx, p, &wire.BrandsRequest{After: b.last()}, &t, each(b.page))
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("brands: %w", c.blame(p, protocol.CID{}, err))
		}
	}
	return b.all[:min(len(b.all), maxBrands)], nil
}

type brandList struct{ all []protocol.CID }

func (b *brandList) last() protocol.CID {
	if len(b.all) == 0 {
		return protocol.CID{}
	}
	return b.all[len(b.all)-1]
}

// page takes a page; behind the first brand they ascend, from page to page.
func (b *brandList) page(p *wire.BrandsPage) error {
	for _, id := range p.Brands {
		if n := len(b.all); n > 1 && compareCIDs(b.all[n-1], id) >= 0 || n > 0 && b.all[0] == id {
			return lie("brand %s is out of order, or twice", id)
		}
		if len(b.all) < maxBrands {
			b.all = append(b.all, id)
		}
	}
	return nil
}

// Identity asks a peer for all operations of a brand from a number on, as signed
// objects. Their form and order are checked; who signed them is the caller's to
// find out.
func (c *Client) Identity(ctx context.Context, p peer.ID, brand protocol.CID, from uint64) ([][]byte, error) {
	return c.operations(ctx, p, brand, from, maxLog)
}

// WholeIdentity is Identity from the first operation on, for who takes at most limit
// bytes of them; the error of more wraps ErrTooLarge.
func (c *Client) WholeIdentity(ctx context.Context, p peer.ID, brand protocol.CID, limit int) ([][]byte, error) {
	return c.operations(ctx, p, brand, 0, min(limit, maxLog))
}

func (c *Client) operations(ctx context.Context, p peer.ID, brand protocol.CID, from uint64, limit int) ([][]byte, error) {
	if from >= identity.MaxOps {
		return nil, nil
	}
	l := &opList{from: from, limit: limit}
	var t tally
	for complete := false; !complete; {
		before := len(l.ops)
		err := c.persist(ctx, new(tally), func() (err error) { // the last one comes again each time
			complete, err = c.ask(ctx, p, &wire.IdentityRequest{Brand: brand, From: l.next()}, &t, each(l.page))
			return err
		})
		if err == nil && !complete && len(l.ops) == before {
			err = lie("ends early and goes no further")
		}
		if err != nil {
			return nil, fmt.Errorf("identity of %s: %w", brand, c.blame(p, brand, err))
		}
	}
	return l.ops, nil
}

// opList gathers identity operations in their order.
type opList struct {
	from  uint64
	ops   [][]byte
	n     uint64       // of the last one
	id    protocol.CID // of the last one
	size  int
	limit int // of size
}

// next returns the number to go on from: that of the last operation.
func (l *opList) next() uint64 { return max(l.from, l.n) }

func (l *opList) page(p *wire.IdentityPage) error {
	var o opOrder
	for _, data := range p.Ops {
		n, id, err := o.take(data)
		if err != nil {
			return err
		}
		if n < l.from {
			return lie("operation %d, asked from %d", n, l.from)
		}
		if len(l.ops) > 0 && cmp.Or(cmp.Compare(l.n, n), compareCIDs(l.id, id)) >= 0 {
			continue // came before, in the answer that this one goes on from
		}
		if l.size += len(data); l.size > l.limit || len(l.ops) == identity.MaxOps {
			return fmt.Errorf("more than %d identity operations, or %d bytes: %w", identity.MaxOps, l.limit, ErrTooLarge)
		}
		l.ops, l.n, l.id = append(l.ops, data), n, id
	}
	return nil
}

// opOrder holds the operations of a page to their order.
type opOrder struct {
	any bool
	n   uint64
	id  protocol.CID
}

func (o *opOrder) take(data []byte) (n uint64, id protocol.CID, err error) {
	if len(data) > maxOperation {
		return 0, id, lie("an operation of %d bytes", len(data))
	}
	signed, err := protocol.DecodeSigned(data)
	if err != nil {
		return 0, id, err
	}
	op, err := identity.DecodeOp(signed.Payload)
	if err != nil {
		return 0, id, err
	}
	n, id = op.N, signed.ID()
	if o.any && cmp.Or(cmp.Compare(o.n, n), compareCIDs(o.id, id)) >= 0 {
		return 0, id, lie("operation %d is out of order", n)
	}
	o.any, o.n, o.id = true, n, id
	return n, id, nil
}

// Content writes the bytes of a picture, or of a large record, of at most limit
// bytes to w. Only without an error is what was written the content: w is to be
// thrown away otherwise. An answer that is cut off goes on where it was, from the
// same peer.
func (c *Client) Content(ctx context.Context, p peer.ID, brand, id protocol.CID, limit uint64, w io.Writer) error {
	var t tally
	if err := c.content(ctx, p, brand, id, limit, w, &t); err != nil {
		if ctx.Err() == nil {
			c.setAside(p, err)
		}
		return fmt.Errorf("content %s: %w", id, c.blame(p, brand, err))
	}
	return nil
}

func (c *Client) content(ctx context.Context, p peer.ID, brand, id protocol.CID, limit uint64, w io.Writer, t *tally) error {
	judge, size := wire.NewContent(id, limit), uint64(0)
	page := each(func(page *wire.ContentPage) error {
		if size = page.Size; size > limit {
			return fmt.Errorf("%d bytes, wanted are at most %d: %w", page.Size, limit, ErrTooLarge)
		}
		if err := judge.Page(page); err != nil {
			return err
		}
		if _, err := io.Copy(w, bytes.NewReader(page.Data)); err != nil {
			return fmt.Errorf("write content: %w", err)
		}
		return nil
	})
	for complete := false; !complete; {
		before := judge.Offset()
		err := c.persist(ctx, t, func() (err error) {
			if size > 0 && judge.Offset() == size {
				complete = true // cut off between the last page and the end
				return nil
			}
			complete, err = c.ask(ctx, p, &wire.ContentRequest{Brand: brand, Content: id, Offset: judge.Offset()}, t, page)
			return err
		})
		if err != nil {
			return err
		}
		if !complete && judge.Offset() == before {
			return lie("ends early and goes no further")
		}
	}
	return judge.Finish()
}
