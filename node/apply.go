package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stoa-commerce/stoa/node/richtext"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// Applied says what a shop document changed.
type Applied struct {
	Head     catalog.SignedHead
	Changed  bool
	Warnings []string
}

// ApplyShop publishes what a shop document decides. File names in it are resolved
// in the folder images, "" for none. A picture that can't be had is a warning;
// anything else that is wrong refuses the whole document.
func (n *Node) ApplyShop(ctx context.Context, doc ShopDoc, images string) (Applied, error) {
	desk, err := n.pictureDesk(images)
	if err != nil {
		return Applied{}, err
	}
	defer desk.Close()
	a := &applying{n: n, desk: desk, now: n.millis(), failed: map[string]error{}}
	if err := doc.checkCounts(); err != nil {
		return Applied{}, fmt.Errorf("apply: %w", err)
	}
	if err := a.fetch(ctx, doc); err != nil {
		return Applied{}, fmt.Errorf("apply: %w", err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	before, err := n.head(ctx)
	if err != nil {
		return Applied{}, err
	}
	if err := a.document(ctx, doc); err != nil {
		return Applied{}, fmt.Errorf("apply: %w", err)
	}
	head, err := n.publish(ctx, all(a.changes), a.private...)
	if err != nil {
		return Applied{}, fmt.Errorf("apply: %w", err)
	}
	changed := before == nil || head.CID != before.CID || len(a.private) > 0
	return Applied{Head: head, Changed: changed, Warnings: a.warnings}, nil
}

// applying gathers the changes of one document.
type applying struct {
	n        *Node
	desk     *pictureDesk
	now      protocol.Millis
	changes  []store.Change
	private  []func(*store.OwnTxn) error // what is written beside the catalog
	shop     *catalog.Profile            // as it becomes
	warnings []string
	failed   map[string]error // of the pictures named by URL, which are fetched first
}

// fetch fetches the pictures that the document names by URL, so that nobody waits
// for a server while the change is made.
func (a *applying) fetch(ctx context.Context, doc ShopDoc) error {
	var links []string
	for _, source := range doc.pictures() {
		if isURL(source) {
			links = append(links, source)
		}
	}
	return a.desk.takeAll(ctx, links, func(source string, err error) {
		if err != nil {
			a.failed[source] = err
		}
	})
}

func (a *applying) document(ctx context.Context, doc ShopDoc) error {
	steps := []func(context.Context, ShopDoc) error{a.profile, a.terms, a.pages, a.posts, a.collections}
	for _, step := range steps {
		if err := step(ctx, doc); err != nil {
			return err
		}
	}
	return nil
}

func (a *applying) set(r catalog.Record) error {
	c, err := set(r)
	if err != nil {
		return fmt.Errorf("%s: %w", r.Path(), err)
	}
	a.changes = append(a.changes, c)
	return nil
}

// picture returns a reference to a picture by its source; nil with a warning when
// it can't be had.
func (a *applying) picture(ctx context.Context, source, alt string) (*catalog.MediaRef, error) {
	if source == "" {
		return nil, nil
	}
	err := a.failed[source]
	var media *catalog.Media
	if err == nil {
		media, err = a.desk.take(ctx, source)
	}
	if errors.Is(err, ErrNoPicture) {
		a.warnings = append(a.warnings, err.Error())
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &catalog.MediaRef{Blob: media.Blob, Alt: alt}, a.set(media)
}

func (a *applying) profile(ctx context.Context, doc ShopDoc) error {
	var p catalog.Profile
	err := a.n.store.View(ctx, a.n.brand, func(v *store.View) error {
		old, err := v.Profile()
		if err == nil {
			p = *old
		}
		return err
	})
	if err != nil {
		return err
	}
	if doc.Profile != nil {
		if err := a.n.checkCurrency(ctx, p.Currency, doc.Profile.Currency); err != nil {
			return err
		}
		takeProfile(&p, doc.Profile)
	}
	if doc.Menu != nil {
		p.Menu = *doc.Menu
	}
	if doc.Announcement != nil {
		p.Announcement = *doc.Announcement
	}
	if err := a.theme(ctx, &p, doc.Theme); err != nil {
		return err
	}
	if err := a.home(ctx, &p, doc.Home); err != nil {
		return err
	}
	a.shop = &p
	return a.set(&p)
}

// checkCurrency refuses another currency once there are prices: they would stay in
// the old one.
func (n *Node) checkCurrency(ctx context.Context, was, is protocol.Currency) error {
	if is == was {
		return nil
	}
	for p, err := range n.store.OwnProducts(ctx, "") {
		if err != nil {
			return err
		}
		return protocol.Invalid("shop document", "the currency can't become %s: there are products with prices in %s, such as %s", is, was, p.Product.Handle)
	}
	return nil
}

func takeProfile(p *catalog.Profile, d *ProfileDoc) {
	p.Name, p.Tagline, p.Description = d.Name, d.Tagline, d.Description
	p.Language, p.Country, p.Currency = d.Language, d.Country, d.Currency
	p.Email, p.Phone, p.Address = d.Email, d.Phone, d.Address
	p.VATID, p.Since, p.Gateways = d.VATID, d.Since, d.Gateways
}

func (a *applying) theme(ctx context.Context, p *catalog.Profile, d *ThemeDoc) (err error) {
	if d == nil {
		return nil
	}
	p.Theme = d.Theme
	p.Logo, err = a.picture(ctx, d.Logo, d.LogoAlt)
	return err
}

func (a *applying) home(ctx context.Context, p *catalog.Profile, d *HomeDoc) (err error) {
	if d == nil {
		return nil
	}
	p.Home = catalog.Home{}
	if p.Home.Hero, err = a.story(ctx, d.Hero); err != nil {
		return err
	}
	for _, s := range d.Sections {
		section := catalog.Section{Collection: s.Collection, Title: s.Title}
		if section.Story, err = a.story(ctx, s.Story); err != nil {
			return err
		}
		p.Home.Sections = append(p.Home.Sections, section)
	}
	return nil
}

func (a *applying) story(ctx context.Context, d *StoryDoc) (*catalog.Story, error) {
	if d == nil {
		return nil, nil
	}
	picture, err := a.picture(ctx, d.Picture, d.Alt)
	return &catalog.Story{Title: d.Title, Text: d.Text, Picture: picture, Link: d.Link}, err
}

func (a *applying) pages(ctx context.Context, doc ShopDoc) error {
	if doc.Pages == nil {
		return nil
	}
	kept := map[protocol.Path]bool{}
	for _, d := range *doc.Pages {
		page := &catalog.Page{Header: header(catalog.TypePage), Handle: d.Handle, Kind: d.Kind, Title: d.Title, Body: richtext.Sanitize(d.Body), Updated: a.now}
		if page.Kind == "" {
			page.Kind = "page"
		}
		if err := a.keepUpdated(ctx, page); err != nil {
			return err
		}
		if kept[page.Path()] {
			return protocol.Invalid("shop document", "two pages have the handle %q", d.Handle)
		}
		kept[page.Path()] = true
		if err := a.set(page); err != nil {
			return err
		}
	}
	return a.removeOthers(ctx, kept, func(v *store.View) ([]protocol.Path, error) { return pathsOf(v.Pages()) })
}

// keepUpdated leaves the date of a page that says the same as before.
func (a *applying) keepUpdated(ctx context.Context, page *catalog.Page) error {
	err := a.n.store.View(ctx, a.n.brand, func(v *store.View) error {
		old, err := v.Page(page.Handle)
		if err != nil {
			return err
		}
		same := *page
		same.Updated = old.Updated
		if same == *old {
			page.Updated = old.Updated
		}
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

func (a *applying) posts(ctx context.Context, doc ShopDoc) error {
	if doc.Posts == nil {
		return nil
	}
	kept := map[protocol.Path]bool{}
	for _, d := range *doc.Posts {
		post := &catalog.Post{Header: header(catalog.TypePost), Handle: d.Handle, Title: d.Title, Summary: d.Summary, Body: richtext.Sanitize(d.Body)}
		var err error
		if post.Date, err = parseDate(d.Date); err != nil {
			return fmt.Errorf("post %q: %w", d.Handle, err)
		}
		if post.Picture, err = a.picture(ctx, d.Picture, d.Alt); err != nil {
			return err
		}
		if kept[post.Path()] {
			return protocol.Invalid("shop document", "two posts have the handle %q", d.Handle)
		}
		kept[post.Path()] = true
		if err := a.set(post); err != nil {
			return err
		}
	}
	return a.removeOthers(ctx, kept, func(v *store.View) ([]protocol.Path, error) { return pathsOf(v.Posts(0, maxParts)) })
}

func (a *applying) collections(ctx context.Context, doc ShopDoc) error {
	if doc.Collections == nil {
		return nil
	}
	kept := map[protocol.Path]bool{}
	for _, d := range *doc.Collections {
		c := &catalog.Collection{Header: header(catalog.TypeCollection), Handle: d.Handle, Title: d.Title, Description: richtext.Sanitize(d.Description), Products: d.Products, Rule: d.Rule}
		var err error
		if c.Picture, err = a.picture(ctx, d.Picture, d.Alt); err != nil {
			return err
		}
		if kept[c.Path()] {
			return protocol.Invalid("shop document", "two collections have the handle %q", d.Handle)
		}
		kept[c.Path()] = true
		if err := a.set(c); err != nil {
			return err
		}
	}
	return a.removeOthers(ctx, kept, func(v *store.View) ([]protocol.Path, error) { return pathsOf(v.Collections()) })
}

// removeOthers removes the records that the shop has and the document doesn't.
func (a *applying) removeOthers(ctx context.Context, kept map[protocol.Path]bool, list func(*store.View) ([]protocol.Path, error)) error {
	return a.n.store.View(ctx, a.n.brand, func(v *store.View) error {
		paths, err := list(v)
		for _, p := range paths {
			if !kept[p] {
				a.changes = append(a.changes, store.Change{Path: p})
			}
		}
		return err
	})
}

func pathsOf[R catalog.Record](list []R, err error) ([]protocol.Path, error) {
	var out []protocol.Path
	for _, r := range list {
		out = append(out, r.Path())
	}
	return out, err
}

func header(t catalog.Type) catalog.Header { return catalog.Header{Type: t, V: catalog.Version} }

func parseDate(s string) (protocol.Millis, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return protocol.MillisOf(t), nil
		}
	}
	return 0, protocol.Invalid("date", "%q is neither 2026-10-02 nor RFC 3339", s)
}
