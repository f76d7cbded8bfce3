package threads

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// Join gives a device the present secret of a thread: one that the thread knows, or one
// that comes with its certificates and may read from then on. It may write once its
// dev.add is committed. Errors: wire.ErrUnknownThread, wire.ErrNotAllowed,
// wire.ErrUnknownEpoch for a prekey that is gone, and what wraps protocol.ErrInvalid.
func (d *Desk) Join(ctx context.Context, _ string, id protocol.CID, j wire.JoinRequest) (wire.JoinAnswer, error) {
	join, err := thread.OpenJoin(j.Join)
	if err != nil {
		return wire.JoinAnswer{}, err
	}
	if join.Thread != id {
		return wire.JoinAnswer{}, protocol.Invalid("join", "is of another thread")
	}
	t, err := d.living(ctx, id)
	if err != nil {
		return wire.JoinAnswer{}, err
	}
	if err := d.admit(ctx, t, join, j.Certs); err != nil {
		return wire.JoinAnswer{}, err
	}
	welcome, err := d.welcome(ctx, id, join)
	return wire.JoinAnswer{Welcome: welcome}, err
}

// admit makes the device one of the thread's, if its certificates say so.
func (d *Desk) admit(ctx context.Context, t *store.Thread, join thread.OpenedJoin, certs [][]byte) error {
	key := [32]byte(join.Device.Bytes())
	if known := deviceOf(t, key); known != nil {
		if known.Removed {
			return fmt.Errorf("join %s: %w", t.ID, wire.ErrNotAllowed)
		}
		return nil
	}
	certified, err := d.certify(t, certs)
	if err != nil || certified.Key != join.Device {
		return fmt.Errorf("join %s: %w", t.ID, wire.ErrNotAllowed)
	}
	return d.act(ctx, &deed{thread: t.ID, begun: t, do: func(s *session) (error, error) {
		switch {
		case deviceOf(s.t, key) != nil:
			return nil, nil
		case len(s.t.Devices) >= thread.MaxDevices:
			return fmt.Errorf("join %s: %w", t.ID, wire.ErrQuota), nil
		}
		s.t.Devices = append(s.t.Devices, store.ThreadDevice{Key: key, Certs: certs, FirstSeen: s.b.now})
		s.touched = true
		return nil, s.stored()
	}})
}

// welcome seals the present secret for who joins.
func (d *Desk) welcome(ctx context.Context, id protocol.CID, join thread.OpenedJoin) ([]byte, error) {
	roots, err := d.decapsulate(ctx, join.Prekey, join.Enc)
	if errors.Is(err, thread.ErrPrekey) {
		return nil, fmt.Errorf("join: %w: %w", err, wire.ErrUnknownEpoch)
	}
	if err != nil {
		return nil, err
	}
	t, err := d.living(ctx, id)
	if err != nil {
		return nil, err
	}
	secret, ok := secretOf(t, t.Epoch, d.now())
	if !ok {
		return nil, errors.New("the secret of the present epoch isn't there")
	}
	e := thread.Envelope{Thread: id, Dir: thread.Down, Epoch: t.Epoch, Salt: d.salt(), Join: join.ID}
	return e.Seal(thread.JoinSecret(roots.Root, id), &thread.WelcomeParcel{
		Epoch: t.Epoch, Secret: secret, Write: t.Write, Seq: t.Seq, Commit: t.Last,
	})
}
