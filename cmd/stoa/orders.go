package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
	"github.com/stoa-commerce/stoa/protocol"
)

func (a *app) ordersCommand() *cobra.Command {
	var q control.OrdersQuery
	cmd := &cobra.Command{
		Use:     "orders",
		Short:   "List orders, the newest first",
		Example: `  stoa orders --open --json`,
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.reach(cmd, func(c *control.Client) error {
				list, err := c.Orders(cmd.Context(), q)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(list)
				}
				return a.orderTable(list)
			})
		},
	}
	cmd.Flags().BoolVar(&q.Open, "open", false, "only those with something left to do")
	cmd.Flags().IntVar(&q.Limit, "limit", 50, "how many, at most 1000")
	return cmd
}

func (a *app) orderTable(list []control.Order) error {
	if len(list) == 0 {
		a.say("There are no orders yet.")
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, o := range list {
		fmt.Fprintln(w, printable("%d\t%s\t%s\t%s %s\t%s", o.Number, moment(o.Placed), oneLine(o.Contact.Name, 24), o.Total, o.Currency, standing(o)))
	}
	return w.Flush()
}

// standing is where an order stands, in words.
func standing(o control.Order) string {
	parts := []string{string(o.State), string(o.Payment), string(o.Fulfilment)}
	if o.Return != "none" {
		parts = append(parts, "return "+string(o.Return))
	}
	return strings.ReplaceAll(strings.Join(parts, ", "), "_", " ")
}

// orderFlags are what stoa order can be asked to do, one at a time.
type orderFlags struct {
	paid, ship, deliver, cancel, accept, refuse, receive bool
	refund, code                                         string
	amount, reference, reason                            string
	carrier, tracking, url                               string
	line                                                 int64
	restock                                              bool
}

func (a *app) orderCommand() *cobra.Command {
	var f orderFlags
	cmd := &cobra.Command{
		Use:   "order ORDER",
		Short: "Look at an order, or move it on",
		Long: `Shows an order, by its number or identifier, or does one thing to it. What is done is
said in the shopper's conversation, signed, and stands from then on. Cancelling a
paid order refunds what was paid.`,
		Example: `  stoa order 1001
  stoa order 1001 --mark-paid
  stoa order 1001 --ship --carrier DHL --tracking 00340434161094021501
  stoa order 1001 --refund 12.50 --reason "one cup was broken"
  stoa order 1001 --accept-return`,
		Args: exactly("ORDER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := f.query(cmd, args[0])
			if err != nil {
				return usageError{err}
			}
			return a.reach(cmd, func(c *control.Client) error {
				o, err := c.Order(cmd.Context(), q)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(o)
				}
				a.describe(o)
				return nil
			})
		},
	}
	f.add(cmd)
	return cmd
}

func (f *orderFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.BoolVar(&f.paid, "mark-paid", false, "the money has come: all that is due, or --amount of it")
	fl.BoolVar(&f.ship, "ship", false, "everything that is left has been sent")
	fl.BoolVar(&f.deliver, "deliver", false, "it has arrived")
	fl.StringVar(&f.code, "hand-over", "", "hand over a digital good: the code or link, for --line")
	fl.BoolVar(&f.cancel, "cancel", false, "cancel it; what was paid is refunded")
	fl.StringVar(&f.refund, "refund", "", "pay this much back, such as 12.50")
	fl.BoolVar(&f.accept, "accept-return", false, "agree to the return that was asked for")
	fl.BoolVar(&f.refuse, "refuse-return", false, "refuse it")
	fl.BoolVar(&f.receive, "receive-return", false, "what was given back has come; --restock puts it on sale again")
	fl.StringVar(&f.amount, "amount", "", "with --mark-paid: how much came, if not all that is due")
	fl.StringVar(&f.reference, "reference", "", "with --mark-paid: where the payment is found in the books")
	fl.StringVar(&f.reason, "reason", "", "what the shopper reads beside it")
	fl.StringVar(&f.carrier, "carrier", "", "with --ship: who carries it")
	fl.StringVar(&f.tracking, "tracking", "", "with --ship: the parcel's number")
	fl.StringVar(&f.url, "tracking-url", "", "with --ship: where the parcel can be followed")
	fl.Int64Var(&f.line, "line", 1, "with --hand-over: which line of the order")
	fl.BoolVar(&f.restock, "restock", false, "with --receive-return: the goods can be sold again")
}

func (f *orderFlags) query(cmd *cobra.Command, order string) (control.OrderQuery, error) {
	q := control.OrderQuery{
		Order: order, Reference: f.reference, Text: f.reason, Carrier: f.carrier, Tracking: f.tracking, URL: f.url,
		Line: f.line, Restock: f.restock, Amount: f.amount,
	}
	var wanted []string
	for flag, verb := range orderVerbs {
		if cmd.Flags().Changed(flag) {
			wanted, q.Do = append(wanted, "--"+flag), verb
		}
	}
	switch {
	case len(wanted) > 1:
		return q, fmt.Errorf("one thing at a time: not %s together", strings.Join(wanted, " and "))
	case q.Do == control.Refund:
		q.Amount = f.refund
	case q.Do == control.HandOver:
		q.Text = f.code
	}
	if q.Do == control.Refund && q.Amount == "" {
		return q, errors.New("--refund needs an amount, such as 12.50")
	}
	return q, nil
}

var orderVerbs = map[string]control.OrderVerb{
	"mark-paid": control.MarkPaid, "ship": control.Ship, "deliver": control.Deliver, "hand-over": control.HandOver,
	"cancel": control.CancelOrder, "refund": control.Refund, "accept-return": control.AcceptReturn,
	"refuse-return": control.RefuseReturn, "receive-return": control.ReceiveReturn,
}

func (a *app) describe(o control.Order) {
	a.say("Order %d, %s: %s", o.Number, moment(o.Placed), standing(o))
	for _, l := range o.Lines {
		title := l.Title
		if len(l.Options) > 0 {
			title += " (" + strings.Join(l.Options, ", ") + ")"
		}
		a.say("  %d × %s  %s %s  [%s]", l.Quantity, oneLine(title, 60), l.Total, o.Currency, l.Variant)
	}
	a.say("  total %s %s by %s, received %s, refunded %s", o.Total, o.Currency, o.Method, o.Received, o.Refunded)
	a.say("  for %s", strings.Join(compact(o.Contact.Name, o.Contact.Email, o.Contact.Phone), ", "))
	if at := o.Address; at != nil {
		a.say("  to %s", strings.Join(compact(at.Name, at.Company, at.Street, at.Extra, strings.TrimSpace(at.Postcode+" "+at.City), at.Region, string(at.Country)), ", "))
	}
	if o.Note != "" {
		a.say("  note: %s", o.Note)
	}
	a.say("  conversation %s", o.Thread)
}

// compact leaves out what is empty, and makes one line of each.
func compact(parts ...string) (out []string) {
	for _, p := range parts {
		if p != "" {
			out = append(out, oneLine(p, 200))
		}
	}
	return out
}

func (a *app) stockCommand() *cobra.Command {
	var set string
	var untracked, reviewed bool
	cmd := &cobra.Command{
		Use:   "stock [VARIANT]",
		Short: "Show or set how many pieces there are of a variant",
		Long: `Shows the stock of a variant, or of all that are tracked. --set says how many pieces
are there, those that orders hold included; from then on no more are sold.
--untracked sells without counting. --reviewed ends the review after a restore: until
then nothing tracked is sold, because the backup doesn't know what was sold since.`,
		Example: `  stoa stock
  stoa stock gyokuro-50 --set 12
  stoa stock gift-card --untracked`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := stockQuery(args, set, untracked, reviewed)
			if err != nil {
				return usageError{err}
			}
			return a.reach(cmd, func(c *control.Client) error {
				if len(args) == 0 {
					return a.stocks(cmd, c, reviewed)
				}
				s, err := c.Stock(cmd.Context(), q)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(s)
				}
				return a.stockTable([]control.Stock{s})
			})
		},
	}
	cmd.Flags().StringVar(&set, "set", "", "how many pieces there are")
	cmd.Flags().BoolVar(&untracked, "untracked", false, "don't count")
	cmd.Flags().BoolVar(&reviewed, "reviewed", false, "the numbers are right: sell again after a restore")
	return cmd
}

func stockQuery(args []string, set string, untracked, reviewed bool) (q control.StockQuery, err error) {
	if len(args) == 0 {
		if set != "" || untracked {
			return q, errors.New("usage: stoa stock VARIANT --set N")
		}
		return q, nil
	}
	if reviewed || (set != "" && untracked) {
		return q, errors.New("one thing at a time: --set, --untracked, or --reviewed without a variant")
	}
	if q.Variant, err = protocol.ParseVariantID(args[0]); err != nil {
		return q, err
	}
	q.Untracked = untracked
	if set != "" {
		n, err := strconv.ParseInt(set, 10, 64)
		if err != nil || n < 0 {
			return q, fmt.Errorf("--set %q is no number of pieces", set)
		}
		q.Set = &n
	}
	return q, nil
}

func (a *app) stocks(cmd *cobra.Command, c *control.Client, reviewed bool) error {
	list, err := c.Stocks(cmd.Context(), control.StocksQuery{Reviewed: reviewed})
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(list)
	}
	return a.stockTable(list)
}

func (a *app) stockTable(list []control.Stock) error {
	if len(list) == 0 {
		a.say("No stock is tracked: 'stoa stock VARIANT --set N' begins.")
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, s := range list {
		words := "not tracked"
		if s.Tracked {
			words = fmt.Sprintf("%d there, %d held by orders, %d to sell", s.OnHand, s.Held, s.Available)
		}
		if s.Oversell {
			words += ", sold beyond"
		}
		if s.Review {
			words += ", in review: 'stoa stock --reviewed' ends it"
		}
		fmt.Fprintln(w, printable("%s\t%s", s.Variant, words))
	}
	return w.Flush()
}
