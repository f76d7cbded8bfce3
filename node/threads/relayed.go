package threads

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// Has reports whether a thread is of this desk, begun or stored.
func (d *Desk) Has(ctx context.Context, id protocol.CID) (bool, error) {
	_, err := d.lookUp(ctx, id)
	if errors.Is(err, wire.ErrUnknownThread) {
		return false, nil
	}
	return err == nil, err
}

// BeginRelayed is Begin for a genesis that a relay kept and deletes when it is here: it
// is stored at once. The relay's quotas stand for this desk's.
func (d *Desk) BeginRelayed(ctx context.Context, genesis []byte) error {
	g, err := thread.OpenGenesis(genesis)
	if err != nil {
		return err
	}
	if g.Brand != d.brand {
		return fmt.Errorf("thread with %s: %w", g.Brand, wire.ErrUnknownBrand)
	}
	if known, err := d.known(ctx, g); known || err != nil {
		return err
	}
	roots, err := d.decapsulate(ctx, g.Prekey, g.Enc)
	if errors.Is(err, thread.ErrPrekey) {
		return fmt.Errorf("begin: %w: %w", err, wire.ErrUnknownEpoch)
	}
	if err != nil {
		return err
	}
	return d.act(ctx, &deed{thread: g.Thread, begun: d.newThread(g, genesis, roots), do: func(s *session) (error, error) {
		return nil, s.stored()
	}})
}

// Taken is what became of envelopes that a relay kept.
type Taken struct {
	Results []wire.EnvelopeResult
	Last    [][]byte // for the shopper, no entries: a resync
	Again   *uint64  // the shopper asks for what stands behind this commit
}

// Take is Post for envelopes that a relay kept. What isn't committed or refused when it
// returns is received, and in memory only: the shopper sends it again.
func (d *Desk) Take(ctx context.Context, relay string, id protocol.CID, envelopes [][]byte, wait time.Duration) (Taken, error) {
	dep := newDeposit(relay, id, envelopes, 0)
	dep.hasty = true
	d.queue.put(dep)
	d.await(ctx, dep, wait)
	results, _, err := dep.present()
	if err != nil {
		return Taken{}, err
	}
	out := Taken{Results: results}
	select {
	case <-dep.done:
		out.Again = dep.again
	default:
	}
	t, err := d.lookUp(ctx, id)
	if err != nil || t.Erased || !d.asksBack(t) {
		return out, err
	}
	sealed, err := d.sealParcel(t, resync(t))
	out.Last = [][]byte{sealed}
	return out, err
}

func resync(t *store.Thread) *thread.ResyncParcel {
	return &thread.ResyncParcel{Have: t.Seq, Commit: t.Last}
}

// Sealed is an entry on its way to the shopper through a relay.
type Sealed struct {
	Seq      uint64
	Envelope []byte
	Blobs    []protocol.CID // files that the brand speaks of in it
}

// Down returns what stands behind a commit, at most limit entries, sealed for the
// shopper; wire.ErrUnknownThread when there is no such thread, or no more.
func (d *Desk) Down(ctx context.Context, id protocol.CID, after uint64, limit int) ([]Sealed, error) {
	t, err := d.living(ctx, id)
	if err != nil {
		return nil, err
	}
	list, err := d.entries(ctx, id, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]Sealed, 0, len(list))
	for _, e := range list {
		sealed, err := d.seal(t, e)
		if err != nil {
			return nil, err
		}
		out = append(out, Sealed{e.Seq, sealed, blobsOf(e)})
	}
	return out, nil
}

// blobsOf returns the files that an entry of the brand's speaks of.
func blobsOf(e *store.ThreadEntry) []protocol.CID {
	if !e.Mine || e.Body == nil {
		return nil
	}
	switch body, _ := thread.DecodeBody(e.Kind, e.Body); body := body.(type) {
	case *thread.Photo:
		return []protocol.CID{body.File.Blob}
	case *thread.Delivery:
		if body.File != nil {
			return []protocol.CID{body.File.Blob}
		}
	}
	return nil
}

// PutRelayedBlob is PutBlob for a file that a relay kept.
func (d *Desk) PutRelayedBlob(ctx context.Context, id protocol.CID, data []byte) error {
	t, err := d.living(ctx, id)
	if err == nil && (len(data) == 0 || len(data) > thread.MaxBlob) {
		err = wire.ErrTooLarge
	}
	if err == nil {
		_, err = d.keepBlob(ctx, t, data)
	}
	return err
}

// Known returns those of the identities' threads that there are, for a relay that opens
// boxes for them.
func (d *Desk) Known(ctx context.Context, identities [][32]byte) (list []wire.MailKnown, err error) {
	err = d.store.Desk(ctx, func(v *store.DeskView) error {
		list = nil
		for _, identity := range identities {
			known, err := knownBy(v, identity)
			if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrErased) {
				continue
			}
			if err != nil {
				return err
			}
			list = append(list, known)
		}
		return nil
	})
	return list, err
}

func knownBy(v *store.DeskView, identity [32]byte) (known wire.MailKnown, err error) {
	id, err := v.ThreadByIdentity(identity)
	if err != nil {
		return known, err
	}
	t, err := v.Thread(id)
	if err == nil && t.Erased {
		err = store.ErrErased
	}
	if err != nil {
		return known, err
	}
	known.Genesis, err = v.Genesis(id)
	known.Write = sha256.Sum256(t.Write[:])
	return known, err
}
