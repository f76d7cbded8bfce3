package thread

import (
	"errors"
	"fmt"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
)

// Committed is an entry in its place, proven.
type Committed struct {
	Entry  SignedEntry
	Commit SignedCommit
	// Brand says that the brand wrote it.
	Brand bool
	// Value is the body as DecodeBody returns it. It is nil when the body was erased,
	// and when it has no effect: refused, of a newer version, wrong, or of a kind that
	// the side may not write.
	Value any
}

// Follow proves the entry that stands next and takes it in: the brand's commit, the
// author's signature, the commitment to the body, and that the entry follows those
// of its author. What is known already gives ErrKnown, what contradicts it
// ErrContradiction, a commit further on ErrGap. The chain changes only on success.
func (c *Chain) Follow(keys BrandKeys, i HandbackItem) (Committed, error) {
	commit, err := DecodeCommit(i.Commit)
	if err != nil {
		return Committed{}, err
	}
	if err := errors.Join(commit.Verify(keys), c.stands(commit)); err != nil {
		return Committed{}, err
	}
	e, err := DecodeEntry(i.Entry)
	if err != nil {
		return Committed{}, err
	}
	if e.ID != commit.Entry {
		return Committed{}, protocol.Invalid("commit", "%d is of another entry", commit.Seq)
	}
	out := Committed{Entry: e, Commit: commit}
	if err := c.prove(keys, &out, i); err != nil {
		return Committed{}, err
	}
	c.take(out)
	return out, nil
}

// stands reports whether a commit is the next one.
func (c *Chain) stands(m SignedCommit) error {
	known, have := c.Last, m.Seq == c.Seq
	if m.Seq < c.Seq && c.CommitAt != nil {
		known, have = c.CommitAt(m.Seq)
	}
	switch {
	case m.Thread != c.Thread:
		return protocol.Invalid("commit", "of another thread")
	case m.Seq > c.Seq+1:
		return fmt.Errorf("commit %d, the last is %d: %w", m.Seq, c.Seq, ErrGap)
	case m.Seq == c.Seq+1 && m.Prev == c.Last:
		return nil
	case m.Seq == c.Seq+1 || have && known != m.ID:
		return fmt.Errorf("commit %d: %w", m.Seq, ErrContradiction)
	}
	return fmt.Errorf("commit %d: %w", m.Seq, ErrKnown)
}

// prove checks the entry against its author and its body.
func (c *Chain) prove(keys BrandKeys, out *Committed, i HandbackItem) error {
	e := out.Entry
	value, err := c.value(e, i)
	if err != nil {
		return err
	}
	by, brand := keys.Author(e.By)
	if !brand {
		if by, err = protocol.ParsePublicKey(e.By[:]); err != nil {
			return err
		}
	}
	if err := e.Verify(by); err != nil {
		return err
	}
	out.Brand = brand
	if out.Commit.Refused == "" && May(e.Kind, brand) {
		out.Value = value
	}
	if brand {
		return errors.Join(c.Own.follows(e), c.seen(e))
	}
	return c.Judge(e, value)
}

// value checks the commitment and reads the body, nil if that can't be.
func (c *Chain) value(e SignedEntry, i HandbackItem) (any, error) {
	if len(i.Body) == 0 || len(i.Salt) != SecretSize {
		return nil, nil
	}
	if err := e.Matches([SecretSize]byte(i.Salt), i.Body); err != nil {
		return nil, err
	}
	value, err := DecodeBody(e.Kind, i.Body)
	if err != nil {
		return nil, nil // it stands in the chain, and has no effect
	}
	return value, nil
}

// take moves the chain on.
func (c *Chain) take(m Committed) {
	c.Seq, c.Last = m.Commit.Seq, m.Commit.ID
	at := Place{m.Entry.DSeq, m.Entry.ID}
	if m.Brand {
		c.Own = at
	} else if d := c.Device(m.Entry.By); d != nil {
		d.Place = at
	}
	switch body := m.Value.(type) {
	case *DeviceAdd:
		c.add(body, at)
	case *DeviceDel:
		c.remove(body.Device)
	case *Callback:
		c.link(body.LinkCert)
	case *Rekey:
		c.Epoch++
	case *Empty:
		c.Erased = c.Erased || m.Entry.Kind == KindErased
	}
}

func (c *Chain) add(body *DeviceAdd, at Place) {
	certified, err := OpenCertificates(c.Thread, c.Identity, body.Certs, c.Links...)
	if err != nil || c.Device([32]byte(certified.Key.Bytes())) != nil {
		return
	}
	c.Devices = append(c.Devices, Device{Certified: certified, Place: at})
}

// link learns the link key that the shopper gave the brand.
func (c *Chain) link(cert []byte) {
	key, err := OpenLink(c.Thread, c.Identity, cert)
	if err == nil && !slices.Contains(c.Links, key) && !slices.Contains(c.removed, key) {
		c.Links = append(c.Links, key)
	}
}

// remove shuts a key out for ever, also one that never was in.
func (c *Chain) remove(key [32]byte) {
	if d := c.Device(key); d != nil {
		d.Removed = true
	}
	k, err := protocol.ParsePublicKey(key[:])
	if err != nil {
		return
	}
	c.removed = append(c.removed, k)
	c.Links = slices.DeleteFunc(c.Links, func(l protocol.PublicKey) bool { return l == k })
}
