package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store"
)

// TakeArchive takes the catalog of a followed brand from an archive, such as a brand
// hands over where no network leads. It goes through the same door as what peers say:
// the archive is verified whole, and its head must be the highest one known. Errors
// wrap protocol.ErrInvalid for an archive that is wrong or not newer than what is
// here, store.ErrNotFound for a brand that isn't followed.
func (n *Node) TakeArchive(ctx context.Context, r io.Reader) (BrandStatus, error) {
	t := &archiveTaker{n: n, ctx: ctx, seen: map[trie.Key]bool{}}
	defer t.close()
	origin, err := catalog.ReadArchive(r, catalog.ArchiveOptions{Now: n.millis(), Begin: t.begin, Record: t.record})
	if err == nil {
		err = t.end(origin)
	}
	if err != nil {
		return BrandStatus{}, errors.Join(fmt.Errorf("take archive: %w", err), t.drop())
	}
	return n.Mirror(ctx, origin.Brand)
}

// archiveTaker stages what an archive holds.
type archiveTaker struct {
	n     *Node
	ctx   context.Context
	m     *mirror
	stage *store.Stage
	base  *catalog.SignedHead
	seen  map[trie.Key]bool
}

// begin decides on the archive's head before any record is read.
func (t *archiveTaker) begin(o catalog.Origin) error {
	t.m = t.n.kept.get(o.Brand)
	if t.m == nil || t.m.own {
		return fmt.Errorf("brand %s is not followed: %w", o.Brand, store.ErrNotFound)
	}
	if err := t.n.learnIdentity(t.ctx, t.m, o.Identity); err != nil {
		return err
	}
	if _, err := t.n.learn(t.ctx, t.m, report{head: o.Head}); err != nil {
		return err
	}
	t.m.mu.Lock()
	target := t.m.target()
	t.base = t.m.live
	t.m.mu.Unlock()
	if target == nil || target.CID != o.Head.CID {
		return protocol.Invalid("archive", "its head %d is not newer than what is here, or not the newest known", o.Head.Seq)
	}
	stage, err := t.n.store.Stage(t.ctx, o.Brand)
	if err != nil {
		return err
	}
	t.stage = stage
	return stage.Drop(t.ctx)
}

func (t *archiveTaker) record(e catalog.Entry) error {
	t.seen[trie.KeyOf(e.Path)] = true
	return t.stage.Add([]store.Change{{Path: e.Path, Record: slices.Clone(e.Data)}})
}

// end stages the removals and has the catalog accepted.
func (t *archiveTaker) end(o catalog.Origin) error {
	gone, err := t.gone(o.Brand)
	if err != nil {
		return err
	}
	if err := errors.Join(t.stage.Add(gone), t.stage.Flush()); err != nil {
		return err
	}
	p, err := t.stage.Prepare(t.ctx)
	if err != nil {
		return err
	}
	if err := t.n.accept(t.ctx, o.Head, p); err != nil {
		return err
	}
	if t.n.net != nil {
		t.n.changed(t.ctx, t.m, t.base)
	}
	return nil
}

// gone lists what is here and not in the archive.
func (t *archiveTaker) gone(brand protocol.CID) (list []store.Change, err error) {
	err = t.n.store.View(t.ctx, brand, func(v *store.View) error {
		list = nil
		for c, err := range v.Segment(trie.Prefix{}, "") {
			if err != nil {
				return err
			}
			if !t.seen[trie.KeyOf(c.Path)] {
				list = append(list, store.Change{Path: c.Path})
			}
		}
		return nil
	})
	return list, orNotFound(err)
}

// drop forgets what was staged of an archive that is not taken.
func (t *archiveTaker) drop() error {
	if t.stage == nil {
		return nil
	}
	return t.stage.Drop(context.WithoutCancel(t.ctx))
}

func (t *archiveTaker) close() {
	if t.stage != nil {
		_ = t.stage.Close() // what it held was taken or dropped
	}
}
