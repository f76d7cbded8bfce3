package shopper

import (
	"errors"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// take opens a page of envelopes. What a relay made up or repeats is passed over;
// what the brand signed and contradicts itself is an error. Afterwards all of it is
// kept.
func (c *Conversation) take(page wire.ThreadPage) error {
	for _, e := range page.Envelopes {
		err := c.open(e.Bytes)
		if errors.Is(err, thread.ErrEpoch) {
			c.locked = true
			break // asked for again with the secret
		}
		if errors.Is(err, thread.ErrContradiction) {
			return errors.Join(err, c.save())
		}
		c.passed(e.N)
	}
	if !c.locked && c.state.Relayed {
		c.passed(page.Next)
	}
	return c.save()
}

// passed moves the cursor of a relay on.
func (c *Conversation) passed(n uint64) {
	if c.state.Relayed {
		c.state.After = max(c.state.After, n)
	}
}

// after is what to ask behind.
func (c *Conversation) after() uint64 {
	if c.state.Relayed {
		return c.state.After
	}
	return c.seq()
}

// open opens one envelope and does what it says.
func (c *Conversation) open(data []byte) error {
	e, err := thread.DecodeEnvelope(data)
	if err != nil {
		return err
	}
	if e.Thread != c.state.Thread || e.Dir != thread.Down {
		return protocol.Invalid("envelope", "of another thread or direction")
	}
	secret, err := c.secretFor(e)
	if err != nil {
		return err
	}
	p, err := e.Open(secret)
	if err != nil {
		return err
	}
	switch p := p.(type) {
	case *thread.EntryParcel:
		return c.admit(p)
	case *thread.ResyncParcel:
		c.askedBack(p.Have)
	case *thread.WelcomeParcel:
		if e.Join.Defined() {
			c.welcome(p)
		}
	}
	return nil
}

// secretFor finds what an envelope was sealed under.
func (c *Conversation) secretFor(e thread.Envelope) (s [thread.SecretSize]byte, err error) {
	if e.Join.Defined() {
		if j := c.state.Joining; j != nil && j.ID == e.Join && len(j.Secret) == thread.SecretSize {
			return [thread.SecretSize]byte(j.Secret), nil
		}
		return s, protocol.Invalid("envelope", "answers a join that isn't this one's")
	}
	if s, ok := c.state.secret(e.Epoch); ok {
		return s, nil
	}
	if n, next, ok := c.coming(protocol.CID{}); ok && n == e.Epoch {
		return next, nil
	}
	return s, thread.ErrEpoch
}

// askedBack answers a brand that came from a backup: with what it lacks or, when it
// lacks nothing, with the last entry, so that it knows that there is no more.
func (c *Conversation) askedBack(have uint64) {
	if c.seq() > 0 && !c.gone {
		have = min(have, c.seq()-1)
		c.lost = &have
	}
}

// forgot notes that the brand has no more than so many entries.
func (c *Conversation) forgot(have uint64) {
	if have < c.seq() {
		c.lost = &have
	}
}

// welcome takes the present secret.
func (c *Conversation) welcome(p *thread.WelcomeParcel) {
	c.state.Epochs = dropEpoch(c.state.Epochs, p.Epoch)
	c.state.addEpoch(p.Epoch, p.Secret)
	c.state.Write, c.state.Joining, c.locked = p.Write[:], nil, false
	c.committed = p.Seq
	c.forgot(p.Seq)
}

func dropEpoch(epochs []epoch, n uint64) []epoch {
	var out []epoch
	for _, e := range epochs {
		if e.N != n {
			out = append(out, e)
		}
	}
	return out
}
