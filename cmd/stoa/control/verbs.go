package control

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// None is a request or result without content.
type None struct{}

// Product is a product as stoa products lists it.
type Product struct {
	Handle   protocol.Handle `json:"handle"`
	Title    string          `json:"title"`
	Status   store.Status    `json:"status"`
	Variants []Variant       `json:"variants"`
}

// Variant is a variant as stoa products lists it. Price is a decimal in major
// units.
type Variant struct {
	ID           protocol.VariantID   `json:"id"`
	Options      []string             `json:"options,omitempty"`
	SKU          string               `json:"sku"`
	Price        string               `json:"price"`
	Currency     protocol.Currency    `json:"currency"`
	Availability catalog.Availability `json:"availability"`
}

// ProductsQuery asks for products; Query "" is all.
type ProductsQuery struct{ Query string }

// partSize is how many variants a part of a list holds, more or less.
const partSize = 1000

// products answers in parts, so that a list of any length takes little memory.
func (s server) products(w http.ResponseWriter, r *http.Request) {
	var q ProductsQuery
	err := read(w, r, &q)
	out := list{out: s.prompt(w, r)}
	if err == nil {
		err = s.list(r.Context(), q.Query, &out)
	}
	answer(out.out, None{}, err)
}

func (s server) list(ctx context.Context, query string, out *list) error {
	for p, err := range s.n.OwnProducts(ctx) {
		if err == nil && mentions(p, query) {
			err = out.add(product(p))
		}
		if err != nil {
			return err
		}
	}
	return out.send()
}

// list gathers products and sends them part by part.
type list struct {
	out      io.Writer
	part     []Product
	variants int
}

func (l *list) add(p Product) error {
	l.part = append(l.part, p)
	if l.variants += len(p.Variants); l.variants < partSize {
		return nil
	}
	return l.send()
}

func (l *list) send() error {
	raw, err := json.Marshal(l.part)
	if err != nil {
		return err
	}
	line, err := json.Marshal(reply{Part: raw})
	if err != nil {
		return err
	}
	l.part, l.variants = l.part[:0], 0
	_, err = l.out.Write(append(line, '\n'))
	return err
}

// mentions reports whether a product's title, handle, identifiers or SKUs hold
// every word of the query.
func mentions(p *store.OwnProduct, query string) bool {
	text := p.Product.Title + " " + string(p.Product.Handle)
	for _, v := range p.Product.Variants {
		text += " " + string(v.ID) + " " + v.SKU
	}
	text = strings.ToLower(text)
	for _, word := range strings.Fields(strings.ToLower(query)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

func product(p *store.OwnProduct) Product {
	out := Product{Handle: p.Product.Handle, Title: p.Product.Title, Status: p.Status}
	for i, own := range p.Variants {
		v := p.Product.Variants[i]
		out.Variants = append(out.Variants, Variant{
			ID: own.ID, Options: v.Options, SKU: v.SKU,
			Price: own.Price.Decimal(), Currency: own.Price.Currency, Availability: node.Availability(own.Stock),
		})
	}
	return out
}

// PriceQuery sets a variant's price to a decimal in its currency.
type PriceQuery struct{ Variant, Amount string }

// HeadResult is the head that a change led to.
type HeadResult struct {
	Head Tip `json:"head"`
}

func (s server) price(ctx context.Context, q PriceQuery) (HeadResult, error) {
	id, err := protocol.ParseVariantID(q.Variant)
	if err != nil {
		return HeadResult{}, err
	}
	head, err := s.n.SetPrice(ctx, id, q.Amount)
	return HeadResult{tip(head)}, err
}

// ApplyQuery is a shop document with the folder its pictures are in.
type ApplyQuery struct {
	Document node.ShopDoc
	Images   string
}

// ApplyResult says what applying a document did.
type ApplyResult struct {
	Changed  bool     `json:"changed"`
	Warnings []string `json:"warnings"`
	Head     Tip      `json:"head"`
}

func (s server) apply(ctx context.Context, q ApplyQuery) (ApplyResult, error) {
	a, err := s.n.ApplyShop(ctx, q.Document, q.Images)
	return ApplyResult{Changed: a.Changed, Warnings: append([]string{}, a.Warnings...), Head: tip(a.Head)}, err
}

func (s server) show(ctx context.Context, _ None) (node.ShopDoc, error) { return s.n.Shop(ctx) }

// ProofQuery asks for a proof bundle.
type ProofQuery struct{ Path string }

// ProofResult is an encoded proof bundle in hex, and whether it proves presence.
type ProofResult struct{ Bundle string }

func (s server) proof(ctx context.Context, q ProofQuery) (out ProofResult, err error) {
	path, err := protocol.ParsePath(q.Path)
	if err != nil {
		return out, err
	}
	err = s.n.Store().View(ctx, s.n.Brand(), func(v *store.View) error {
		b, err := v.Bundle(path)
		out.Bundle = hex.EncodeToString(b)
		return err
	})
	return out, err
}

func (s server) status(ctx context.Context, _ None) (node.Status, error) { return s.n.Status(ctx) }

// NoticeQuery shows the node a signed head in hex.
type NoticeQuery struct{ Head string }

// NoticeResult says whether the head is of the node's own brand and was signed
// elsewhere.
type NoticeResult struct{ Alarm bool }

func (s server) notice(ctx context.Context, q NoticeQuery) (NoticeResult, error) {
	raw, err := hex.DecodeString(q.Head)
	if err != nil {
		return NoticeResult{}, err
	}
	head, err := catalog.DecodeHead(raw)
	if err != nil {
		return NoticeResult{}, err
	}
	err = s.n.Notice(ctx, head)
	if errors.Is(err, node.ErrAlarm) {
		return NoticeResult{Alarm: true}, nil
	}
	return NoticeResult{}, err
}

func (s server) silence(ctx context.Context, _ None) (HeadResult, error) {
	head, err := s.n.Silence(ctx)
	return HeadResult{tip(head)}, err
}
