package shopper

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// What joining can fail by.
var (
	// ErrNothingToJoin says that the code has no conversation with the brand.
	ErrNothingToJoin = errors.New("there is no conversation with this brand under the recovery code")
	// ErrJoined says that the folder holds a conversation with the brand already.
	ErrJoined = errors.New("this folder has a conversation with the brand already")
)

// Recover opens the conversation that the shopper's code has with the brand, on this
// device too. ErrNothingToJoin says that there is none.
func (c *Conversation) Recover(ctx context.Context) error {
	seed := c.shopper.identity(c.brand.ID)
	identity := protocol.PublicKeyOf(thread.SigningKey(seed))
	id, err := c.brand.Client.find(ctx, c.brand.ID, [32]byte(identity.Bytes()))
	if err != nil {
		return err
	}
	if !id.Defined() {
		return ErrNothingToJoin
	}
	return c.enter(ctx, id, seed, thread.LinkIdentity)
}

// Follow opens the conversation of a private link.
func (c *Conversation) Follow(ctx context.Context, l thread.Link) error {
	return c.enter(ctx, l.Thread, l.Seed, l.Kind)
}

// enter makes this folder a device of a thread: certified by the key of the seed,
// welcomed by the brand, announced with its first entry.
func (c *Conversation) enter(ctx context.Context, id protocol.CID, seed [32]byte, kind thread.LinkKind) error {
	if c.state != nil {
		return ErrJoined
	}
	genesis, g, err := c.brand.Client.genesis(ctx, id)
	if err != nil {
		return err
	}
	if g.Brand != c.brand.ID {
		return fmt.Errorf("the conversation is with another brand, %s: %w", g.Brand, protocol.ErrInvalid)
	}
	if key := protocol.PublicKeyOf(thread.SigningKey(seed)); kind == thread.LinkIdentity && key != g.Identity {
		return protocol.Invalid("link", "its key isn't that of the conversation")
	}
	if err := c.newDevice(id, genesis, seed, kind); err != nil {
		return err
	}
	if err := c.introduce(genesis); err != nil {
		return err
	}
	if err := c.admitMe(ctx); err != nil {
		return errors.Join(err, c.leave())
	}
	return nil
}

// newDevice draws the key of this device and certifies it.
func (c *Conversation) newDevice(id protocol.CID, genesis []byte, seed [32]byte, kind thread.LinkKind) error {
	device := secret()
	cert, err := thread.Certificate{
		Thread: id, Key: protocol.PublicKeyOf(thread.SigningKey(device)), Kind: thread.KindDevice, Time: c.now(),
	}.Sign(thread.SigningKey(seed))
	if err != nil {
		return err
	}
	c.state = &state{
		Brand: c.brand.ID, Gateway: c.brand.Client.base, Thread: id, Genesis: genesis, Device: device[:],
		Begun: true, Relayed: !c.brand.Direct, Certs: [][]byte{cert},
	}
	if kind == thread.LinkIdentity {
		c.state.Identity = seed[:]
	}
	return c.save()
}

// admitMe asks for the thread's secret, reads what stands in it and then says that
// this device is one.
func (c *Conversation) admitMe(ctx context.Context) error {
	c.locked = true
	if err := c.until(ctx, func() (bool, error) { return !c.locked && c.seq() >= c.committed, nil }); err != nil {
		return err
	}
	if _, err := c.write(thread.KindDeviceAdd, &thread.DeviceAdd{Certs: c.state.Certs}, nil); err != nil {
		return err
	}
	return c.Sync(ctx)
}

// leave forgets a conversation that couldn't be entered.
func (c *Conversation) leave() error {
	c.state = nil
	if c.shopper.folder == nil {
		return nil
	}
	return c.shopper.folder.forget(c.brand.ID)
}

// Link returns the private link of the conversation, which opens it in any browser.
// Only a folder that knows the identity has one.
func (c *Conversation) Link() (thread.Link, error) {
	if c.state == nil || len(c.state.Identity) == 0 {
		return thread.Link{}, errors.New("this folder was let in by a mailed link and can't make links of its own")
	}
	return thread.Link{Kind: thread.LinkIdentity, Seed: [32]byte(c.state.Identity), Thread: c.state.Thread}, nil
}

// Callback says how the brand may call back, with a link for it to send; the zero
// value takes it back.
func (c *Conversation) Callback(ctx context.Context, b thread.Callback) (Entry, error) {
	if err := c.Prepare(); err != nil {
		return Entry{}, err
	}
	if b.Email == "" && b.Push == nil || len(c.state.Identity) == 0 {
		return c.Say(ctx, thread.KindCallback, &b)
	}
	link := secret()
	cert, err := thread.Certificate{
		Thread: c.state.Thread, Key: protocol.PublicKeyOf(thread.SigningKey(link)), Kind: thread.KindLink, Time: c.now(),
	}.Sign(thread.SigningKey([32]byte(c.state.Identity)))
	if err != nil {
		return Entry{}, err
	}
	b.Link, b.LinkCert, b.Gateway = link[:], cert, c.brand.Client.base
	return c.Say(ctx, thread.KindCallback, &b)
}
