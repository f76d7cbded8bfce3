package shopper

import (
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// ErrNoOrder says that the folder knows no such order.
var ErrNoOrder = errors.New("no conversation in this folder has this order")

// Receipt returns the receipt of an order that the folder holds (specs/21-receipt.md):
// it proves itself to anybody. No gateway is asked.
func (s *Shopper) Receipt(order protocol.CID) ([]byte, error) {
	if s.folder == nil {
		return nil, ErrNoOrder
	}
	brands, err := s.folder.brands()
	if err != nil {
		return nil, err
	}
	for _, id := range brands {
		c, err := s.Kept(nil, id)
		if err != nil {
			return nil, err
		}
		if _, found := c.Entry(order); found {
			return c.Receipt(order)
		}
	}
	return nil, fmt.Errorf("%s: %w", order, ErrNoOrder)
}

// ErrNothingKept says that the folder has no conversation with a brand.
var ErrNothingKept = errors.New("the folder has no conversation with this brand")

// Kept opens a conversation with what is known of the brand from before, when no
// gateway can be reached. The client may be nil when nothing is to be said.
func (s *Shopper) Kept(client *Client, brand protocol.CID) (*Conversation, error) {
	if s.folder == nil {
		return nil, ErrNothingKept
	}
	data, log, err := s.folder.load(brand)
	if err != nil {
		return nil, err
	}
	if data == nil {
		return nil, ErrNothingKept
	}
	b := &Brand{ID: brand, Client: client}
	c := newConversation(s, b)
	if c.state, err = decodeState(data); err != nil {
		return nil, err
	}
	if b.Keys, err = keysOf(brand, c.state.Log); err != nil {
		return nil, err
	}
	return c, c.restore(log)
}

// Receipt returns the receipt of an order of the conversation.
func (c *Conversation) Receipt(order protocol.CID) ([]byte, error) {
	log := make([]protocol.Signed, len(c.state.Log))
	for i, op := range c.state.Log {
		var err error
		if log[i], err = protocol.DecodeSigned(op); err != nil {
			return nil, err
		}
	}
	items := make([]thread.HandbackItem, len(c.entries))
	for i, e := range c.entries {
		items[i] = thread.HandbackItem{Entry: e.kept.Entry, Commit: e.kept.Commit, Salt: e.kept.Salt, Body: e.kept.Body}
	}
	r, err := thread.NewReceipt(log, c.state.Genesis, c.chains(), items, order)
	if err != nil {
		return nil, err
	}
	data, err := r.Encode()
	if err != nil {
		return nil, err
	}
	_, err = thread.VerifyReceipt(data, c.brand.ID) // nothing leaves that doesn't hold
	return data, err
}

// chains are the certificates of the devices that came in later, each chain from the
// identity on.
func (c *Conversation) chains() [][][]byte {
	out := [][][]byte{}
	var links [][]byte
	for _, e := range c.entries {
		switch b := e.Body.(type) {
		case *thread.Callback:
			if e.Mine && len(b.LinkCert) > 0 {
				links = append(links, b.LinkCert)
			}
		case *thread.DeviceAdd:
			if e.Refused == "" {
				out = append(out, c.whole(b.Certs, links))
			}
		}
	}
	return out
}

// whole puts the certificate of a link before that of a device that it let in.
func (c *Conversation) whole(certs, links [][]byte) [][]byte {
	if _, err := thread.OpenCertificates(c.state.Thread, c.chain.Identity, certs); err == nil || len(certs) != 1 {
		return certs
	}
	for _, link := range links {
		both := [][]byte{link, certs[0]}
		if _, err := thread.OpenCertificates(c.state.Thread, c.chain.Identity, both); err == nil {
			return both
		}
	}
	return certs
}
