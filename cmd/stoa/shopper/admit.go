package shopper

import (
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// verified is an entry with its commit, both read.
type verified struct {
	entry  thread.SignedEntry
	commit thread.SignedCommit
	salt   []byte
	body   []byte
	kept   kept
}

// readEntry reads what a parcel from the brand carries and checks what needs no
// place: that it belongs together and the brand signed its commit.
func (c *Conversation) readEntry(p *thread.EntryParcel) (v verified, err error) {
	if v.entry, err = thread.DecodeEntry(p.Entry); err != nil {
		return v, err
	}
	if v.commit, err = thread.DecodeCommit(p.Commit); err != nil {
		return v, err
	}
	if v.entry.Thread != c.state.Thread || v.commit.Thread != c.state.Thread || v.commit.Entry != v.entry.ID {
		return v, protocol.Invalid("commit", "of another entry or thread")
	}
	if err := v.commit.Verify(c.brand.Keys); err != nil {
		return v, err
	}
	v.salt, v.body = p.Salt, p.Body
	v.kept = kept{Entry: p.Entry, Commit: p.Commit, Salt: p.Salt, Body: p.Body}
	if p.Body == nil {
		return v, nil
	}
	return v, v.entry.Matches([thread.SecretSize]byte(p.Salt), p.Body)
}

// admit takes an entry that came down, and those that waited for it. What is known
// already is no error; what contradicts it is.
func (c *Conversation) admit(p *thread.EntryParcel) error {
	v, err := c.readEntry(p)
	if err != nil {
		return err
	}
	switch seq := v.commit.Seq; {
	case seq <= c.seq():
		return c.known(v.commit)
	case seq > c.seq()+1:
		if len(c.ahead) < maxAhead {
			c.ahead[seq] = p
		}
		return nil
	}
	if err := c.place(v); err != nil {
		return err
	}
	c.unsaved = append(c.unsaved, v.kept)
	next, waits := c.ahead[c.seq()+1]
	if !waits {
		return nil
	}
	delete(c.ahead, c.seq()+1)
	return c.admit(next)
}

// maxAhead is how many entries may wait for ones before them.
const maxAhead = 1024

// known compares a commit with the one that stands at its place.
func (c *Conversation) known(m thread.SignedCommit) error {
	if c.entries[m.Seq-1].commit != m.ID {
		return fmt.Errorf("number %d: %w", m.Seq, thread.ErrContradiction)
	}
	return nil
}

// place puts an entry at the end of the conversation and lets it take effect.
func (c *Conversation) place(v verified) error {
	if last := c.last(); last != nil && v.commit.Prev != last.Commit {
		return fmt.Errorf("number %d follows another: %w", v.commit.Seq, thread.ErrContradiction)
	}
	e := Entry{
		Seq: v.commit.Seq, ID: v.entry.ID, Kind: v.entry.Kind, Time: v.entry.Time, Committed: v.commit.Time,
		Refused: v.commit.Refused, commit: v.commit.ID, kept: v.kept,
	}
	if v.body != nil {
		e.Body, _ = thread.DecodeBody(e.Kind, v.body) // nil: of a newer version, or not what it should be
	}
	if err := c.author(v.entry, &e); err != nil {
		return err
	}
	c.entries = append(c.entries, e)
	c.at[e.ID] = len(c.entries) - 1
	c.fresh++
	if e.Refused == "" {
		c.effect(e)
	}
	c.settle(e)
	return nil
}

// author finds out who signed an entry.
func (c *Conversation) author(s thread.SignedEntry, e *Entry) error {
	if key, ok := c.brand.Keys.Author(s.By); ok {
		return s.Verify(key)
	}
	e.Mine = true
	key, err := protocol.ParsePublicKey(s.By[:])
	if err != nil {
		return err
	}
	if add, ok := e.Body.(*thread.DeviceAdd); ok && c.added(add) == s.By {
		c.devices[s.By] = true
	}
	_, known := c.devices[s.By]
	e.Unproven = !known
	return s.Verify(key)
}

// added is the device that certificates bring in; zero when they don't hold here.
func (c *Conversation) added(add *thread.DeviceAdd) (device [32]byte) {
	g, err := thread.OpenGenesis(c.state.Genesis)
	if err != nil {
		return device
	}
	d, err := thread.OpenCertificates(c.state.Thread, g.Identity, add.Certs, c.links...)
	if err != nil {
		return device
	}
	return [32]byte(d.Key.Bytes())
}

// effect changes what later entries are judged by.
func (c *Conversation) effect(e Entry) {
	switch b := e.Body.(type) {
	case *thread.DeviceDel:
		c.devices[b.Device] = false
	case *thread.Callback:
		c.callback(b)
	case *thread.Rekey:
		c.rekeyed(e)
	case *thread.Empty:
		c.due = c.due || e.Kind == thread.KindRekeyPlease
	}
}

func (c *Conversation) callback(b *thread.Callback) {
	g, err := thread.OpenGenesis(c.state.Genesis)
	if err != nil || len(b.LinkCert) == 0 {
		return
	}
	if link, err := thread.OpenLink(c.state.Thread, g.Identity, b.LinkCert); err == nil {
		c.links = append(c.links, link)
	}
}

// rekeyed begins a new epoch, if this device made it; another asks for its secret
// when it meets it.
func (c *Conversation) rekeyed(e Entry) {
	c.began, c.fresh, c.due = e.Committed, 0, false
	if n, next, ok := c.coming(e.ID); ok {
		c.state.addEpoch(n, next)
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
	g, err := thread.OpenGenesis(c.state.Genesis)
	if err != nil {
		return err
	}
	c.introduce(g.Device, g.Time)
	for _, frame := range log {
		k, err := decodeKept(frame)
		if err != nil {
			return err
		}
		v, err := c.readEntry(&thread.EntryParcel{Entry: k.Entry, Commit: k.Commit, Salt: k.Salt, Body: k.Body})
		if errors.Is(err, thread.ErrSignature) {
			return fmt.Errorf("it was committed with a key that isn't the brand's any more: %w", err)
		}
		if err != nil {
			return err
		}
		if v.commit.Seq <= c.seq() {
			continue
		}
		if err := c.place(v); err != nil {
			return err
		}
	}
	return nil
}
