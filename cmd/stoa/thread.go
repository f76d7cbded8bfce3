package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/cmd/stoa/shopper"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// threadOptions are what a shopper does in a conversation, beside buying.
type threadOptions struct {
	shopping
	say, about, order    string
	erase, read, follow  bool
	code, link           bool
	recover, open, email string
}

func (a *app) threadCommand() *cobra.Command {
	var o threadOptions
	cmd := &cobra.Command{
		Use:   "thread --gateway URL --brand ID --shopper DIR [--say TEXT | --read]",
		Short: "Talk with a brand as a shopper, without a browser",
		Long: `Says something in the shopper's sealed conversation with a brand, or shows it. Every
use sends what the brand hasn't answered yet and fetches what it said. The folder
keeps the keys: --code shows what recovers all of the shopper's conversations,
--link what opens this one in any browser; --recover and --open take them.`,
		Example: `  stoa thread --gateway https://tea.example --brand bafyrei… --shopper me --say "Is it spring tea?"
  stoa thread --gateway https://tea.example --brand bafyrei… --shopper me --read --json`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.one(); err != nil {
				return usageError{err}
			}
			fn := func(ctx context.Context, who *shopper.Shopper, c *shopper.Conversation) error {
				return a.converse(ctx, &o, who, c)
			}
			if o.follow {
				fn = func(_ context.Context, _ *shopper.Shopper, c *shopper.Conversation) error {
					return a.listen(cmd.Context(), c)
				}
			}
			return a.outcome(o.talk(cmd.Context(), fn, fn))
		},
	}
	o.shopping.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.say, "say", "", "what to say")
	f.StringVar(&o.about, "about", "", "with --say: handle of the product that it is about")
	f.BoolVar(&o.read, "read", false, "show the conversation")
	f.BoolVar(&o.follow, "follow", false, "show the conversation, and what comes until Ctrl-C")
	f.StringVar(&o.order, "cancel", "", "cancel an order that isn't shipped yet")
	f.StringVar(&o.email, "email", "", "have the brand call back by e-mail on commits, replies and shipments; none ends it")
	f.BoolVar(&o.erase, "erase", false, "have the brand erase the conversation")
	f.BoolVar(&o.code, "code", false, "show the recovery code")
	f.BoolVar(&o.link, "link", false, "show the private link of the conversation")
	f.StringVar(&o.recover, "recover", "", "continue the conversation of a recovery code in this folder")
	f.StringVar(&o.open, "open", "", "continue the conversation of a private link in this folder")
	return cmd
}

// one checks that exactly one thing is to be done.
func (o *threadOptions) one() error {
	n := 0
	for _, asked := range []bool{o.say != "", o.read, o.follow, o.order != "", o.email != "", o.erase, o.code, o.link, o.recover != "", o.open != ""} {
		if asked {
			n++
		}
	}
	if n != 1 {
		return errors.New("thread does one thing at a time: --say TEXT, --read, --follow, --cancel ORDER, --email ADDRESS, --erase, --code, --link, --recover CODE or --open LINK")
	}
	if o.about != "" && o.say == "" {
		return errors.New("--about belongs to --say")
	}
	return nil
}

func (a *app) converse(ctx context.Context, o *threadOptions, who *shopper.Shopper, c *shopper.Conversation) error {
	switch {
	case o.say != "":
		e, err := c.Say(ctx, thread.KindText, &thread.Text{Text: o.say, About: protocol.Handle(o.about)})
		return a.said(c, e, err)
	case o.order != "":
		return a.cancelOrder(ctx, c, o.order)
	case o.email != "":
		return a.callBack(ctx, c, o.email)
	case o.erase:
		e, err := c.Say(ctx, thread.KindErase, nil)
		return a.said(c, e, err)
	case o.code:
		return a.tell(map[string]string{"code": who.Code().String()}, "%s\nIt recovers all conversations of this folder: keep it where nobody else looks.", who.Code())
	case o.link:
		return a.showLink(o.gateway, c)
	case o.recover != "", o.open != "":
		if err := enter(ctx, o, who, c); err != nil {
			return err
		}
	}
	return a.show(ctx, c)
}

// tell prints a result as JSON or in words.
func (a *app) tell(result any, format string, args ...any) error {
	if a.json {
		return a.printJSON(result)
	}
	a.say(format, args...)
	return nil
}

func (a *app) said(c *shopper.Conversation, e shopper.Entry, err error) error {
	if err != nil {
		return err
	}
	return a.tell(map[string]any{"thread": c.Thread(), "entry": e.ID, "seq": e.Seq}, "The brand has it: number %d of the conversation.", e.Seq)
}

func (a *app) cancelOrder(ctx context.Context, c *shopper.Conversation, text string) error {
	order, err := protocol.ParseCID(text)
	if err != nil {
		return usageError{fmt.Errorf("--cancel: %w", err)}
	}
	e, err := c.Say(ctx, thread.KindCancel, &thread.Cancel{Order: order})
	return a.said(c, e, err)
}

func (a *app) callBack(ctx context.Context, c *shopper.Conversation, email string) error {
	b := thread.Callback{Email: email, On: []string{"commit", "reply", "shipment"}}
	if email == "none" {
		b = thread.Callback{}
	}
	e, err := c.Callback(ctx, b)
	return a.said(c, e, err)
}

func (a *app) showLink(gateway string, c *shopper.Conversation) error {
	l, err := c.Link()
	if err != nil {
		return err
	}
	url := l.URL(gateway, c.Brand().ID.String())
	return a.tell(map[string]string{"link": url}, "%s\nWhoever has it can read and write in this conversation.", url)
}

// enter continues a conversation of another device in the folder.
func enter(ctx context.Context, o *threadOptions, who *shopper.Shopper, c *shopper.Conversation) error {
	if o.open != "" {
		l, err := thread.ParseLink(o.open)
		if err != nil {
			return usageError{err}
		}
		return c.Follow(ctx, l)
	}
	code, err := thread.ParseCode(o.recover)
	if err != nil {
		return usageError{err}
	}
	if err := who.SetCode(code); err != nil {
		return err
	}
	return c.Recover(ctx)
}
