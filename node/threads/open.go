package threads

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// Why an envelope is refused that never becomes an entry of the chain. Those that do
// have the reasons of thread and trade.
const (
	refusedEnvelope = "bad_envelope" // it doesn't open, or holds what breaks a rule
	refusedEntry    = "bad_entry"    // not signed by its author, or of another thread
	refusedStranger = "unknown_device"
	refusedForked   = "device_forked" // the device said something else with this number
	refusedHandback = "bad_handback"
)

// work opens deposits until the queue is closed.
func (d *Desk) work(ctx context.Context) {
	for {
		dep := d.queue.take()
		if dep == nil {
			return
		}
		if err := d.open(ctx, dep); err != nil {
			dep.end(err)
			continue
		}
		dep.open = len(dep.arrivals)
		if dep.open == 0 {
			dep.end(nil)
			continue
		}
		select {
		case d.opened <- task{deposit: dep}:
		case <-ctx.Done():
			dep.end(ctx.Err())
		}
	}
}

// open opens the envelopes of a deposit and verifies what needs no chain.
func (d *Desk) open(ctx context.Context, dep *deposit) error {
	if dep.first != nil {
		if err := dep.first(ctx); err != nil {
			return err
		}
	}
	t, err := d.lookUp(ctx, dep.thread)
	if err != nil {
		return err
	}
	if t.Erased {
		for i := range dep.envelopes {
			dep.settle(i, refused(thread.RefusedErased))
		}
		return nil
	}
	dep.begun = t
	for i, raw := range dep.envelopes {
		a, err := d.openOne(ctx, t, raw)
		switch {
		case errors.Is(err, wire.ErrUnknownEpoch):
			return err // nothing of the deposit is taken: all is sealed anew
		case errors.Is(err, protocol.ErrInvalid), errors.Is(err, thread.ErrSealed), errors.Is(err, thread.ErrUnsupported):
			d.log.Info("an envelope can't be opened", "thread", t.ID, "depositor", dep.who, "reason", err)
			dep.settle(i, refused(refusedEnvelope))
		case err != nil:
			return err
		default:
			if a.sync && (dep.again == nil || a.after < *dep.again) {
				dep.again = &a.after
			}
			a.deposit, a.place = dep, i
			dep.arrivals = append(dep.arrivals, a)
			t = foresee(t, a)
		}
	}
	return nil
}

func refused(reason string) wire.EnvelopeResult {
	return wire.EnvelopeResult{State: wire.StateRefused, Reason: reason}
}

// foresee returns the thread with the secret that a rekey is about to bring, for what
// stands behind it in the same deposit.
func foresee(t *store.Thread, a *arrival) *store.Thread {
	if a.root == nil || a.epoch != t.Epoch {
		return t
	}
	for _, s := range t.Secrets {
		if s.Epoch == t.Epoch {
			t = clone(t)
			t.Secrets = append(t.Secrets, store.EpochSecret{Epoch: s.Epoch + 1, Secret: thread.NextEpoch(s.Secret, a.root.Root, t.ID)})
			return t
		}
	}
	return t
}

// openOne opens one envelope.
func (d *Desk) openOne(ctx context.Context, t *store.Thread, raw []byte) (*arrival, error) {
	e, err := thread.DecodeEnvelope(raw)
	if err != nil {
		return nil, err
	}
	if e.Thread != t.ID || e.Dir != thread.Up {
		return nil, protocol.Invalid("envelope", "is of another thread or from the brand")
	}
	secret, ok := secretOf(t, e.Epoch, d.now())
	if !ok {
		return nil, fmt.Errorf("epoch %d of %s, which is at %d: %w", e.Epoch, t.ID, t.Epoch, wire.ErrUnknownEpoch)
	}
	p, err := e.Open(secret)
	if err != nil {
		return nil, err
	}
	a := &arrival{epoch: e.Epoch}
	switch p := p.(type) {
	case *thread.EntryParcel:
		return a, d.verify(ctx, t, a, p)
	case *thread.HandbackParcel:
		a.handback, err = d.verifyHandback(ctx, t, p)
		return a, err
	case *thread.SyncParcel:
		a.sync, a.after = true, p.After
		return a, nil
	}
	return nil, protocol.Invalid("parcel", "is not for the brand")
}

// secretOf returns the secret of an epoch, unless it was to be deleted by now.
func secretOf(t *store.Thread, epoch uint64, now protocol.Millis) ([32]byte, bool) {
	for _, s := range t.Secrets {
		if s.Epoch == epoch && (s.Until == 0 || now < s.Until) {
			return s.Secret, true
		}
	}
	return [32]byte{}, false
}

// verify checks an entry against its author's key, its commitment and the rules of
// its kind. One whose signature holds is taken into the chain whatever its body is,
// so that its device's later entries can follow; it says then why it has no effect.
func (d *Desk) verify(ctx context.Context, t *store.Thread, a *arrival, p *thread.EntryParcel) error {
	entry, err := thread.DecodeEntry(p.Entry)
	if err != nil {
		return err
	}
	by, err := protocol.ParsePublicKey(entry.By[:])
	if err != nil {
		return err
	}
	if err := entry.Verify(by); err != nil {
		return err
	}
	if entry.Thread != t.ID || len(p.Commit) > 0 {
		return protocol.Invalid("entry", "is of another thread or comes with a commit")
	}
	a.entry, a.raw = entry, p.Entry
	if len(p.Body) == 0 || entry.Matches([32]byte(p.Salt), p.Body) != nil {
		a.reason = thread.RefusedBody
		return nil
	}
	a.salt, a.body = p.Salt, p.Body
	a.value, a.reason = readBody(entry.Kind, p.Body)
	return d.prove(ctx, t, a)
}

// readBody decodes the body of a shopper's entry, or says why it is refused.
func readBody(kind string, body []byte) (any, string) {
	if !thread.May(kind, false) {
		return nil, thread.RefusedUnsupported
	}
	value, err := thread.DecodeBody(kind, body)
	if errors.Is(err, thread.ErrUnsupported) {
		return nil, thread.RefusedUnsupported
	}
	if err != nil {
		return nil, thread.RefusedBody
	}
	return value, ""
}

// prove does what costs time with a new device or a new epoch.
func (d *Desk) prove(ctx context.Context, t *store.Thread, a *arrival) error {
	switch body := a.value.(type) {
	case *thread.DeviceAdd:
		certified, err := d.certify(t, body.Certs)
		if err != nil || [32]byte(certified.Key.Bytes()) != a.entry.By {
			a.value, a.reason = nil, thread.RefusedBody
			return nil
		}
		a.certified = &certified
	case *thread.Rekey:
		root, err := d.rootOf(ctx, body)
		if err != nil {
			return err
		}
		if a.root = root; root == nil {
			a.value, a.reason = nil, thread.RefusedStaleRekey
		}
	}
	return nil
}

// rootOf returns what a rekey brings, nil when its prekey is gone or it doesn't open.
func (d *Desk) rootOf(ctx context.Context, body *thread.Rekey) (*thread.Roots, error) {
	roots, err := d.decapsulate(ctx, body.Prekey, body.Enc)
	if errors.Is(err, thread.ErrPrekey) || errors.Is(err, protocol.ErrInvalid) {
		return nil, nil
	}
	return &roots, err
}

// certify checks a device's certificates. One that a link's key signed may come
// without the link's own: the brand has it from the shopper.
func (d *Desk) certify(t *store.Thread, certs [][]byte) (thread.Certified, error) {
	identity, err := protocol.ParsePublicKey(t.Identity[:])
	if err != nil {
		return thread.Certified{}, err
	}
	certified, err := thread.OpenCertificates(t.ID, identity, certs)
	if link := linkOf(t); err != nil && len(certs) == 1 && len(link) > 0 {
		certified, err = thread.OpenCertificates(t.ID, identity, [][]byte{link, certs[0]})
	}
	if err != nil {
		return certified, err
	}
	if l := certified.Link; l.Defined() && removed(t, [32]byte(l.Bytes())) {
		return certified, protocol.Invalid("device", "its link was removed")
	}
	return certified, nil
}

// linkOf returns the certificate of the link key that the brand mails, if any.
func linkOf(t *store.Thread) []byte {
	if len(t.Callback) == 0 {
		return nil
	}
	body, err := thread.DecodeBody(thread.KindCallback, t.Callback)
	if err != nil {
		return nil
	}
	return body.(*thread.Callback).LinkCert
}

func removed(t *store.Thread, key [32]byte) bool {
	d := deviceOf(t, key)
	return d != nil && d.Removed
}

// deviceOf returns a device of the thread, nil if it isn't one.
func deviceOf(t *store.Thread, key [32]byte) *store.ThreadDevice {
	for i := range t.Devices {
		if bytes.Equal(t.Devices[i].Key[:], key[:]) {
			return &t.Devices[i]
		}
	}
	return nil
}
