package shop

import (
	"html/template"
	"unicode/utf8"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

type productData struct {
	*house
	Handle                protocol.Handle
	Title, Maker, Initial string
	LongTitle             bool
	Gallery               []galleryPicture
	Chosen                variantData
	Picker                []option
	Variants              template.JS // all variants, for the scripts
	TaxNote               string
	DeliveryNote, Terms   string // Terms is the address of the shipping page
	AskURL, BuyURL        template.URL
	BuyWords              string
	Body                  template.HTML
	Facts                 []fact
	Signature             signature
	Browse                string // why nothing can be bought; "" when it can
}

type galleryPicture struct {
	*picture
	Thumb *picture
	ID    string // of its element: p1, p2…
	Label string
	Shown bool
}

// goods is a product with its offers by variant.
type goods struct {
	*catalog.Product
	offers map[protocol.VariantID]*catalog.Offer
}

func (g goods) buyable(v *catalog.Variant) bool {
	o := g.offers[v.ID]
	return o != nil && o.Availability.Buyable()
}

// choose finds the variant asked for, else the first that can be bought, else the
// first.
func (g goods) choose(id protocol.VariantID) *catalog.Variant {
	var best *catalog.Variant
	for i := range g.Variants {
		v := &g.Variants[i]
		if v.ID == id {
			return v
		}
		if best == nil || !g.buyable(best) && g.buyable(v) {
			best = v
		}
	}
	return best
}

// isLong tells whether a title needs smaller letters: past 50 columns, in which
// Chinese characters and their like take two.
func isLong(title string) bool {
	columns := utf8.RuneCountInString(title)
	for _, r := range title {
		if r >= 0x1100 {
			columns++
		}
	}
	return columns > 50
}

func (v *visit) product(r Request) (Answer, error) {
	p, offers, err := v.view.Product(protocol.Handle(r.Name))
	if err != nil {
		return Answer{}, err
	}
	g := goods{p, map[protocol.VariantID]*catalog.Offer{}}
	for _, o := range offers {
		g.offers[o.Variant] = o
	}
	d, err := v.productData(g, g.choose(r.Choice))
	if err != nil {
		return Answer{}, err
	}
	return v.render(v.productLayout(g, offers, d), "product", d)
}

func (v *visit) productData(g goods, chosen *catalog.Variant) (*productData, error) {
	d := &productData{
		house: v.house, Handle: g.Handle, Title: g.Title, Maker: g.Vendor, Initial: initial(g.Title), LongTitle: isLong(g.Title),
		Body: v.house.rich(g.Description, productPath(g.Handle)), Facts: v.facts(g, chosen), Signature: v.signature(g.Product),
	}
	if g.Vendor == v.house.profile.Name {
		d.Maker = ""
	}
	d.Chosen = v.variant(g, chosen)
	d.TaxNote, d.DeliveryNote, d.Terms = v.priceNotes(g, chosen)
	d.AskURL, d.BuyURL = v.talkAbout("about", g.Product, chosen), v.talkAbout("buy", g.Product, chosen)
	d.BuyWords = v.house.Say("buy")
	if v.mark.State == Stale {
		d.BuyWords = v.house.Say("buy.request")
	}
	if v.mark.Browse() {
		d.AskURL, d.BuyURL, d.Browse = "", "", v.house.Say("mark."+string(v.mark.State)+".buy")
	}
	var err error
	if d.Gallery, err = v.gallery(g.Product, chosen); err != nil {
		return nil, err
	}
	if len(g.Variants) > 1 {
		d.Picker, err = v.picker(g, chosen)
	}
	d.Variants = v.variants(g)
	return d, err
}

// gallery shows the chosen variant's picture first. Elements keep the picture's
// own number, so that the script finds it wherever it stands.
func (v *visit) gallery(p *catalog.Product, chosen *catalog.Variant) ([]galleryPicture, error) {
	var out []galleryPicture
	for i := range p.Media {
		large, err := v.picture(&p.Media[i], largeSizes, largeWidths)
		if err != nil {
			return nil, err
		}
		if large == nil {
			continue
		}
		if large.Alt == "" {
			large.Alt = p.Title
		}
		thumb, err := v.picture(&p.Media[i], thumbSizes, thumbWidths)
		if err != nil {
			return nil, err
		}
		thumb.Alt = ""
		n := v.house.Number(int64(i + 1))
		g := galleryPicture{picture: large, Thumb: thumb, ID: "p" + itoa(i+1), Label: v.house.Say("gallery.picture", n, v.house.Number(int64(len(p.Media))))}
		if i+1 == chosen.Media {
			out = append([]galleryPicture{g}, out...)
			continue
		}
		out = append(out, g)
	}
	if len(out) > 0 {
		out[0].First, out[0].Shown = true, true
	}
	return out, nil
}

// talkAbout opens the conversation with the brand on a variant of the product.
func (v *visit) talkAbout(what string, p *catalog.Product, chosen *catalog.Variant) template.URL {
	return template.URL(v.house.TalkURL() + "?" + what + "=" + string(p.Handle) + "&variant=" + string(chosen.ID))
}

func (v *visit) productLayout(g goods, offers []*catalog.Offer, d *productData) *layout {
	l := v.layout(g.Title, productPath(g.Handle))
	if g.SEO.Title != "" {
		l.Title = g.SEO.Title
	}
	words := plain(g.Description, 2000)
	if l.About = g.SEO.Description; l.About == "" {
		l.About = shorten(words, 160)
	}
	l.Kind = "product"
	if len(d.Gallery) > 0 {
		l.Image = v.absolute(d.Gallery[0].Blob)
	}
	if v.mark.Browse() {
		return l // no offer to those who collect offers
	}
	if o := g.offers[d.Chosen.ID]; o != nil {
		l.ProductPrice = &offerMeta{o.Price.Decimal(), string(o.Price.Currency)}
	}
	l.Data = jsonData(catalog.JSONLD(g.Product, offers, catalog.ProductPage{
		URL: l.Canonical, Brand: v.house.profile.Name, Description: words, Picture: v.absolute,
	}))
	return l
}
