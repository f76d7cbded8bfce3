package node

import (
	"math/big"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// lowStock is the quantity from which on shoppers read that little is left.
const lowStock = 3

// project returns the records that shoppers may see of a product: nothing of a
// draft, and never cost, quantity or policy.
func project(p *store.OwnProduct) ([]store.Change, error) {
	if p.Status != store.Active {
		return nil, nil
	}
	product := p.Product
	product.Header = header(catalog.TypeProduct)
	c, err := set(&product)
	if err != nil {
		return nil, err
	}
	out := []store.Change{c}
	for _, v := range p.Variants {
		c, err := set(offer(&product, v))
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func set(r catalog.Record) (store.Change, error) {
	b, err := catalog.Encode(r)
	return store.Change{Path: r.Path(), Record: b}, err
}

func offer(p *catalog.Product, v store.OwnVariant) *catalog.Offer {
	left := v.Stock
	left.OnHand -= v.Held
	return &catalog.Offer{
		Header:  header(catalog.TypeOffer),
		Product: p.Handle, Variant: v.ID, Price: v.Price, CompareAt: former(v),
		UnitPrice: unitPrice(p, v), Availability: Availability(left), TaxClass: v.TaxClass,
	}
}

// former returns the former price if it is one: above the price.
func former(v store.OwnVariant) *protocol.Money {
	if v.CompareAt == nil || v.CompareAt.Minor <= v.Price.Minor {
		return nil
	}
	return v.CompareAt
}

// Availability returns the class that shoppers see of a stock.
func Availability(s store.Stock) catalog.Availability {
	switch {
	case !s.Tracked || s.OnHand > lowStock:
		return catalog.InStock
	case s.OnHand > 0:
		return catalog.LowStock
	case s.Oversell:
		return catalog.BackOrder
	}
	return catalog.OutOfStock
}

// unitPrice returns the price of the base amount, rounded half up, when the
// variant's content is known in the same unit and the price isn't beyond all
// bounds.
func unitPrice(p *catalog.Product, v store.OwnVariant) *catalog.UnitPrice {
	if v.UnitBase == nil {
		return nil
	}
	for _, pv := range p.Variants {
		if pv.ID != v.ID || pv.Measure == nil || pv.Measure.Milli == 0 {
			continue
		}
		content, ok := inUnit(*pv.Measure, v.UnitBase.Unit)
		if !ok {
			return nil
		}
		price, ok := perBase(v.Price, v.UnitBase.Milli, content)
		if !ok {
			return nil
		}
		return &catalog.UnitPrice{Price: price, Per: *v.UnitBase}
	}
	return nil
}

// perBase returns price × base ÷ content, rounded half up, for content given as a
// fraction of thousandths of the base's unit; false when it is beyond MaxPrice.
func perBase(price protocol.Money, base int64, content *big.Rat) (protocol.Money, bool) {
	x := new(big.Rat).SetInt64(price.Minor)
	x.Mul(x, new(big.Rat).SetInt64(base))
	x.Quo(x, content)
	x.Add(x, big.NewRat(1, 2))
	minor := new(big.Int).Div(x.Num(), x.Denom())
	if !minor.IsInt64() || minor.Int64() > catalog.MaxPrice {
		return protocol.Money{}, false
	}
	return protocol.NewMoney(minor.Int64(), price.Currency), true
}

// scale gives each unit as a dimension and how many of its base it holds.
var scale = map[string]struct {
	dimension string
	factor    *big.Rat
}{
	"ml": {"volume", big.NewRat(1, 1)}, "cl": {"volume", big.NewRat(10, 1)}, "l": {"volume", big.NewRat(1000, 1)}, "m3": {"volume", big.NewRat(1_000_000, 1)},
	"mg": {"mass", big.NewRat(1, 1000)}, "g": {"mass", big.NewRat(1, 1)}, "kg": {"mass", big.NewRat(1000, 1)},
	"mm": {"length", big.NewRat(1, 1)}, "cm": {"length", big.NewRat(10, 1)}, "m": {"length", big.NewRat(1000, 1)},
	"m2": {"area", big.NewRat(1, 1)}, "pc": {"count", big.NewRat(1, 1)},
}

// inUnit converts a quantity to thousandths of another unit of its dimension.
func inUnit(q catalog.Quantity, unit string) (*big.Rat, bool) {
	from, ok := scale[q.Unit]
	to, ok2 := scale[unit]
	if !ok || !ok2 || from.dimension != to.dimension {
		return nil, false
	}
	x := new(big.Rat).SetInt64(q.Milli)
	x.Mul(x, from.factor)
	return x.Quo(x, to.factor), true
}

// replace returns the changes that bring the catalog from what a product was to
// what it is; either may be nil. Records that only the old one had are removed.
func replace(was, is *store.OwnProduct) ([]store.Change, error) {
	var out []store.Change
	var err error
	if is != nil {
		if out, err = project(is); err != nil {
			return nil, err
		}
	}
	stays := map[protocol.Path]bool{}
	for _, c := range out {
		stays[c.Path] = true
	}
	for _, path := range paths(was) {
		if !stays[path] {
			out = append(out, store.Change{Path: path})
		}
	}
	return out, nil
}

// paths lists where the records of a product stand.
func paths(p *store.OwnProduct) []protocol.Path {
	if p == nil || p.Status != store.Active {
		return nil
	}
	out := []protocol.Path{catalog.ProductPath(p.Product.Handle)}
	for _, v := range p.Variants {
		out = append(out, catalog.OfferPath(p.Product.Handle, v.ID))
	}
	return out
}
