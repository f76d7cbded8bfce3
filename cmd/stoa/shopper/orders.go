package shopper

import (
	"context"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// Number is the number that the brand gave an order; 0 before it did.
func (c *Conversation) Number(order protocol.CID) uint64 {
	return c.ledger.Numbers[order]
}

// Country is where the brand sells from.
func (b *Brand) Country(ctx context.Context) (protocol.Country, error) {
	proven, _, err := b.Client.proof(ctx, b.ID, string(catalog.ProfilePath))
	if err != nil || len(proven.Records) != 1 {
		return "", err
	}
	r, err := catalog.Decode(catalog.ProfilePath, proven.Records[0].Data)
	if err != nil {
		return "", err
	}
	if p, ok := r.(*catalog.Profile); ok {
		return p.Country, nil
	}
	return "", nil
}

// Orders are the orders of the conversation by their names: a fold over what the
// brand committed.
func (c *Conversation) Orders() map[protocol.CID]*trade.Order { return c.ledger.Orders }
