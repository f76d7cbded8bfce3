package threads

import (
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// session is one thread within a batch: its row, and what is appended to its chain.
type session struct {
	b       *batch
	t       *store.Thread
	fresh   bool // there is no row yet
	touched bool // the row is to be written
	added   []*store.ThreadEntry
	erase   bool   // the conversation is to be forgotten when the batch is durable
	stirred bool   // the shopper is asked back
	wanted  uint64 // the highest commit that one has seen
}

// errLater says that an entry can't be judged yet.
var errLater = errors.New("later")

// take judges an arrival. The error is errLater for an entry behind a gap, or in a
// thread that must be handed back first; any other is the node's own trouble.
func (s *session) take(a *arrival) (wire.EnvelopeResult, error) {
	switch {
	case s.t.Erased || s.erase:
		return refused(thread.RefusedErased), nil
	case a.sync:
		return wire.EnvelopeResult{State: wire.StateReceived}, s.sync(a.after)
	case a.handback != nil:
		return s.adopt(a.handback)
	}
	if known, err := s.known(a.entry); known != nil || err != nil {
		return resultOf(known), err
	}
	device, reason := s.author(a)
	if reason != "" {
		return refused(reason), nil
	}
	if reason, err := s.seen(a); reason != "" || err != nil { // first: what is missing may be what the brand forgot
		return refused(reason), err
	}
	if reason, err := follows(device, a); reason != "" || err != nil {
		return refused(reason), err
	}
	return s.enter(a)
}

func resultOf(e *store.ThreadEntry) wire.EnvelopeResult {
	switch {
	case e == nil:
		return wire.EnvelopeResult{}
	case e.Refused != "":
		return wire.EnvelopeResult{State: wire.StateRefused, Reason: e.Refused, Seq: e.Seq}
	}
	return wire.EnvelopeResult{State: wire.StateCommitted, Seq: e.Seq}
}

// known returns the entry if it stands in the chain already.
func (s *session) known(is thread.SignedEntry) (*store.ThreadEntry, error) {
	if d := deviceOf(s.t, is.By); d == nil || is.DSeq > d.Last {
		return nil, nil
	}
	for _, e := range s.added {
		if e.ID == is.ID {
			return e, nil
		}
	}
	e, err := s.b.tx.EntryByID(s.t.ID, is.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return e, err
}

// author returns the device that wrote an entry, or why it may not write. A device
// that comes with its certificates is returned before it is one of the thread's.
func (s *session) author(a *arrival) (*store.ThreadDevice, string) {
	d := deviceOf(s.t, a.entry.By)
	switch {
	case d != nil && d.Removed:
		return nil, thread.RefusedRemoved
	case d == nil && a.certified == nil, d == nil && len(s.t.Devices) >= thread.MaxDevices:
		return nil, refusedStranger
	case d == nil:
		return &store.ThreadDevice{Key: a.entry.By}, ""
	case d.Last == 0 && d.Key != s.t.Device && a.certified == nil:
		return nil, refusedStranger // it was let in to read, but hasn't shown itself in the chain
	}
	return d, ""
}

// follows checks that an entry is the next of its device.
func follows(d *store.ThreadDevice, a *arrival) (string, error) {
	switch {
	case a.entry.DSeq > d.Last+1:
		return "", errLater
	case a.entry.DSeq <= d.Last, a.entry.DPrev != d.LastEntry:
		return refusedForked, nil
	}
	return "", nil
}

// seen checks what the author of an entry has seen of the brand's commits. Whoever has
// seen more than there is proves that the brand forgot something: nothing is
// committed then before it was handed back.
func (s *session) seen(a *arrival) (string, error) {
	seen := a.entry.Seen
	if seen == nil {
		return "", nil
	}
	if seen.Seq > s.t.Seq {
		return "", s.askBack(seen.Seq)
	}
	here, err := s.commitAt(seen.Seq)
	if err != nil {
		return "", err
	}
	if here != seen.Commit {
		s.b.d.log.Error("a shopper has seen a commit that contradicts the one kept here", "thread", s.t.ID, "seq", seen.Seq,
			"here", here, "there", seen.Commit)
		return refusedForked, nil
	}
	return "", nil
}

// sync takes the word of a device that was asked back for how much it has: as much as
// there is, or more.
func (s *session) sync(after uint64) error {
	if after > s.t.Seq {
		return s.askBack(after)
	}
	_, asked := s.b.d.asked[s.t.ID]
	if !asked || after < s.t.Seq || s.t.Resync || !s.b.d.unconfirmed(s.t) {
		return nil
	}
	return s.confirmed()
}

// confirmed notes that the shopper's side knows no more than there is.
func (s *session) confirmed() error {
	s.t.Resync, s.t.Confirmed, s.touched = false, s.b.now, true
	return s.resynced()
}

// askBack notes that the shopper's side has to hand back what the brand forgot.
func (s *session) askBack(seen uint64) error {
	if !s.t.Resync {
		s.b.d.log.Warn("a shopper has seen more than is kept here: asking for it", "thread", s.t.ID, "seq", s.t.Seq)
		s.t.Resync, s.touched = true, true
	}
	s.stirred, s.wanted = true, max(s.wanted, seen)
	return errLater
}

// commitAt returns the commit at a place of the chain.
func (s *session) commitAt(seq uint64) (protocol.CID, error) {
	if seq == s.t.Seq {
		return s.t.Last, nil
	}
	e, err := s.entryAt(seq)
	if err != nil {
		return protocol.CID{}, fmt.Errorf("entry %d of %s: %w", seq, s.t.ID, err)
	}
	c, err := thread.DecodeCommit(e.Commit)
	return c.ID, err
}

func (s *session) entryAt(seq uint64) (*store.ThreadEntry, error) {
	for _, e := range s.added {
		if e.Seq == seq {
			return e, nil
		}
	}
	if m := s.b.d.recent.get(s.t.ID); m != nil && seq > 0 && seq <= m.thread.Seq {
		if list, here := m.behind(seq - 1); here && len(list) > 0 {
			return list[0], nil
		}
	}
	return s.b.tx.Entry(s.t.ID, seq)
}

// enter commits an entry that is the next of its device, with its effect or the reason
// why it has none, and what is answered to it.
func (s *session) enter(a *arrival) (wire.EnvelopeResult, error) {
	if s.b.d.asksBack(s.t) {
		s.stirred = true
		return wire.EnvelopeResult{}, errLater
	}
	verdict, err := s.judge(a)
	if err != nil {
		return wire.EnvelopeResult{}, err
	}
	s.advance(a.entry, a.value)
	e, err := s.commit(a.entry, a.raw, a.salt, a.body, verdict.Refused, false)
	if err != nil {
		return wire.EnvelopeResult{}, err
	}
	if err := s.note(e); err != nil {
		return wire.EnvelopeResult{}, err
	}
	for _, draft := range verdict.Replies {
		if _, err := s.write(draft); err != nil {
			return wire.EnvelopeResult{}, fmt.Errorf("answer %s in %s: %w", a.entry.Kind, s.t.ID, err)
		}
	}
	return resultOf(e), nil
}

// advance moves the device's own chain on.
func (s *session) advance(e thread.SignedEntry, value any) {
	d := deviceOf(s.t, e.By)
	if d == nil {
		s.t.Devices = append(s.t.Devices, store.ThreadDevice{Key: e.By, FirstSeen: s.b.now})
		d = &s.t.Devices[len(s.t.Devices)-1]
	}
	d.Last, d.LastEntry = e.DSeq, e.ID
	if add, ok := value.(*thread.DeviceAdd); ok && len(d.Certs) == 0 {
		d.Certs = add.Certs
	}
}

// commit appends an entry to the chain.
func (s *session) commit(entry thread.SignedEntry, raw, salt, body []byte, reason string, own bool) (*store.ThreadEntry, error) {
	c, err := thread.Commit{Thread: s.t.ID, Seq: s.t.Seq + 1, Prev: s.t.Last, Entry: entry.ID, Time: s.b.now, Refused: reason}.Sign(s.b.key)
	if err != nil {
		return nil, err
	}
	commit, err := c.Encode()
	if err != nil {
		return nil, err
	}
	e := &store.ThreadEntry{
		Seq: c.Seq, Entry: raw, Commit: commit, ID: entry.ID, Kind: entry.Kind, Class: classOf(entry.Kind),
		Salt: salt, Body: body, Time: s.b.now, Mine: own, Refused: reason,
	}
	return e, s.append(e, c.ID)
}

func classOf(kind string) store.Class {
	if thread.ClassOf(kind) == thread.Fiscal {
		return store.Fiscal
	}
	return store.Conversation
}

// append stores a committed entry behind the last one.
func (s *session) append(e *store.ThreadEntry, commit protocol.CID) error {
	if err := s.stored(); err != nil {
		return err
	}
	if err := s.b.tx.PutEntry(s.t.ID, e); err != nil {
		return err
	}
	s.t.Seq, s.t.Last, s.t.Touched, s.touched = e.Seq, commit, s.b.now, true
	s.added = append(s.added, e)
	return nil
}

// write commits an entry of the brand's own.
func (s *session) write(draft thread.Draft) (*store.ThreadEntry, error) {
	w, err := s.draw(draft)
	if err != nil {
		return nil, err
	}
	return s.put(w)
}

// draw writes and signs the brand's next entry, which isn't in the chain before put.
func (s *session) draw(draft thread.Draft) (thread.Written, error) {
	pen := thread.Pen{Key: s.b.key, Thread: s.t.ID, DSeq: s.t.Own.Seq, Last: s.t.Own.Last}
	return pen.Write(draft, s.present(), s.b.d.salt(), s.b.now)
}

// put commits what draw wrote.
func (s *session) put(w thread.Written) (*store.ThreadEntry, error) {
	raw, err := w.Encode()
	if err != nil {
		return nil, err
	}
	s.t.Own = store.OwnPlace{Seq: w.DSeq, Last: w.ID}
	e, err := s.commit(w.SignedEntry, raw, w.Salt[:], w.Body, "", true)
	if err != nil {
		return nil, err
	}
	return e, s.tell(e)
}

// present names the last commit.
func (s *session) present() *thread.Seen {
	if s.t.Seq == 0 {
		return nil
	}
	return &thread.Seen{Seq: s.t.Seq, Commit: s.t.Last}
}
