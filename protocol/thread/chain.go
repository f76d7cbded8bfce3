package thread

import (
	"fmt"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
)

// Chain is what follows from the committed entries of one thread: who may speak, and
// where everybody's own entries are at. Both sides and whoever is shown the thread
// fold it in the same way. It is not safe for concurrent use.
type Chain struct {
	Thread   protocol.CID
	Identity protocol.PublicKey
	// Devices are the shopper's, removed ones included; Links the link keys.
	Devices []Device
	Links   []protocol.PublicKey
	// Own is where the brand's own entries are at.
	Own Place
	// Seq and Last are the last commit, 0 and undefined before the first.
	Seq  uint64
	Last protocol.CID
	// Epoch counts the rekeys that took effect.
	Epoch uint64
	// Erased says that the brand erased the thread: nothing may follow.
	Erased bool
	// CommitAt returns the commit at a place before the last, for what entries say
	// they have seen. Nil believes them.
	CommitAt func(seq uint64) (protocol.CID, bool)

	removed []protocol.PublicKey // devices and links, also ones that never were
}

// Place is where the entries of one author are at: the number and the name of the
// last, 0 and undefined before the first.
type Place struct {
	DSeq uint64
	Last protocol.CID
}

// Device is one device of the shopper in a thread.
type Device struct {
	Certified
	Place
	Removed bool
}

// NewChain returns the chain of a thread in which nothing has been said.
func NewChain(g OpenedGenesis) *Chain {
	return &Chain{Thread: g.Thread, Identity: g.Identity, Devices: []Device{{Certified: Certified{Key: g.Device}}}}
}

// Device returns the device with the key, nil if there is none.
func (c *Chain) Device(by [32]byte) *Device {
	for i := range c.Devices {
		if [32]byte(c.Devices[i].Key.Bytes()) == by {
			return &c.Devices[i]
		}
	}
	return nil
}

// Judge reports whether a shopper's entry, whose signature and commitment hold, may
// stand next. body is what DecodeBody returned, nil if it couldn't. Whether the entry
// is known already is to be asked first, by its identifier. Errors wrap ErrStranger,
// ErrRemoved, ErrGap, ErrForked, ErrUnseen or ErrContradiction.
func (c *Chain) Judge(e SignedEntry, body any) error {
	d, err := c.author(e, body)
	if err != nil {
		return err
	}
	if err := d.Place.follows(e); err != nil {
		return err
	}
	return c.seen(e)
}

// author returns the device that made the entry: one of the thread, or the one that
// the entry brings in.
func (c *Chain) author(e SignedEntry, body any) (*Device, error) {
	if e.Thread != c.Thread {
		return nil, protocol.Invalid("entry", "of another thread")
	}
	if d := c.Device(e.By); d != nil {
		if d.Removed {
			return nil, fmt.Errorf("entry %s: %w", e.ID, ErrRemoved)
		}
		return d, nil
	}
	add, is := body.(*DeviceAdd)
	if !is {
		return nil, fmt.Errorf("entry %s: %w", e.ID, ErrStranger)
	}
	return c.newcomer(e, add)
}

func (c *Chain) newcomer(e SignedEntry, add *DeviceAdd) (*Device, error) {
	certified, err := OpenCertificates(c.Thread, c.Identity, add.Certs, c.Links...)
	if err != nil {
		return nil, fmt.Errorf("entry %s: %w: %w", e.ID, ErrStranger, err)
	}
	if [32]byte(certified.Key.Bytes()) != e.By || len(c.Devices) >= MaxDevices {
		return nil, fmt.Errorf("entry %s: %w", e.ID, ErrStranger)
	}
	if slices.Contains(c.removed, certified.Key) || slices.Contains(c.removed, certified.Link) {
		return nil, fmt.Errorf("entry %s: %w", e.ID, ErrRemoved)
	}
	return &Device{Certified: certified}, nil
}

func (p Place) follows(e SignedEntry) error {
	switch {
	case e.DSeq > p.DSeq+1:
		return fmt.Errorf("entry %d of a device at %d: %w", e.DSeq, p.DSeq, ErrGap)
	case e.DSeq <= p.DSeq || e.DPrev != p.Last:
		return fmt.Errorf("entry %d of a device at %d: %w", e.DSeq, p.DSeq, ErrForked)
	}
	return nil
}

func (c *Chain) seen(e SignedEntry) error {
	if e.Seen == nil {
		return nil
	}
	commit, known := c.Last, e.Seen.Seq == c.Seq
	switch {
	case e.Seen.Seq > c.Seq:
		return fmt.Errorf("commit %d, the last is %d: %w", e.Seen.Seq, c.Seq, ErrUnseen)
	case !known && c.CommitAt != nil:
		commit, known = c.CommitAt(e.Seen.Seq)
	}
	if known && commit != e.Seen.Commit {
		return fmt.Errorf("commit %d: %w", e.Seen.Seq, ErrContradiction)
	}
	return nil
}

// Next returns the commit that an entry is due, to be signed by the brand.
func (c *Chain) Next(entry protocol.CID, refused string, now protocol.Millis) Commit {
	return Commit{Thread: c.Thread, Seq: c.Seq + 1, Prev: c.Last, Entry: entry, Time: now, Refused: refused}
}

// LastSeen returns what an entry says of the chain now, nil before the first commit.
func (c *Chain) LastSeen() *Seen {
	if c.Seq == 0 {
		return nil
	}
	return &Seen{Seq: c.Seq, Commit: c.Last}
}
