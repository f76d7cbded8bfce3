package catchup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/blob"
)

func compareCIDs(a, b protocol.CID) int { return bytes.Compare(a.Bytes(), b.Bytes()) }

// brands answers with the brands that are served, the node's own first.
func (a *answer) brands(r *wire.BrandsRequest) (complete bool, err error) {
	all := a.server.listed(r.After)
	for len(all) > 0 && a.pages > 0 {
		n := min(len(all), wire.MaxBrands)
		if err := a.page(&wire.BrandsPage{Brands: all[:n]}); err != nil {
			return false, err
		}
		all = all[n:]
	}
	return len(all) == 0, nil
}

// listed returns the brands behind one of them, in the order of the wire.
func (s *Server) listed(after protocol.CID) []protocol.CID {
	if s.Brands == nil {
		return nil
	}
	all := slices.Clone(s.Brands())
	if len(all) == 0 {
		return nil
	}
	own, rest := all[:1], all[1:]
	slices.SortFunc(rest, compareCIDs)
	rest = slices.DeleteFunc(slices.Compact(rest), func(c protocol.CID) bool { return c == own[0] })
	if !after.Defined() {
		return append(own, rest...)
	}
	if after == own[0] {
		return rest
	}
	return slices.DeleteFunc(rest, func(c protocol.CID) bool { return compareCIDs(c, after) <= 0 })
}

// head answers with the highest head known, whether or not its catalog is here.
func (a *answer) head(ctx context.Context, r *wire.HeadRequest) error {
	if r.Have != nil && a.server.Seen != nil {
		a.server.Seen(r.Brand, a.peer, *r.Have)
	}
	page, err := a.server.headPage(ctx, r.Brand)
	if err != nil {
		return err
	}
	return a.only(page)
}

func (s *Server) headPage(ctx context.Context, brand protocol.CID) (*wire.HeadPage, error) {
	standing, err := s.Store.Standing(ctx, brand)
	if err != nil {
		return nil, err
	}
	page := &wire.HeadPage{Head: standing.Highest, Rival: standing.Rival}
	if page.Head == nil {
		if page.Head, err = s.liveHead(ctx, brand); err != nil {
			return nil, err
		}
	}
	if !contest(page.Head, page.Rival) {
		page.Rival = nil
	}
	log, err := s.Store.Identity(ctx, brand)
	if err != nil {
		return nil, err
	}
	page.Ops = uint64(log.Len())
	return page, nil
}

func (s *Server) liveHead(ctx context.Context, brand protocol.CID) (signed []byte, err error) {
	err = s.Store.View(ctx, brand, func(v *store.View) error {
		signed, err = v.Head().Encode()
		return err
	})
	return signed, err
}

// contest reports whether two signed heads stand at one place.
func contest(a, b []byte) bool {
	one, err := catalog.DecodeHead(a)
	if err != nil || b == nil {
		return false
	}
	other, err := catalog.DecodeHead(b)
	return err == nil && one.Brand == other.Brand && one.Compare(other.Head) == 0 && one.CID != other.CID
}

// log returns the identity of a brand that is served, or that is remembered.
func (s *Server) log(ctx context.Context, brand protocol.CID) (*identity.Log, error) {
	if s.Serves(brand) {
		return s.Store.Identity(ctx, brand)
	}
	if s.Remembers != nil {
		if log, ok := s.Remembers(brand); ok {
			return log, nil
		}
	}
	return nil, refusal(wire.NotFound)
}

// identity answers with the operations from a number on.
func (a *answer) identity(ctx context.Context, r *wire.IdentityRequest) (complete bool, err error) {
	log, err := a.server.log(ctx, r.Brand)
	if err != nil {
		return false, err
	}
	page, size := &wire.IdentityPage{}, 0
	for _, signed := range log.Signed() {
		if op, _ := log.Op(signed.ID()); op.N < r.From {
			continue
		}
		data, err := signed.Encode()
		if err != nil {
			return false, err
		}
		if size+len(data) > a.max-pageRoom || len(page.Ops) == wire.MaxEntries {
			if err := a.page(page); err != nil || a.pages == 0 {
				return false, err
			}
			page, size = &wire.IdentityPage{}, 0
		}
		page.Ops, size = append(page.Ops, data), size+len(data)+entryRoom
	}
	if len(page.Ops) == 0 {
		return true, nil
	}
	return true, a.page(page)
}

// content answers with the bytes of a picture that the brand's catalog names, or of
// a large record in it.
func (a *answer) content(ctx context.Context, r *wire.ContentRequest) (complete bool, err error) {
	if r.Content.Codec() == protocol.DagCBOR {
		var record []byte
		err := a.server.Store.View(ctx, r.Brand, func(v *store.View) (err error) {
			record, err = v.LargeRecord(r.Content)
			return err
		})
		if err != nil {
			return false, err
		}
		return a.parts(bytes.NewReader(record), int64(len(record)), r.Offset)
	}
	if err := a.named(ctx, r); err != nil {
		return false, err
	}
	file, size, err := a.server.Blobs.OpenBlob(r.Content)
	if errors.Is(err, blob.ErrNotFound) {
		return false, refusal(wire.NotFound)
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	if a.relayed && size > int64(a.max-pageRoom) {
		return false, refusal(wire.Oversize)
	}
	return a.parts(file, size, r.Offset)
}

// named refuses pictures that no record of the brand names: the folder holds those
// of all brands, and drafts.
func (a *answer) named(ctx context.Context, r *wire.ContentRequest) error {
	if a.server.Blobs == nil {
		return refusal(wire.NotFound)
	}
	return a.server.Store.View(ctx, r.Brand, func(v *store.View) error {
		if _, err := v.Media(r.Content); err == nil {
			return nil
		}
		uses, err := v.Uses(r.Content)
		if err == nil && len(uses) == 0 {
			err = refusal(wire.NotFound)
		}
		return err
	})
}

// parts sends content from an offset on.
func (a *answer) parts(content io.ReadSeeker, size int64, offset uint64) (complete bool, err error) {
	if offset >= uint64(size) {
		return false, refusal(wire.Malformed)
	}
	if _, err := content.Seek(int64(offset), io.SeekStart); err != nil {
		return false, fmt.Errorf("read content: %w", err)
	}
	data := make([]byte, a.max-pageRoom)
	for at := int64(offset); at < size; {
		if a.pages == 0 {
			return false, nil
		}
		n, err := io.ReadFull(content, data[:min(int64(len(data)), size-at)])
		if err != nil {
			return false, fmt.Errorf("read content: %w", err)
		}
		if err := a.page(&wire.ContentPage{Size: uint64(size), Offset: uint64(at), Data: data[:n]}); err != nil {
			return false, err
		}
		at += int64(n)
	}
	return true, nil
}
