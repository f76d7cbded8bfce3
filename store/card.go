package store

import (
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// Card is what a list shows of a product.
type Card struct {
	Handle       protocol.Handle      `cbor:"handle" json:"handle"`
	Title        string               `cbor:"title" json:"title"`
	Vendor       string               `cbor:"vendor,omitempty" json:"vendor,omitempty"`
	Kind         string               `cbor:"kind,omitempty" json:"kind,omitempty"`
	Tags         []string             `cbor:"tags,omitempty" json:"tags,omitempty"`
	Picture      *catalog.MediaRef    `cbor:"picture,omitempty" json:"picture,omitempty"`
	Second       *catalog.MediaRef    `cbor:"second,omitempty" json:"second,omitempty"`
	Low          protocol.Money       `cbor:"low" json:"low"`                                 // the lowest price
	High         protocol.Money       `cbor:"high" json:"high"`                               // the highest price
	CompareAt    *protocol.Money      `cbor:"compareAt,omitempty" json:"compareAt,omitempty"` // former price of the variant with the lowest price
	Availability catalog.Availability `cbor:"availability" json:"availability"`               // the best among the offers
	Variants     int                  `cbor:"variants" json:"variants"`
	Published    protocol.Millis      `cbor:"published" json:"published"`
	Updated      protocol.Millis      `cbor:"updated" json:"updated"`
}

// bestFirst orders availability classes for a card.
var bestFirst = []catalog.Availability{
	catalog.InStock, catalog.LowStock, catalog.PreOrder, catalog.BackOrder, catalog.OutOfStock, catalog.Discontinued,
}

// newCard sums up a product that has at least one offer.
func newCard(p *catalog.Product, offers []*catalog.Offer) Card {
	c := Card{
		Handle: p.Handle, Title: p.Title, Vendor: p.Vendor, Kind: p.Kind, Tags: p.Tags,
		Variants: len(offers), Published: p.Published, Updated: p.Updated,
		Picture: mediaAt(p, 0), Second: mediaAt(p, 1),
	}
	best := len(bestFirst)
	for i, o := range offers {
		if i == 0 || o.Price.Minor < c.Low.Minor {
			c.Low, c.CompareAt = o.Price, o.CompareAt
		}
		if i == 0 || o.Price.Minor > c.High.Minor {
			c.High = o.Price
		}
		if rank := slices.Index(bestFirst, o.Availability); rank >= 0 {
			best = min(best, rank)
		}
	}
	c.Availability = bestFirst[min(best, len(bestFirst)-1)]
	return c
}

func mediaAt(p *catalog.Product, i int) *catalog.MediaRef {
	if i >= len(p.Media) {
		return nil
	}
	return &p.Media[i]
}

// offersInOrder returns the offers of the product's own variants, in its order.
// An offer of a variant that the product doesn't name is not shown.
func offersInOrder(p *catalog.Product, offers []*catalog.Offer) []*catalog.Offer {
	byVariant := make(map[protocol.VariantID]*catalog.Offer, len(offers))
	for _, o := range offers {
		byVariant[o.Variant] = o
	}
	out := offers[:0]
	for _, v := range p.Variants {
		if o := byVariant[v.ID]; o != nil {
			out = append(out, o)
		}
	}
	return out
}
