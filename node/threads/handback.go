package threads

import (
	"context"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// handed is a committed entry that a shopper gives back, with its signatures verified.
type handed struct {
	entry  thread.SignedEntry
	raw    []byte
	commit thread.SignedCommit
	bytes  []byte // of the commit
	own    bool   // the brand wrote it
	salt   []byte // with body: nil when the shopper doesn't have it any more
	body   []byte
	value  any
	root   *thread.Roots // of a rekey whose prekey is still there
}

// verifyHandback checks that the brand signed the commits, and the authors the entries.
func (d *Desk) verifyHandback(ctx context.Context, t *store.Thread, p *thread.HandbackParcel) ([]handed, error) {
	keys, err := d.keys(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]handed, 0, len(p.Items))
	for _, item := range p.Items {
		h, err := verifyHanded(t.ID, keys, item)
		if err != nil {
			return nil, err
		}
		if body, ok := h.value.(*thread.Rekey); ok {
			if h.root, err = d.rootOf(ctx, body); err != nil {
				return nil, err
			}
		}
		list = append(list, h)
	}
	return list, nil
}

func verifyHanded(id protocol.CID, keys thread.BrandKeys, item thread.HandbackItem) (h handed, err error) {
	if h.entry, err = thread.DecodeEntry(item.Entry); err != nil {
		return h, err
	}
	if h.commit, err = thread.DecodeCommit(item.Commit); err != nil {
		return h, err
	}
	if err := h.commit.Verify(keys); err != nil {
		return h, err
	}
	if h.commit.Thread != id || h.entry.Thread != id || h.commit.Entry != h.entry.ID {
		return h, protocol.Invalid("handback", "commit and entry don't belong together here")
	}
	by, own := keys.Author(h.entry.By)
	if !own {
		if by, err = protocol.ParsePublicKey(h.entry.By[:]); err != nil {
			return h, err
		}
	}
	if err := h.entry.Verify(by); err != nil {
		return h, err
	}
	h.own, h.raw, h.bytes = own, item.Entry, item.Commit
	if len(item.Body) > 0 && h.entry.Matches([32]byte(item.Salt), item.Body) == nil {
		h.salt, h.body = item.Salt, item.Body
		h.value, _ = thread.DecodeBody(h.entry.Kind, item.Body)
	}
	return h, nil
}

// adopt takes over what a shopper hands back: entries with the brand's own commits that
// continue the chain. What is here already is passed over. Each has the effect that it
// had when it was committed, and is not judged again.
func (s *session) adopt(list []handed) (wire.EnvelopeResult, error) {
	for _, h := range list {
		if h.commit.Seq <= s.t.Seq {
			here, err := s.commitAt(h.commit.Seq)
			if err != nil {
				return wire.EnvelopeResult{}, err
			}
			if here != h.commit.ID {
				s.b.d.log.Error("a shopper holds a commit of this brand's that contradicts the one kept here",
					"thread", s.t.ID, "seq", h.commit.Seq, "here", here, "there", h.commit.ID)
				return refused(refusedHandback), nil
			}
			continue
		}
		if h.commit.Seq != s.t.Seq+1 || h.commit.Prev != s.t.Last || !s.place(h) {
			return refused(refusedHandback), nil
		}
		if err := s.adoptOne(h); err != nil {
			return wire.EnvelopeResult{}, err
		}
	}
	if (s.t.Resync || s.b.d.unconfirmed(s.t)) && s.t.Seq >= max(s.wanted, s.b.d.asked[s.t.ID]) {
		if err := s.confirmed(); err != nil {
			return wire.EnvelopeResult{}, err
		}
	}
	return wire.EnvelopeResult{State: wire.StateCommitted, Seq: s.t.Seq}, nil
}

// place reports whether an entry is the next of its author, and moves the author on.
func (s *session) place(h handed) bool {
	if h.own {
		next := h.entry.DSeq == s.t.Own.Seq+1 && h.entry.DPrev == s.t.Own.Last
		if next {
			s.t.Own = store.OwnPlace{Seq: h.entry.DSeq, Last: h.entry.ID}
		}
		return next
	}
	d := deviceOf(s.t, h.entry.By)
	if d == nil && !s.comesIn(h) || d != nil && (h.entry.DSeq != d.Last+1 || h.entry.DPrev != d.LastEntry) {
		return false
	}
	s.advance(h.entry, h.value)
	return true
}

// comesIn reports whether an entry brings its device in. The brand let it in before:
// its commit says so, also when the certificates can't be shown any more.
func (s *session) comesIn(h handed) bool {
	return h.entry.Kind == thread.KindDeviceAdd && h.commit.Refused == "" && h.entry.DSeq == 1 && len(s.t.Devices) < thread.MaxDevices
}

// adoptOne appends an entry with the commit that it has.
func (s *session) adoptOne(h handed) error {
	e := &store.ThreadEntry{
		Seq: h.commit.Seq, Entry: h.raw, Commit: h.bytes, ID: h.entry.ID, Kind: h.entry.Kind, Class: classOf(h.entry.Kind),
		Salt: h.salt, Body: h.body, Time: h.commit.Time, Mine: h.own, Refused: h.commit.Refused,
	}
	if err := s.append(e, h.commit.ID); err != nil {
		return err
	}
	s.b.forgot = max(s.b.forgot, e.Time)
	if h.value == nil || e.Refused != "" {
		return nil
	}
	switch body := h.value.(type) {
	case *thread.DeviceDel:
		s.removeDevice(body)
		return nil
	case *thread.Callback:
		s.t.Callback = h.body
		return nil
	case *thread.Rekey:
		if h.root != nil {
			s.nextEpoch(h.root.Root)
		}
		return nil
	}
	if !h.own {
		if err := s.note(e); err != nil {
			return err
		}
	}
	if !traded(e.Kind) {
		return nil
	}
	err := s.b.d.decider.Adopt(s.b.ctx, s.b.tx, s.t, thread.Opened{
		ID: e.ID, Kind: e.Kind, Body: h.value, Time: h.entry.Time, Brand: h.own, Device: h.entry.By,
	}, e.Time)
	if err != nil {
		return fmt.Errorf("adopt %s %s of %s: %w", e.Kind, e.ID, s.t.ID, err)
	}
	return nil
}

// traded reports whether trading keeps anything because of a kind of entry.
func traded(kind string) bool {
	switch kind {
	case thread.KindDelivered, thread.KindDelivery:
		return true
	}
	return thread.ClassOf(kind) == thread.Fiscal
}

// resynced says what is left to say of what was handed back.
func (s *session) resynced() error {
	drafts, err := s.b.d.decider.Resynced(s.b.ctx, s.b.tx, s.t)
	if err != nil {
		return fmt.Errorf("after the handback of %s: %w", s.t.ID, err)
	}
	for _, draft := range drafts {
		if _, err := s.write(draft); err != nil {
			return err
		}
	}
	return nil
}
