package node

import (
	"context"
	"time"

	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// Shop returns what the brand decided about itself, as a document that ApplyShop
// takes without change. Pictures are named by their identifiers.
func (n *Node) Shop(ctx context.Context) (doc ShopDoc, err error) {
	var p *catalog.Profile
	err = n.store.View(ctx, n.brand, func(v *store.View) error {
		if p, err = v.Profile(); err != nil {
			return err
		}
		doc = profileDocs(p)
		return errorsOf(showPages(v, &doc), showPosts(v, &doc), showCollections(v, &doc))
	})
	if err != nil {
		return doc, err
	}
	t, err := n.terms(ctx, p.Currency, p.Country)
	if err == nil {
		doc.TermsDoc = showTerms(t)
	}
	return doc, err
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func profileDocs(p *catalog.Profile) ShopDoc {
	menu := append([]catalog.Link{}, p.Menu...)
	theme := ThemeDoc{Theme: p.Theme}
	theme.Logo, theme.LogoAlt = pictureDoc(p.Logo)
	home := HomeDoc{Hero: storyDoc(p.Home.Hero)}
	for _, s := range p.Home.Sections {
		home.Sections = append(home.Sections, SectionDoc{Collection: s.Collection, Title: s.Title, Story: storyDoc(s.Story)})
	}
	return ShopDoc{
		Profile: &ProfileDoc{
			Name: p.Name, Tagline: p.Tagline, Description: p.Description,
			Language: p.Language, Country: p.Country, Currency: p.Currency,
			Email: p.Email, Phone: p.Phone, Address: p.Address,
			VATID: p.VATID, Since: p.Since, Gateways: p.Gateways,
		},
		Theme: &theme, Home: &home, Menu: &menu, Announcement: &p.Announcement,
	}
}

func pictureDoc(ref *catalog.MediaRef) (source, alt string) {
	if ref == nil {
		return "", ""
	}
	return ref.Blob.String(), ref.Alt
}

func storyDoc(s *catalog.Story) *StoryDoc {
	if s == nil {
		return nil
	}
	d := &StoryDoc{Title: s.Title, Text: s.Text, Link: s.Link}
	d.Picture, d.Alt = pictureDoc(s.Picture)
	return d
}

func showPages(v *store.View, doc *ShopDoc) error {
	pages, err := v.Pages()
	out := []PageDoc{}
	for _, p := range pages {
		out = append(out, PageDoc{Handle: p.Handle, Kind: p.Kind, Title: p.Title, Body: p.Body})
	}
	doc.Pages = &out
	return err
}

func showPosts(v *store.View, doc *ShopDoc) error {
	posts, err := v.Posts(0, maxParts)
	out := []PostDoc{}
	for _, p := range posts {
		d := PostDoc{Handle: p.Handle, Title: p.Title, Date: p.Date.Time().Format(time.RFC3339Nano), Summary: p.Summary, Body: p.Body}
		d.Picture, d.Alt = pictureDoc(p.Picture)
		out = append(out, d)
	}
	doc.Posts = &out
	return err
}

func showCollections(v *store.View, doc *ShopDoc) error {
	collections, err := v.Collections()
	out := []CollectionDoc{}
	for _, c := range collections {
		d := CollectionDoc{Handle: c.Handle, Title: c.Title, Description: c.Description, Products: c.Products, Rule: c.Rule}
		d.Picture, d.Alt = pictureDoc(c.Picture)
		out = append(out, d)
	}
	doc.Collections = &out
	return err
}
