package shopper

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// Conversation is the shopper's side of one thread.
type Conversation struct {
	shopper *Shopper
	brand   *Brand
	state   *state

	chain   *thread.Chain
	ledger  thread.Ledger
	entries []Entry              // by number, from 1
	at      map[protocol.CID]int // place in entries
	began   protocol.Millis      // when the present epoch did
	fresh   int                  // entries in the present epoch
	due     bool                 // the brand asked for a new epoch

	ahead   map[uint64]kept // what came before what it follows
	unsaved []kept          // admitted and not yet in the log
	lost    *uint64         // the brand has no more than this
	synced  time.Time       // when a relay was last asked for what is missing

	// committed is how many entries the brand said that there are.
	committed uint64
	locked    bool // something came under a secret that isn't here
	gone      bool // the brand has erased the thread
}

// Entry is a committed entry, verified.
type Entry struct {
	Seq uint64
	ID  protocol.CID
	// Kind says what Body points to (see thread.DecodeBody); nil when it was erased or
	// is of a newer version.
	Kind      string
	Body      any
	Mine      bool            // the shopper wrote it
	Time      protocol.Millis // the author's claim
	Committed protocol.Millis // the brand's claim
	// Refused says why it has no effect; "" if it has.
	Refused string

	commit protocol.CID
	kept   kept
}

func newConversation(s *Shopper, b *Brand) *Conversation {
	return &Conversation{shopper: s, brand: b, at: map[protocol.CID]int{}, ahead: map[uint64]kept{}}
}

// Thread names the conversation; undefined before something was said.
func (c *Conversation) Thread() protocol.CID {
	if c.state == nil {
		return protocol.CID{}
	}
	return c.state.Thread
}

// Entries are what the brand has committed, in its order.
func (c *Conversation) Entries() []Entry { return c.entries }

// Entry returns a committed entry by its name.
func (c *Conversation) Entry(id protocol.CID) (Entry, bool) {
	i, ok := c.at[id]
	if !ok {
		return Entry{}, false
	}
	return c.entries[i], true
}

// last is the last commit, nil before the first.
func (c *Conversation) last() *thread.Seen {
	if c.chain == nil {
		return nil
	}
	return c.chain.LastSeen()
}

func (c *Conversation) seq() uint64 { return uint64(len(c.entries)) }

// now is the gateway's time, if this machine's clock is far off.
func (c *Conversation) now() protocol.Millis {
	return protocol.MillisOf(c.brand.Client.now().Add(c.brand.Skew))
}

// Now is the time by which the conversation goes: that of the gateway when this
// machine's clock is far off.
func (c *Conversation) Now() time.Time { return c.now().Time() }

// Prepare makes the thread, if there is none yet: its keys and its genesis. Nothing
// is sent.
func (c *Conversation) Prepare() error {
	if c.state != nil {
		return nil
	}
	if err := c.sealable(); err != nil {
		return err
	}
	enc, roots, err := thread.Encapsulate(c.brand.ID, c.brand.PrekeyID, c.brand.Prekey.Key)
	if err != nil {
		return err
	}
	identity := c.shopper.identity(c.brand.ID)
	device := secret()
	g := thread.Genesis{
		Brand: c.brand.ID, Prekey: c.brand.PrekeyID, Enc: enc, Home: c.brand.Home, Time: c.now(),
		Device: protocol.PublicKeyOf(ed25519.NewKeyFromSeed(device[:])),
	}
	_, _ = rand.Read(g.Nonce[:]) // never fails
	signed, id, err := g.Sign(thread.SigningKey(identity))
	if err != nil {
		return err
	}
	c.state = &state{
		Brand: c.brand.ID, Gateway: c.brand.Client.base, Thread: id, Genesis: signed, Identity: identity[:], Device: device[:],
		Write: roots.Write[:], Relayed: !c.brand.Direct,
	}
	c.state.addEpoch(0, thread.FirstEpoch(roots.Root, id))
	if err := c.introduce(signed); err != nil {
		return err
	}
	return c.save()
}

// introduce begins the chain of the thread.
func (c *Conversation) introduce(genesis []byte) error {
	g, err := thread.OpenGenesis(genesis)
	if err != nil {
		return err
	}
	c.chain, c.began = thread.NewChain(g), g.Time
	c.chain.CommitAt = func(seq uint64) (protocol.CID, bool) {
		if seq == 0 || seq > c.seq() {
			return protocol.CID{}, false
		}
		return c.entries[seq-1].commit, true
	}
	return nil
}

// sealable reports whether the brand's prekey may be sealed to. One that has run out
// is still opened for a while: the brand may be away, and mail waits for it.
func (c *Conversation) sealable() error {
	if c.brand.Prekey == nil {
		return fmt.Errorf("%w: the brand's key isn't known without its gateway", ErrUnreachable)
	}
	if now := c.now(); now >= c.brand.Prekey.Until+grace {
		return fmt.Errorf("%w: the one there is ran out at %s", ErrNoPrekey, c.brand.Prekey.Until)
	}
	return nil
}

// grace is how long a prekey that ran out is still opened, in milliseconds.
const grace = 14 * 24 * 3600 * 1000

// secret draws 32 bytes.
func secret() (b [thread.SecretSize]byte) {
	_, _ = rand.Read(b[:]) // never fails
	return b
}

// moved notices that the conversation is now held through another gateway, which
// counts what it hands down by itself.
func (c *Conversation) moved() {
	if c.state.Gateway == c.brand.Client.base {
		return
	}
	c.state.Gateway, c.state.Begun, c.state.After, c.state.Relayed = c.brand.Client.base, false, 0, !c.brand.Direct
}

// save writes what was admitted, then the state.
func (c *Conversation) save() error {
	f := c.shopper.folder
	if f == nil {
		c.unsaved = nil
		return nil
	}
	if len(c.unsaved) > 0 {
		frames := make([][]byte, len(c.unsaved))
		for i, k := range c.unsaved {
			var err error
			if frames[i], err = k.encode(); err != nil {
				return err
			}
		}
		if err := f.append(c.brand.ID, frames); err != nil {
			return err
		}
		c.unsaved = nil
	}
	if c.brand.log != nil {
		c.state.Log = c.brand.log
	}
	data, err := c.state.encode()
	if err != nil {
		return err
	}
	return f.save(c.brand.ID, data)
}

// Brand is whom the conversation is with.
func (c *Conversation) Brand() *Brand { return c.brand }
