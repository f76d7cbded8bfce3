package shop

import (
	"strings"

	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// card shows a product in a list.
type card struct {
	Title, URL, Maker, Note string
	Initial                 string // stands where the picture would
	Price                   price
	Picture, Second         *picture
	Gone                    bool
	From                    string // who sells it, in a list of several shops
}

// price is an amount as it is shown.
type price struct {
	Now, Was string
	WasWords string // what Was is, for those who don't see it struck through
}

func (v *visit) cards(list []store.Card, firstOnes int) ([]card, error) {
	out := make([]card, 0, len(list))
	for i, c := range list {
		shown, err := v.card(c)
		if err != nil {
			return nil, err
		}
		if shown.Picture != nil && i < firstOnes {
			shown.Picture.First = true
		}
		out = append(out, shown)
	}
	return out, nil
}

func (v *visit) card(c store.Card) (card, error) {
	h := v.house
	out := card{Title: c.Title, URL: h.productURL(c.Handle), Initial: initial(c.Title), Gone: !c.Availability.Buyable()}
	out.Price.Now = h.Money(c.Low)
	if c.High.Minor > c.Low.Minor {
		out.Price.Now = h.Say("from", out.Price.Now)
	}
	if c.CompareAt != nil {
		out.Price.Was, out.Price.WasWords = h.Money(*c.CompareAt), h.Say("was.short")
	}
	if !strings.EqualFold(c.Vendor, h.profile.Name) {
		out.Maker = c.Vendor
	}
	if c.Availability != catalog.InStock && c.Availability != catalog.LowStock {
		out.Note = h.Say("card." + string(c.Availability))
	}
	var err error
	if out.Picture, err = v.picture(c.Picture, cardSizes, cardWidths); err != nil {
		return out, err
	}
	if out.Picture != nil {
		out.Picture.Alt = "" // the title beside it says what it is
		out.Second, err = v.picture(c.Second, cardSizes, cardWidths)
	}
	return out, err
}

// initial is the first letter of a title, in place of a missing picture.
func initial(title string) string {
	for _, r := range title {
		return string(r)
	}
	return ""
}
