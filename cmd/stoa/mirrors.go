package main

import (
	"context"

	"github.com/stoa-commerce/stoa/gateway"
	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/protocol"
)

// mirrors shows the gateway what the node keeps of other brands.
type mirrors struct{ *node.Node }

var _ gateway.Mirrors = mirrors{}

// Mirror implements gateway.Mirrors.
func (m mirrors) Mirror(ctx context.Context, brand protocol.CID) (gateway.Freshness, error) {
	b, err := m.Node.Mirror(ctx, brand)
	return fresh(b), err
}

// List implements gateway.Mirrors.
func (m mirrors) List(ctx context.Context) ([]gateway.Mirrored, error) {
	all, err := m.Brands(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]gateway.Mirrored, 0, len(all))
	for _, b := range all {
		out = append(out, gateway.Mirrored{
			Brand: b.Brand, Handle: b.Handle, Name: b.Name, Domain: b.Domain, Products: b.Products, Freshness: fresh(b),
		})
	}
	return out, nil
}

func fresh(b node.BrandStatus) gateway.Freshness {
	return gateway.Freshness{State: string(b.State), Reason: b.Reason, Seen: b.LastSeen, Behind: b.Behind}
}
