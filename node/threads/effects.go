package threads

import (
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/store"
)

// judge says what the brand makes of an entry that is the next of its device, and does
// what it effects beside the chain.
func (s *session) judge(a *arrival) (thread.Verdict, error) {
	if a.reason != "" {
		return thread.Verdict{Refused: a.reason}, nil
	}
	switch body := a.value.(type) {
	case *thread.Text, *thread.Photo, *thread.DeviceAdd:
		return thread.Verdict{}, nil
	case *thread.DeviceDel:
		return s.removeDevice(body), nil
	case *thread.Rekey:
		return s.rekey(a), nil
	case *thread.Callback:
		s.t.Callback = a.body
		return thread.Verdict{}, nil
	}
	if a.entry.Kind == thread.KindErase {
		s.erase = true
		return thread.Verdict{Replies: []thread.Draft{{Kind: thread.KindErased}}}, nil
	}
	return s.decide(thread.Opened{ID: a.entry.ID, Kind: a.entry.Kind, Body: a.value, Time: a.entry.Time, Device: a.entry.By})
}

// decide asks what trading makes of an entry.
func (s *session) decide(e thread.Opened) (thread.Verdict, error) {
	if err := s.stored(); err != nil {
		return thread.Verdict{}, err
	}
	v, err := s.b.d.decider.Decide(s.b.ctx, s.b.tx, s.t, e)
	if err != nil {
		return v, fmt.Errorf("decide on %s %s in %s: %w", e.Kind, e.ID, s.t.ID, err)
	}
	s.touched = true
	return v, nil
}

// removeDevice shuts a device or a link out for ever.
func (s *session) removeDevice(body *thread.DeviceDel) thread.Verdict {
	if d := deviceOf(s.t, body.Device); d != nil {
		d.Removed = true
		return thread.Verdict{}
	}
	if len(s.t.Devices) >= thread.MaxDevices {
		return thread.Verdict{Refused: thread.RefusedBody}
	}
	s.t.Devices = append(s.t.Devices, store.ThreadDevice{Key: body.Device, Removed: true, FirstSeen: s.b.now})
	return thread.Verdict{}
}

// rekey begins the next epoch. Only what was sealed under the present one can: of two
// devices that try at once, the second hears that it was late.
func (s *session) rekey(a *arrival) thread.Verdict {
	if a.epoch != s.t.Epoch || a.root == nil || !s.nextEpoch(a.root.Root) {
		return thread.Verdict{Refused: thread.RefusedStaleRekey}
	}
	return thread.Verdict{}
}

// nextEpoch replaces the secret of the present epoch, which stays for a while for what
// is on its way.
func (s *session) nextEpoch(root [32]byte) bool {
	secret, ok := secretOf(s.t, s.t.Epoch, s.b.now)
	if !ok {
		return false
	}
	for i := range s.t.Secrets {
		if s.t.Secrets[i].Until == 0 {
			s.t.Secrets[i].Until = s.b.now + thread.EpochGrace
		}
	}
	s.t.Epoch++
	s.t.Secrets = append(s.t.Secrets, store.EpochSecret{Epoch: s.t.Epoch, Secret: thread.NextEpoch(secret, root, s.t.ID)})
	s.t.Rekeyed, s.t.RekeyedSeq, s.touched = s.b.now, s.t.Seq+1, true
	return true
}

// note keeps what lists show of a thread, and has the owner told of what came.
func (s *session) note(e *store.ThreadEntry) error {
	if e.Refused != "" || !forOwner(e.Kind) {
		return nil
	}
	s.t.Unread++
	switch {
	case e.Kind == thread.KindOrder:
		return errors.Join(s.tellOwner(NoticeShopOrder, e), s.tell(e))
	case s.t.Unread == 1:
		return s.tellOwner(NoticeShopMessage, e)
	}
	return nil
}

// forOwner reports whether a shopper's entry wants the owner's eyes.
func forOwner(kind string) bool {
	switch kind {
	case thread.KindText, thread.KindPhoto, thread.KindOrder, thread.KindCancel, thread.KindReturn:
		return true
	}
	return false
}
