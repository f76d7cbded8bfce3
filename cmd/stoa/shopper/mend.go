package shopper

import (
	"context"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// unlock asks for the present secret of the thread.
func (c *Conversation) unlock(ctx context.Context) error {
	if err := c.brand.prove(ctx); err != nil { // the prekey may have been renewed
		return err
	}
	certs, err := c.certsToShow()
	if err != nil {
		return err
	}
	if err := c.askIn(ctx, certs); err != nil {
		return err
	}
	if c.locked {
		return fmt.Errorf("%w: the key of the conversation is on its way", ErrUnreachable)
	}
	return c.save()
}

// certsToShow are the certificates of this device, none for that of the genesis.
func (c *Conversation) certsToShow() ([][]byte, error) {
	if c.state.Certs == nil {
		return [][]byte{}, nil
	}
	return c.state.Certs, nil
}

// askIn sends a join and takes the welcome, if it comes at once. A relay brings it
// later, among the envelopes.
func (c *Conversation) askIn(ctx context.Context, certs [][]byte) error {
	if c.state.Joining == nil {
		if err := c.makeJoin(); err != nil {
			return err
		}
	}
	a, err := c.brand.Client.join(ctx, c.state.Thread, wire.JoinRequest{Join: c.state.Joining.Signed, Certs: certs})
	if err != nil {
		c.state.Joining = nil
		return err
	}
	if len(a.Welcome) == 0 {
		page, err := c.readOnce(ctx)
		if err != nil {
			return err
		}
		return c.welcomed(page)
	}
	return c.open(a.Welcome)
}

// welcomed looks for the welcome among what came down. The rest is read again later.
func (c *Conversation) welcomed(page wire.ThreadPage) error {
	for _, n := range page.Envelopes {
		e, err := thread.DecodeEnvelope(n.Bytes)
		if err == nil && e.Join.Defined() && c.state.Joining != nil && e.Join == c.state.Joining.ID {
			return c.open(n.Bytes)
		}
	}
	return nil
}

func (c *Conversation) readOnce(ctx context.Context) (wire.ThreadPage, error) {
	request, err := thread.Request{Thread: c.state.Thread, Time: c.now()}.Sign(c.state.device())
	if err != nil {
		return wire.ThreadPage{}, err
	}
	return c.brand.Client.read(ctx, c.state.Thread, request, c.after())
}

// makeJoin draws a secret for the brand's welcome.
func (c *Conversation) makeJoin() error {
	if err := c.sealable(); err != nil {
		return err
	}
	enc, roots, err := thread.Encapsulate(c.brand.ID, c.brand.PrekeyID, c.brand.Prekey.Key)
	if err != nil {
		return err
	}
	signed, id, err := thread.Join{Thread: c.state.Thread, Prekey: c.brand.PrekeyID, Enc: enc, Time: c.now()}.Sign(c.state.device())
	if err != nil {
		return err
	}
	under := thread.JoinSecret(roots.Root, c.state.Thread)
	c.state.Joining = &joining{ID: id, Secret: under[:], Signed: signed}
	return c.save()
}

// handBack gives the brand what it lost: the entries behind what it has.
func (c *Conversation) handBack(ctx context.Context) error {
	n, under, ok := c.state.present()
	if !ok {
		c.locked = true
		return wire.ErrUnknownEpoch
	}
	for _, items := range handbacks(c.entries[*c.lost:]) {
		data, err := c.seal(n, under, &thread.HandbackParcel{Items: items})
		if err != nil {
			return err
		}
		a, err := c.brand.Client.post(ctx, c.state.Thread, wire.ThreadPost{Envelopes: [][]byte{data}, After: c.after()}, c.state.Write, 0)
		if err != nil {
			return err
		}
		if len(a.Results) == 1 && a.Results[0].State == wire.StateRefused {
			return c.unwanted(a.Results[0].Reason)
		}
	}
	c.lost = nil
	return nil
}

// unwanted is the error of a handback that the brand refuses.
func (c *Conversation) unwanted(reason string) error {
	switch reason {
	case wire.WordUnknownEpoch:
		return wire.ErrUnknownEpoch
	case thread.RefusedErased:
		c.gone, c.lost = true, nil
		return &Refused{Reason: reason}
	}
	return &Refused{Reason: reason, Detail: "what it lost and was handed back"}
}

// handbacks splits entries into as many as fit in one parcel.
func handbacks(entries []Entry) (out [][]thread.HandbackItem) {
	const overhead = 64
	size := thread.MaxParcel
	for _, e := range entries {
		k := e.kept
		needs := len(k.Entry) + len(k.Commit) + len(k.Salt) + len(k.Body) + overhead
		if size+needs > thread.MaxParcel-overhead {
			out, size = append(out, nil), 0
		}
		size += needs
		last := len(out) - 1
		out[last] = append(out[last], thread.HandbackItem{Entry: k.Entry, Commit: k.Commit, Salt: k.Salt, Body: k.Body})
	}
	return out
}
