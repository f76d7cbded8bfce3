package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/cmd/stoa/shopper"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// purchase is what a shopper says on the command line.
type purchase struct {
	shopping
	items                     []string
	person                    shopper.Person
	country                   string
	code, shipping, pay, note string
	until                     time.Duration
}

func (a *app) buyCommand() *cobra.Command {
	var p purchase
	cmd := &cobra.Command{
		Use:   "buy --gateway URL --brand ID --shopper DIR --item VARIANT=N",
		Short: "Buy from a brand, without a browser",
		Long: `Buys in a sealed conversation with the brand, through any gateway that shows it:
asks for a quote, places the order and waits until the brand has committed it. The
folder keeps the shopper's keys and conversations; the address is remembered in it.

It ends with code 1 when the brand refuses, or when it hasn't answered within --wait.
What it hasn't answered stays in the folder and is sent again by the next command.`,
		Example: `  stoa buy --gateway https://tea.example --brand bafyrei… --shopper me \
    --item SEN-50=2 --name "Ada Moss" --street "Lane 1" --city Bonn --postcode 53111 --country DE`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.buy(cmd.Context(), &p) },
	}
	p.shopping.flags(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&p.items, "item", nil, "what to buy, as VARIANT=N; may be given several times")
	f.StringVar(&p.person.Contact.Name, "name", "", "who buys")
	f.StringVar(&p.person.Contact.Email, "email", "", "e-mail address for questions about the order")
	f.StringVar(&p.person.Contact.Phone, "phone", "", "telephone number for questions about the order")
	f.StringVar(&p.person.Address.Company, "company", "", "company to deliver to")
	f.StringVar(&p.person.Address.Street, "street", "", "street and number to deliver to")
	f.StringVar(&p.person.Address.Extra, "extra", "", "second line of the address")
	f.StringVar(&p.person.Address.City, "city", "", "city to deliver to")
	f.StringVar(&p.person.Address.Postcode, "postcode", "", "postcode to deliver to")
	f.StringVar(&p.person.Address.Region, "region", "", "region or state to deliver to")
	f.StringVar(&p.country, "country", "", "ISO 3166 code of the country to deliver to; the brand's own if not given")
	f.StringVar(&p.code, "discount", "", "discount code")
	f.StringVar(&p.shipping, "shipping", "", "which of the brand's ways of shipping; its first if not given")
	f.StringVar(&p.pay, "pay", "", "which of the brand's ways to pay; its first if not given")
	f.StringVar(&p.note, "note", "", "note to the brand")
	f.DurationVar(&p.until, "until", 7*24*time.Hour, "how long after the quote ran out the order may still be taken, when the brand was away")
	return cmd
}

// bought is what stoa buy prints.
type bought struct {
	Order    protocol.CID      `json:"order"`
	Number   uint64            `json:"number,omitempty"` // that people speak of
	Thread   protocol.CID      `json:"thread"`
	State    trade.State       `json:"state"`
	Total    string            `json:"total"`
	Currency protocol.Currency `json:"currency"`
}

func (a *app) buy(ctx context.Context, p *purchase) error {
	items, err := parseItems(p.items)
	if err != nil {
		return usageError{err}
	}
	if p.until <= 0 {
		return usageError{errors.New("--until is how long, so above 0")}
	}
	if p.country != "" {
		if p.person.Address.Country, err = protocol.ParseCountry(p.country); err != nil {
			return usageError{fmt.Errorf("--country: %w", err)}
		}
	}
	var done bought
	err = p.talk(ctx, func(ctx context.Context, who *shopper.Shopper, c *shopper.Conversation) (err error) {
		if p.person, err = remembered(who, p.person); err != nil {
			return err
		}
		done, err = p.order(ctx, c, items)
		return err
	}, nil)
	if err != nil {
		return a.outcome(err)
	}
	if a.json {
		return a.printJSON(done)
	}
	a.say("Ordered: number %d, %s %s.\n  order   %s\n  thread  %s\n'stoa thread --read' shows the conversation, 'stoa receipt' keeps a receipt.", done.Number, done.Total, done.Currency, done.Order, done.Thread)
	return nil
}

// remembered fills in what the folder knows of the person, and keeps what is new.
func remembered(who *shopper.Shopper, said shopper.Person) (shopper.Person, error) {
	p, err := who.Person()
	if err != nil {
		return p, err
	}
	before := p
	set := func(to *string, from string) {
		if from != "" {
			*to = from
		}
	}
	set(&p.Contact.Name, said.Contact.Name)
	set(&p.Contact.Email, said.Contact.Email)
	set(&p.Contact.Phone, said.Contact.Phone)
	if said.Address != (trade.Address{}) && said.Address != (trade.Address{Country: said.Address.Country}) {
		p.Address = said.Address // never half of another one
	} else if said.Address.Country != "" {
		p.Address.Country = said.Address.Country
	}
	if p == before {
		return p, nil
	}
	return p, who.Remember(p)
}

// item is a variant and how many of it.
type item struct {
	product  protocol.Handle // "" is to be looked up
	variant  protocol.VariantID
	quantity int64
}

// parseItems reads VARIANT=N. A VARIANT may have the handle of its product before
// it, as in sencha/SEN-50: that saves a look-up.
func parseItems(texts []string) ([]item, error) {
	if len(texts) == 0 {
		return nil, errors.New("buy needs --item VARIANT=N")
	}
	items := make([]item, 0, len(texts))
	for _, text := range texts {
		at := strings.LastIndexByte(text, '=')
		if at < 0 {
			return nil, fmt.Errorf("--item %q: VARIANT=N says what and how many", text)
		}
		n, err := strconv.ParseInt(text[at+1:], 10, 64)
		if err != nil || n < -protocol.MaxInt || n > protocol.MaxInt {
			return nil, fmt.Errorf("--item %q: %q is no number", text, text[at+1:])
		}
		i := item{quantity: n}
		handle, id, whole := strings.Cut(text[:at], "/")
		if !whole {
			handle, id = "", handle
		} else if i.product, err = protocol.ParseHandle(handle); err != nil {
			return nil, fmt.Errorf("--item %q: %w", text, err)
		}
		if i.variant, err = protocol.ParseVariantID(id); err != nil {
			return nil, fmt.Errorf("--item %q: %w", text, err)
		}
		items = append(items, i)
	}
	return items, nil
}

// order asks for a quote and places the order for it.
func (p *purchase) order(ctx context.Context, c *shopper.Conversation, items []item) (done bought, err error) {
	ask, err := p.ask(ctx, c.Brand(), items)
	if err != nil {
		return done, err
	}
	quote, err := c.Ask(ctx, ask)
	if err != nil {
		return done, err
	}
	q := quote.Body.(*thread.Quote).Quote
	if err := shopper.Check(q, c.Brand().ID, ask); err != nil {
		return done, err
	}
	if q.CodeRefused != "" {
		return done, &shopper.Refused{Reason: "code_" + string(q.CodeRefused)}
	}
	placement, err := p.placement(quote, q)
	if err != nil {
		return done, err
	}
	order, err := c.Order(ctx, placement)
	if err != nil {
		return done, err
	}
	total := protocol.NewMoney(q.Total, q.Currency)
	done = bought{Order: order.ID, Number: c.Number(order.ID), Thread: c.Thread(), State: trade.Placed, Total: total.Decimal(), Currency: q.Currency}
	if o, ok := c.Orders()[order.ID]; ok {
		done.State = o.State
	}
	return done, nil
}

func (p *purchase) ask(ctx context.Context, b *shopper.Brand, items []item) (ask thread.Ask, err error) {
	ask = thread.Ask{Country: p.person.Address.Country, Region: p.person.Address.Region, Postcode: p.person.Address.Postcode, Code: p.code, Shipping: p.shipping}
	if ask.Country == "" {
		if ask.Country, err = b.Country(ctx); err != nil {
			return ask, err
		}
	}
	for _, i := range items {
		if i.product == "" {
			if i.product, err = productOf(ctx, b, i.variant); err != nil {
				return ask, err
			}
		}
		ask.Lines = append(ask.Lines, trade.CartLine{Product: i.product, Variant: i.variant, Quantity: i.quantity})
	}
	return ask, nil
}

func productOf(ctx context.Context, b *shopper.Brand, v protocol.VariantID) (protocol.Handle, error) {
	product, _, err := b.Product(ctx, v)
	if errors.Is(err, shopper.ErrUnknownVariant) {
		return "", &shopper.Refused{Reason: string(trade.UnknownVariant), Detail: string(v)}
	}
	if err != nil {
		return "", err
	}
	return product.Handle, nil
}

// placement fills in the order for a quote.
func (p *purchase) placement(quote shopper.Entry, q *trade.Quote) (*trade.Placement, error) {
	o, err := shopper.Placement(quote, q.Until+protocol.Millis(p.until/time.Millisecond)) // by the brand's clock
	if err != nil {
		return nil, err
	}
	o.Contact, o.Note, o.Method = p.person.Contact, p.note, p.pay
	if o.Method == "" && len(q.Payments) > 0 {
		o.Method = q.Payments[0].ID
	}
	if !q.NeedsAddress() {
		if o.Contact.Name == "" {
			o.Contact.Name = "Guest"
		}
		return o, nil
	}
	address := p.person.Address
	if address.Street == "" || address.City == "" || o.Contact.Name == "" {
		return nil, &shopper.Refused{Reason: string(trade.AddressIncomplete)}
	}
	if address.Country == "" {
		address.Country = q.Country
	}
	o.Address = &address
	return o, nil
}
