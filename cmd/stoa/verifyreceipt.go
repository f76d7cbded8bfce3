package main

import (
	"cmp"
	"errors"
	"io"
	"slices"
	"strconv"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// receiptMark is in the first bytes of every receipt: the second key of its map.
const receiptMark = "clog"

// receiptView is what a receipt proves, for scripts.
type receiptView struct {
	Thread  string `json:"thread"`
	Commits int    `json:"commits"`
	// Revoked says that a commit is signed by a key that the brand replaced since,
	// Contested that the brand's identity has forked.
	Revoked   bool           `json:"revoked,omitempty"`
	Contested bool           `json:"contested,omitempty"`
	Orders    []receiptOrder `json:"orders"`
	Entries   []receiptEntry `json:"entries"`
}

type receiptOrder struct {
	Order      string        `json:"order"`
	Number     uint64        `json:"number,omitempty"`
	State      string        `json:"state"`
	Payment    string        `json:"payment"`
	Fulfilment string        `json:"fulfilment"`
	Return     string        `json:"return"`
	Total      string        `json:"total"`
	Currency   string        `json:"currency"`
	Lines      []receiptLine `json:"lines"`
}

type receiptLine struct {
	Title    string `json:"title"`
	Variant  string `json:"variant"`
	Quantity int64  `json:"quantity"`
}

type receiptEntry struct {
	Seq     uint64          `json:"seq"`
	Kind    string          `json:"kind"`
	By      string          `json:"by"` // brand or shopper
	Link    bool            `json:"link,omitempty"`
	Hidden  bool            `json:"hidden,omitempty"`
	Refused string          `json:"refused,omitempty"`
	Time    protocol.Millis `json:"time"` // of the commit
}

func verifyReceipt(r io.Reader, brand protocol.CID) verdict {
	v := verdict{Kind: "receipt"}
	data, err := io.ReadAll(io.LimitReader(r, thread.MaxReceipt+1))
	if err != nil {
		return v.refused(err)
	}
	p, err := thread.VerifyReceipt(data, brand)
	var flaw *thread.Flaw
	if errors.As(err, &flaw) {
		v.Part, v.Reason, v.Detail = flaw.Part, catalog.Reason("altered"), flaw.Err.Error()
		return v
	}
	v.Valid, v.Brand, v.Records, v.Time = true, p.Brand.String(), len(p.Entries), p.Last.String()
	v.Receipt = viewReceipt(p)
	return v
}

func viewReceipt(p thread.Proven) *receiptView {
	s := &receiptView{Thread: p.Thread.String(), Commits: p.Commits, Revoked: p.Revoked, Contested: p.Contested, Orders: []receiptOrder{}, Entries: []receiptEntry{}}
	for id, o := range p.Ledger.Orders {
		s.Orders = append(s.Orders, viewOrder(id, p.Ledger.Numbers[id], o))
	}
	slices.SortFunc(s.Orders, func(a, b receiptOrder) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Order, b.Order))
	})
	for _, e := range p.Entries {
		by := "shopper"
		if e.Brand {
			by = "brand"
		}
		s.Entries = append(s.Entries, receiptEntry{e.Commit.Seq, e.Entry.Kind, by, e.Link, e.Hidden, e.Commit.Refused, e.Commit.Time})
	}
	return s
}

func viewOrder(id protocol.CID, number uint64, o *trade.Order) receiptOrder {
	s := receiptOrder{
		Order: id.String(), Number: number, State: string(o.State), Payment: string(o.Payment), Fulfilment: string(o.Fulfilment), Return: string(o.Return),
		Total: protocol.NewMoney(o.Quote.Total, o.Quote.Currency).Decimal(), Currency: string(o.Quote.Currency),
	}
	for _, l := range o.Quote.Lines {
		s.Lines = append(s.Lines, receiptLine{l.Title, string(l.Variant), l.Quantity})
	}
	return s
}

func (a *app) reportReceipt(v verdict) {
	r := v.Receipt
	a.say("Valid receipt of a conversation with\n  %s\nof which it shows %d of %d entries. The last is dated %s by the brand.", v.Brand, len(r.Entries), r.Commits, v.Time)
	for _, o := range r.Orders {
		a.say("\nOrder %s: %s %s, %s, %s, %s", receiptOrderName(o), o.Total, o.Currency, o.State, o.Payment, o.Fulfilment)
		for _, l := range o.Lines {
			a.say("  %d × %s (%s)", l.Quantity, l.Title, l.Variant)
		}
	}
	a.say("")
	links := false
	for _, e := range r.Entries {
		a.say("%4d  %s  %-7s  %s%s", e.Seq, e.Time, e.By, e.Kind, receiptRemarks(e))
		links = links || e.Link
	}
	a.warnOfReceipt(r, links)
}

func receiptOrderName(o receiptOrder) string {
	if o.Number == 0 {
		return o.Order
	}
	return strconv.FormatUint(o.Number, 10)
}

func receiptRemarks(e receiptEntry) (s string) {
	if e.Refused != "" {
		s += ", refused: " + e.Refused
	}
	if e.Hidden {
		s += ", not shown"
	}
	if e.Link {
		s += " *"
	}
	return s
}

func (a *app) warnOfReceipt(r *receiptView, links bool) {
	if links {
		a.say("* by a device that came in through a link that the brand mailed: the brand could\n  have written it itself.")
	}
	if r.Revoked {
		a.say("Some of it is signed with a key that the brand has replaced since. If the key was\nstolen, a thief could have signed it.")
	}
	if r.Contested {
		a.say("The brand's identity is contested: two histories of its keys exist.")
	}
}
