package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// Goods are made up from their number, the same in every run: most have one to
// three variants, a picture and a description of some hundred bytes; each
// hundredth, number 0 among them, has 24 variants, six pictures and a long text.
const richEvery = 100

func rich(i int) bool { return i%richEvery == 0 }

func handleOf(i int) protocol.Handle { return protocol.Handle(fmt.Sprintf("thing-%06d", i)) }

func variantOf(i, j int) protocol.VariantID {
	return protocol.VariantID(fmt.Sprintf("thing-%06d-%02d", i, j+1))
}

var (
	colours  = []string{"Chalk", "Clay", "Ink", "Moss", "Rust", "Sand"}
	sizesOf  = []string{"S", "M", "L", "XL"}
	makers   = []string{"Aldergate", "Brönnum", "Casa Lume", "Dovetail & Daughters", "Estuary Works", "Fernhill", "Grauwacke", "Halvorsen"}
	kinds    = []string{"Shirt", "Lamp", "Bowl", "Notebook", "Blanket", "Kettle", "Stool", "Satchel", "Candle", "Apron"}
	stuffs   = []string{"linen", "oak", "stoneware", "brass", "wool", "enamel", "ash", "leather", "beeswax", "cotton"}
	vocables = strings.Fields(`a about after all also and any are as at back because been before both but by can close come
		cut day does down each edge end every feels fine finish first five for form from full gives good grain hand has heavy
		held her his holds in inside into is it its keep kept last leaves less lies light like long made maker many may more
		most much never new no not of off old on once one only or other our out over own part piece plain quiet rather same
		season set several she side simple slow small so soft some stays still such surface takes than that the their them
		there these they thick thin this those three through time to turns two under use used very warm was wash water wears
		weight well when where which while who will with without wood work workshop worn year years you your`)
)

// randomOf returns the source of what product i is like.
func randomOf(i int) *rand.Rand { return rand.New(rand.NewPCG(20, uint64(i))) }

// ownProduct returns what the brand knows of product i.
func ownProduct(i int, now time.Time) *store.OwnProduct {
	rnd := randomOf(i)
	p := &store.OwnProduct{Status: store.Active}
	kind, stuff := rnd.IntN(len(kinds)), rnd.IntN(len(stuffs))
	published := protocol.MillisOf(now.Add(-time.Duration(i) * time.Minute))
	p.Product = catalog.Product{
		Header: catalog.HeaderOf(catalog.TypeProduct), Handle: handleOf(i),
		Title:  fmt.Sprintf("%s %s no. %d", strings.ToUpper(stuffs[stuff][:1])+stuffs[stuff][1:], strings.ToLower(kinds[kind]), i),
		Vendor: makers[rnd.IntN(len(makers))], Kind: kinds[kind], Tags: []string{stuffs[stuff], "season-" + fmt.Sprint(1+rnd.IntN(4))},
		Description: description(rnd, rich(i)), Published: published, Updated: published,
	}
	for k := range picturesOf(i) {
		p.Pictures = append(p.Pictures, store.PictureRef{Source: pictureSource(i, k), Alt: p.Product.Title})
		p.Product.Media = append(p.Product.Media, catalog.MediaRef{Blob: picture(i, k).Blob, Alt: p.Product.Title})
	}
	addVariants(p, i, rnd)
	return p
}

func description(rnd *rand.Rand, long bool) string {
	var b strings.Builder
	paragraphs := 2
	if long {
		paragraphs = 8
	}
	for range paragraphs {
		b.WriteString("<p>")
		for s := range 4 {
			if s > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(sentence(rnd))
		}
		b.WriteString("</p>")
	}
	return b.String()
}

func sentence(rnd *rand.Rand) string {
	var list []string
	for range 8 + rnd.IntN(10) {
		list = append(list, vocables[rnd.IntN(len(vocables))])
	}
	list[0] = strings.ToUpper(list[0][:1]) + list[0][1:]
	return strings.Join(list, " ") + "."
}

// addVariants gives the product its variants with options, prices and stock.
func addVariants(p *store.OwnProduct, i int, rnd *rand.Rand) {
	hues, lengths := variantGrid(i)
	if len(hues)*len(lengths) > 1 {
		p.Product.Options = []catalog.Option{{Name: "Colour", Values: hues}, {Name: "Size", Values: lengths}}
	}
	base := 500 + rnd.Int64N(20_000)
	for _, hue := range hues {
		for _, length := range lengths {
			v := catalog.Variant{ID: variantOf(i, len(p.Variants)), SKU: fmt.Sprintf("T%06d-%02d", i, len(p.Variants)+1), Grams: 100 + rnd.Int64N(900)}
			if p.Product.Options != nil {
				v.Options = []string{hue, length}
			}
			p.Product.Variants = append(p.Product.Variants, v)
			p.Variants = append(p.Variants, ownVariant(v.ID, base+rnd.Int64N(500), rnd))
		}
	}
}

// variantGrid returns the values of the product's two options.
func variantGrid(i int) (hues, lengths []string) {
	if rich(i) {
		return colours, sizesOf
	}
	return colours[:1], sizesOf[:1+i%3]
}

func ownVariant(id protocol.VariantID, minor int64, rnd *rand.Rand) store.OwnVariant {
	cost := protocol.NewMoney(minor/2, currency)
	v := store.OwnVariant{
		ID: id, Price: protocol.NewMoney(minor, currency), TaxClass: catalog.TaxStandard, Cost: &cost,
		Stock: store.Stock{Tracked: true, OnHand: rnd.Int64N(40)},
	}
	if rnd.IntN(5) == 0 {
		former := protocol.NewMoney(minor+minor/4, currency)
		v.CompareAt = &former
	}
	return v
}

func picturesOf(i int) int {
	if rich(i) {
		return 6
	}
	return 1
}

func pictureSource(i, k int) string {
	return fmt.Sprintf("https://pictures.example/thing-%06d-%d.jpg", i, k+1)
}

// picture returns the manifest of a product's picture. There is no file behind it.
func picture(i, k int) *catalog.Media {
	return &catalog.Media{
		Header: catalog.HeaderOf(catalog.TypeMedia), Blob: protocol.Sum(protocol.Raw, []byte(pictureSource(i, k))),
		MIME: "image/jpeg", Size: 240_000, Width: 1600, Height: 2000, Color: fmt.Sprintf("#%06x", (i*2654435761+k)&0xffffff),
	}
}

// records are what shoppers see of a product: what the node projects.
func records(p *store.OwnProduct, i int) []catalog.Record {
	out := []catalog.Record{&p.Product}
	for _, v := range p.Variants {
		out = append(out, &catalog.Offer{
			Header: catalog.HeaderOf(catalog.TypeOffer), Product: p.Product.Handle, Variant: v.ID, Price: v.Price,
			CompareAt: v.CompareAt, Availability: node.Availability(v.Stock), TaxClass: v.TaxClass,
		})
	}
	for k := range p.Pictures {
		out = append(out, picture(i, k))
	}
	return out
}
