package shopper

import (
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// admit takes an entry that came down, and those that waited for it. What is known
// already is no error; what contradicts it is.
func (c *Conversation) admit(p *thread.EntryParcel) error {
	k := kept{Entry: p.Entry, Commit: p.Commit, Salt: p.Salt, Body: p.Body}
	for waits := true; waits; {
		err := c.place(k)
		switch {
		case errors.Is(err, thread.ErrKnown):
			return nil
		case errors.Is(err, thread.ErrGap):
			return c.early(k)
		case err != nil:
			return err
		}
		c.unsaved = append(c.unsaved, k)
		k, waits = c.ahead[c.seq()+1]
		delete(c.ahead, c.seq()+1)
	}
	return nil
}

// maxAhead is how many entries may wait for ones before them.
const maxAhead = 1024

// early keeps an entry that came before what it follows: a relay doesn't keep the
// order.
func (c *Conversation) early(k kept) error {
	commit, err := thread.DecodeCommit(k.Commit)
	if err == nil && commit.Seq > c.seq()+1 && len(c.ahead) < maxAhead {
		c.ahead[commit.Seq] = k
	}
	return err
}

// place proves an entry, puts it at the end of the conversation and lets it take
// effect.
func (c *Conversation) place(k kept) error {
	m, err := c.chain.Follow(c.brand.Keys, thread.HandbackItem{Entry: k.Entry, Commit: k.Commit, Salt: k.Salt, Body: k.Body})
	if err != nil {
		return err
	}
	e := Entry{
		Seq: m.Commit.Seq, ID: m.Entry.ID, Kind: m.Entry.Kind, Body: m.Value, Mine: !m.Brand, Time: m.Entry.Time,
		Committed: m.Commit.Time, Refused: m.Commit.Refused, commit: m.Commit.ID, kept: k,
	}
	if e.Body == nil && len(k.Body) > 0 {
		e.Body, _ = thread.DecodeBody(e.Kind, k.Body) // nil: of a newer version, or not what it should be
	}
	c.entries = append(c.entries, e)
	c.at[e.ID] = len(c.entries) - 1
	c.fresh++
	_ = c.ledger.Take(m) // what an order doesn't allow changes none
	c.effect(e, m.Value)
	c.settle(e)
	return nil
}

// effect begins a new epoch, or notes that one is due.
func (c *Conversation) effect(e Entry, value any) {
	switch value.(type) {
	case *thread.Rekey:
		c.began, c.fresh, c.due = e.Committed, 0, false
		if n, next, ok := c.coming(e.ID); ok { // another device asks for the secret when it meets it
			c.state.addEpoch(n, next)
		}
	case *thread.Empty:
		c.due = c.due || e.Kind == thread.KindRekeyPlease
	}
}

// coming is the epoch that begins with the commit of a rekey of this device; any, if
// id is undefined.
func (c *Conversation) coming(id protocol.CID) (n uint64, next [thread.SecretSize]byte, ok bool) {
	n, present, known := c.state.present()
	if !known {
		return 0, next, false
	}
	for _, p := range c.state.Outbox {
		if len(p.Root) == thread.SecretSize && (p.ID == id || !id.Defined()) {
			return n + 1, thread.NextEpoch(present, [thread.SecretSize]byte(p.Root), c.state.Thread), true
		}
	}
	return 0, next, false
}

// settle takes a committed entry out of the outbox.
func (c *Conversation) settle(e Entry) {
	for i, p := range c.state.Outbox {
		if p.ID == e.ID {
			c.state.Outbox = append(c.state.Outbox[:i:i], c.state.Outbox[i+1:]...)
			return
		}
	}
}

// restore reads a log that was written here.
func (c *Conversation) restore(log [][]byte) error {
	if err := c.introduce(c.state.Genesis); err != nil {
		return err
	}
	for _, frame := range log {
		k, err := decodeKept(frame)
		if err != nil {
			return err
		}
		if err := c.place(k); err != nil && !errors.Is(err, thread.ErrKnown) {
			return fmt.Errorf("what was kept of it doesn't hold: %w", err)
		}
	}
	return nil
}
