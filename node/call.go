package node

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stoa-commerce/stoa/node/notify"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/store"
)

// call is one message to one person, by one or two ways.
type call struct {
	why      notify.Occasion
	facts    notify.Facts
	language protocol.Language
	thread   protocol.CID
	about    unsent
	id       string
	to       string // e-mail address, "" without a letter
	replyTo  string
	push     *notify.Subscription
}

// unsent is the body of a notice, with the ways that are done.
type unsent struct {
	Entry  protocol.CID `cbor:"entry"`
	Kind   string       `cbor:"kind"` // of the entry
	Mailed bool         `cbor:"mailed,omitempty"`
	Pushed bool         `cbor:"pushed,omitempty"`
}

// compose reads what a notice is about.
func (c *caller) compose(ctx context.Context, notice *store.Notice) (*call, error) {
	out := &call{why: notify.Occasion(notice.Kind), thread: notice.Thread}
	if err := protocol.Unmarshal(notice.Body, &out.about); err != nil {
		return out, fmt.Errorf("%w: %w", errUncalled, err)
	}
	out.id = strconv.FormatUint(notice.ID, 10) + "." + out.about.Entry.String()[8:24]
	if err := c.store.View(ctx, c.brand, func(v *store.View) error { return out.brand(v) }); err != nil {
		return out, err
	}
	return out, c.store.Desk(ctx, func(d *store.DeskView) error {
		if err := out.order(d); err != nil {
			return err
		}
		if out.why == notify.ShopOrder || out.why == notify.ShopMessage {
			return out.owner()
		}
		return out.shopper(ctx, d, c)
	})
}

func (o *call) brand(v *store.View) error {
	p, err := v.Profile()
	if err != nil {
		return err
	}
	o.language, o.replyTo = p.Language, p.Email
	o.facts.Brand, o.facts.Seller = p.Name, seller(p)
	return nil
}

// seller is who sells, as letters must say.
func seller(p *catalog.Profile) []string {
	lines := []string{p.Name}
	if a := p.Address; a != nil {
		if a.Company != "" && a.Company != p.Name {
			lines = append(lines, a.Company)
		}
		lines = append(lines, a.Street, strings.TrimSpace(a.PostalCode+" "+a.City), string(a.Country))
	}
	lines = append(lines, p.Email, p.Phone, p.VATID)
	return slices.DeleteFunc(lines, func(s string) bool { return s == "" })
}

// order finds the order that the entry speaks of, if it speaks of one.
func (o *call) order(d *store.DeskView) error {
	id := o.about.Entry
	if o.about.Kind != thread.KindOrder {
		e, err := d.EntryByID(o.thread, id)
		switch {
		case err != nil:
			return err
		case e.Body == nil:
			return errUncalled // it was erased
		}
		body, err := thread.DecodeBody(e.Kind, e.Body)
		if err != nil {
			return err
		}
		var ok bool
		if id, ok = thread.OrderOf(body); !ok {
			return nil
		}
	}
	order, err := d.Order(id)
	if err != nil {
		return err
	}
	o.facts.Number, o.facts.Total = strconv.FormatUint(order.Number, 10), order.Total.Decimal()+" "+string(order.Total.Currency)
	return nil
}

// owner calls the brand's own people, at the address that the profile shows.
func (o *call) owner() error {
	if o.to = o.replyTo; o.to == "" {
		return errUncalled
	}
	o.replyTo, o.facts.Link = "", "stoa inbox"
	if o.why == notify.ShopOrder {
		o.facts.Link = "stoa order " + o.facts.Number
	}
	return nil
}

func (o *call) shopper(ctx context.Context, d *store.DeskView, c *caller) error {
	t, err := d.Thread(o.thread)
	if err != nil {
		return err
	}
	if len(t.Callback) == 0 {
		return errUncalled
	}
	body, err := thread.DecodeBody(thread.KindCallback, t.Callback)
	if err != nil {
		return fmt.Errorf("%w: %w", errUncalled, err)
	}
	wish := body.(*thread.Callback)
	o.to = wish.Email
	if p := wish.Push; p != nil {
		o.push = &notify.Subscription{Endpoint: p.Endpoint, Key: p.P256dh, Auth: p.Auth}
	}
	o.facts.Link = c.link(wish, o.thread)
	terms, err := c.Sales().Terms(ctx)
	if err != nil {
		return err
	}
	o.facts.ReturnDays, o.facts.ReturnText = int(terms.Returns.Days), terms.Returns.Text
	return nil
}

// link is the private link of a letter. It leads to the gateway that the shopper came
// from only where that is the brand's own: a stranger could name any page, to have the
// brand's mail lead there.
func (c *caller) link(wish *thread.Callback, id protocol.CID) string {
	base := c.o.Shop
	if c.ownGateway(wish.Gateway) {
		base = wish.Gateway
	}
	if base == "" || len(wish.Link) != len(thread.Link{}.Seed) {
		return ""
	}
	return thread.Link{Kind: thread.LinkDevice, Seed: [32]byte(wish.Link), Thread: id}.URL(base, c.brand.String())
}

// ownGateway reports whether the profile names a gateway, or it is the shop's address.
func (c *caller) ownGateway(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	own := []string{c.o.Shop}
	_ = c.store.View(context.Background(), c.brand, func(v *store.View) error {
		p, err := v.Profile()
		if err == nil {
			own = append(own, p.Gateways...)
		}
		return err
	})
	return slices.ContainsFunc(own, func(g string) bool {
		v, err := url.Parse(g)
		return err == nil && v.Scheme == u.Scheme && v.Host == u.Host
	})
}

// wanted reports whether there is a way to call that isn't done.
func (o *call) wanted(c *caller) bool { return o.byMail(c) || o.byPush() }

func (o *call) byMail(c *caller) bool { return o.to != "" && !o.about.Mailed && c.mail != nil }

func (o *call) byPush() bool { return o.push != nil && !o.about.Pushed }

// keep is how long a push service keeps a message for a browser that is away.
const keep = 7 * 24 * time.Hour

// make sends by the ways that are left. What it returns can be tried again, unless it
// is final for all of them.
func (o *call) make(ctx context.Context, c *caller) error {
	var errs []error
	if o.byMail(c) {
		subject, text := notify.Words(o.language, o.why, o.facts)
		err := c.mail.Send(ctx, notify.Letter{To: o.to, ReplyTo: o.replyTo, Subject: subject, Text: text, ID: o.id})
		errs, o.about.Mailed = append(errs, err), err == nil || final(err)
	}
	if o.byPush() {
		message, err := notify.Short(o.language, o.why, o.facts, c.brand, o.thread)
		if err == nil {
			err = c.push.Send(ctx, *o.push, notify.Push{Message: message, Keep: keep, Urgent: o.why == notify.Replied})
		}
		errs, o.about.Pushed = append(errs, err), err == nil || final(err)
	}
	return worst(errs)
}

// worst returns an error that can be tried again if there is one, else any.
func worst(errs []error) (out error) {
	for _, err := range errs {
		if err != nil && (out == nil || final(out)) {
			out = err
		}
	}
	return out
}
