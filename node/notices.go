package node

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/stoa-commerce/stoa/node/notify"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// NotifyOptions say how people are called back who aren't looking.
type NotifyOptions struct {
	// Mail takes letters; nil: none are sent, and what waits for one is dropped.
	Mail *notify.Server
	// Shop is the base URL of the shop, for links in letters, without a slash at the
	// end; "" leaves links to other gateways that the brand names.
	Shop string
	// Contact is the mailto: or https: address told to push services; "": the profile's
	// address, or the shop's.
	Contact string
	// PushTo says which addresses push messages may go to; nil is the public web.
	PushTo func(netip.AddrPort) bool
}

const vapidFile = "vapid.key"

// caller calls people back: it works off the notices that commits left behind.
type caller struct {
	*Node
	o    NotifyOptions
	push *notify.Pusher
	mail *notify.Mailer // nil: no letters
}

func (n *Node) newCaller(ctx context.Context, o NotifyOptions) (*caller, error) {
	key, err := notify.LoadVAPID(filepath.Join(n.home, vapidFile))
	if err != nil {
		return nil, err
	}
	c := &caller{Node: n, o: o}
	if o.Mail != nil {
		c.mail = notify.NewMailer(*o.Mail, n.now)
	}
	contact, err := n.contact(ctx, o)
	if err != nil {
		return nil, err
	}
	c.push = notify.NewPusher(notify.PushOptions{Key: key, Contact: contact, Allowed: o.PushTo, Now: n.now})
	return c, nil
}

// contact is whom a push service may ask about a sender.
func (n *Node) contact(ctx context.Context, o NotifyOptions) (contact string, err error) {
	if o.Contact != "" {
		return o.Contact, nil
	}
	err = n.store.View(ctx, n.brand, func(v *store.View) error {
		p, err := v.Profile()
		if err == nil && p.Email != "" {
			contact = "mailto:" + p.Email
		}
		return err
	})
	if contact == "" {
		contact = o.Shop
	}
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return contact, err
}

const (
	noticeEvery = 2 * time.Second
	noticeBatch = 32
	// maxNoticeTries bounds how often one notice is tried: with the waits below, two days.
	maxNoticeTries = 14
	maxNoticeWait  = 6 * time.Hour
)

// run sends what is due until ctx ends.
func (c *caller) run(ctx context.Context) error {
	tick := time.NewTicker(noticeEvery)
	defer tick.Stop()
	for {
		if err := c.sendDue(ctx); err != nil && ctx.Err() == nil {
			c.log.Error("people could not be called back", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// sendDue works off what is due, a batch at a time.
func (c *caller) sendDue(ctx context.Context) error {
	for {
		var due []*store.Notice
		err := c.store.Desk(ctx, func(d *store.DeskView) (err error) {
			due, err = d.Notices(c.millis(), noticeBatch)
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		if err := c.sendBatch(ctx, due); err != nil {
			return err
		}
	}
}

// sendBatch makes some calls, and forgets at once those that can't be said any more,
// because their thread was erased or nobody wants to hear it.
func (c *caller) sendBatch(ctx context.Context, due []*store.Notice) error {
	var over []*store.Notice
	for _, notice := range due {
		call, err := c.compose(ctx, notice)
		if err == nil && !call.wanted(c) || final(err) {
			over = append(over, notice)
			continue
		}
		if err == nil {
			err = call.make(ctx, c)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := c.settle(ctx, notice, call.about, err); err != nil {
			return err
		}
	}
	if len(over) == 0 {
		return nil
	}
	return c.store.Trade(ctx, func(tx *store.TradeTxn) error {
		for _, notice := range over {
			if err := tx.DeleteNotice(notice.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// settle keeps in mind how a call went.
func (c *caller) settle(ctx context.Context, notice *store.Notice, about unsent, failed error) error {
	over := failed == nil || final(failed) || notice.Tries+1 >= maxNoticeTries
	if failed != nil {
		c.log.Warn("a call failed", "kind", notice.Kind, "thread", notice.Thread, "try", notice.Tries+1, "over", over, "error", failed)
	}
	body, err := protocol.Marshal(about)
	if err != nil {
		return err
	}
	return c.store.Trade(ctx, func(tx *store.TradeTxn) error {
		if over {
			return tx.DeleteNotice(notice.ID)
		}
		later := *notice
		later.Tries, later.Due = notice.Tries+1, c.millis()+protocol.Millis(noticePause(notice.Tries)/time.Millisecond)
		later.Body = body
		return tx.PutNotice(&later)
	})
}

// errUncalled means that there is nobody to be called.
var errUncalled = errors.New("nobody wants to be called")

func final(err error) bool {
	return errors.Is(err, errUncalled) || errors.Is(err, store.ErrNotFound) || errors.Is(err, notify.ErrAddress) ||
		errors.Is(err, notify.ErrGone) || errors.Is(err, notify.ErrSubscription)
}

// noticePause is how long to wait after a number of failed tries: from ten seconds, doubled
// each time.
func noticePause(tries int) time.Duration {
	return min(10*time.Second<<min(tries, 12), maxNoticeWait)
}
