package threads

import (
	"context"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// Bounds of one page.
const (
	pageStep  = 64 // entries that are read at a time
	pageBytes = wire.MaxThreadBody - 128<<10
)

// page seals what stands behind a commit, under the present epoch whatever it was sent
// in, as much as fits in one answer. A thread that must be handed back says so at the
// end.
func (d *Desk) page(ctx context.Context, t *store.Thread, after uint64) (wire.ThreadPage, error) {
	p := wire.ThreadPage{Next: min(after, t.Seq), Envelopes: []wire.NumberedEnvelope{}}
	for size := 0; p.Next < t.Seq && !p.More; {
		list, err := d.behind(ctx, t, p.Next, pageStep)
		if err != nil || len(list) == 0 {
			return p, err
		}
		for _, e := range list {
			sealed, err := d.seal(t, e)
			if err != nil {
				return p, err
			}
			if size += len(sealed) + 16; size > pageBytes || len(p.Envelopes) >= wire.MaxPageEnvelopes-1 {
				p.More = true
				break
			}
			p.Envelopes = append(p.Envelopes, wire.NumberedEnvelope{N: e.Seq, Bytes: sealed})
			p.Next = e.Seq
		}
	}
	if d.asksBack(t) && !p.More {
		sealed, err := d.sealParcel(t, resync(t))
		if err != nil {
			return p, err
		}
		p.Envelopes = append(p.Envelopes, wire.NumberedEnvelope{N: p.Next, Bytes: sealed})
	}
	return p, nil
}

// behind returns entries behind a commit, from memory if they are there.
func (d *Desk) behind(ctx context.Context, t *store.Thread, after uint64, limit int) ([]*store.ThreadEntry, error) {
	if m := d.recent.get(t.ID); m != nil {
		if list, here := m.behind(after); here {
			return list[:min(len(list), limit)], nil
		}
	}
	return d.entries(ctx, t.ID, after, limit)
}

func (d *Desk) entries(ctx context.Context, id protocol.CID, after uint64, limit int) (list []*store.ThreadEntry, err error) {
	err = d.store.Desk(ctx, func(v *store.DeskView) error {
		list, err = v.Entries(id, after, limit)
		return err
	})
	return list, err
}
