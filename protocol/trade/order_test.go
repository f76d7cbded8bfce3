package trade

import (
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

// placed is an order of two lines, 2 × 10.00 shipped and a digital one for 5.00.
func placed(t testing.TB) Order {
	t.Helper()
	items := goods("EUR", 1000, 2, 500, 1)
	items[1].Digital = true
	fresh := DefaultTerms("EUR", "DE")
	q, err := Price(&fresh, brand, items, Ask{Destination: Destination{Country: "DE"}}, now)
	if err != nil {
		t.Fatal(err)
	}
	o, err := Place(q, placement(&q), now)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func placement(q *Quote) Placement {
	p := Placement{
		Quote: brand, Contact: Contact{Name: "Mia"}, Method: "bank", Address: &Address{Street: "Weg 1", City: "Ulm", Country: "DE"},
		MaxTotal: protocol.NewMoney(q.Total, q.Currency), Until: now + 1,
	}
	for _, l := range q.Lines {
		p.Records = append(p.Records, l.Offer)
	}
	return p
}

// word reads an event as tests write it: "payment 2500", "shipment 0:1 1:2".
func word(t testing.TB, s string) Event {
	t.Helper()
	e, err := parseEvent(s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestOrdersGoThroughTheirStates(t *testing.T) {
	for _, c := range []struct{ events, want string }{
		{"", "placed unpaid unfulfilled none"},
		{"payment 1000", "placed partly_paid unfulfilled none"},
		{"payment 1000; payment 1500", "placed paid unfulfilled none"},
		{"payment 2600", "placed overpaid unfulfilled none"},
		{"payment 2600; refund 100", "placed paid unfulfilled none"},
		{"payment 2500; refund 500", "placed partly_refunded unfulfilled none"},
		{"payment 2500; refund 500; refund 2000", "placed refunded unfulfilled none"},
		{"payment 2500; refund 500; payment 500", "placed paid unfulfilled none"},
		{"refund 1", "! bad_amount"},
		{"payment 2500; refund 2501", "! bad_amount"},
		{"payment 0", "! bad_amount"},
		{"payment -1", "! bad_amount"},
		{"payment 9007199254740991; payment 1", "! bad_amount"},
		{"shipment 0:1", "placed unpaid partly_shipped none"},
		{"shipment 0:1; shipment 0:1; delivery 1:1", "placed unpaid shipped none"},
		{"shipment 0:2; delivered", "! not_now"},
		{"shipment 0:2; delivery 1:1; delivered", "placed unpaid delivered none"},
		{"payment 2500; shipment 0:2; delivery 1:1; delivered", "completed paid delivered none"},
		{"shipment 0:2; delivery 1:1; delivered; payment 2500", "completed paid delivered none"},
		{"shipment 0:3", "! bad_quantity"},
		{"shipment 0:1 0:2", "! bad_quantity"},
		{"shipment 0:0", "! bad_quantity"},
		{"shipment 0:-1", "! bad_quantity"},
		{"shipment 2:1", "! bad_quantity"},
		{"shipment -1:1", "! bad_quantity"},
		{"shipment", "! bad_quantity"},
		{"shipment 1:1", "! bad_body"},
		{"delivery 0:1", "! bad_body"},
		{"cancel", "cancelled unpaid unfulfilled none"},
		{"shopper cancel", "cancelled unpaid unfulfilled none"},
		{"payment 2500; shopper cancel; refund 2500", "cancelled refunded unfulfilled none"},
		{"cancel; payment 2500", "cancelled paid unfulfilled none"},
		{"cancel; cancel", "! not_cancellable"},
		{"shipment 0:1; cancel", "! not_cancellable"},
		{"cancel; shipment 0:1", "! not_now"},
		{"expire", "expired unpaid unfulfilled none"},
		{"expire; payment 2500; refund 2500", "expired refunded unfulfilled none"},
		{"payment 1; expire", "! not_now"},
		{"shipment 0:1; expire", "! not_now"},
		{"shopper expire", "! not_now"},
		{"shopper payment 2500", "! not_now"},
		{"return 0:1", "! not_now"},
		{"shopper return a 0:1", "! not_returnable"},
		{"shipment 0:1; shopper return a 0:2", "! not_returnable"},
		{"shipment 0:2; delivery 1:1; shopper return a 1:1", "! not_returnable"},
		{"shipment 0:2; shopper return a 0:1", "placed unpaid partly_shipped requested"},
		{"shipment 0:2; shopper return a 0:1; shopper return a 0:1", "! not_returnable"},
		{"shipment 0:2; shopper return a 0:1; shopper return b 0:1; shopper return c 0:1", "! not_returnable"},
		{"shipment 0:2; shopper return a 0:2; return.answer a no; shopper return b 0:2", "placed unpaid partly_shipped requested"},
		{"shipment 0:2; shopper return a 0:2; return.answer a no", "placed unpaid partly_shipped refused"},
		{"shipment 0:2; shopper return a 0:2; return.answer a yes; return.answer a no", "! not_now"},
		{"shipment 0:2; shopper return a 0:2; return.received a no", "! not_now"},
		{"shipment 0:2; shopper return a 0:1; shopper return b 0:1; return.answer b yes", "placed unpaid partly_shipped requested"},
		{"shipment 0:2; shopper return a 0:1; shopper return b 0:1; return.answer b yes; return.answer a no", "placed unpaid partly_shipped accepted"},
		{"shipment 0:2; shopper return a 0:2; return.answer a yes; return.received a yes", "placed unpaid partly_shipped received"},
		{"payment 2500; shipment 0:2; delivery 1:1; delivered; shopper return a 0:2; return.answer a yes; return.received a yes; refund 2000", "completed partly_refunded delivered received"},
		{"return.answer x yes", "! not_now"},
		{"dance", "! bad_body"},
	} {
		o := placed(t)
		got := ""
		for _, s := range strings.Split(c.events, "; ") {
			if s == "" {
				continue
			}
			next, err := o.Apply(word(t, s))
			if err != nil {
				got = "! " + string(ReasonOf(err))
				break
			}
			o = next
		}
		if got == "" {
			got = states(&o)
		}
		if got != c.want {
			t.Errorf("%s: %s, not %s", c.events, got, c.want)
		}
	}
}

func states(o *Order) string {
	return string(o.State) + " " + string(o.Payment) + " " + string(o.Fulfilment) + " " + string(o.Return)
}

func TestWhatIsOwedToWhom(t *testing.T) {
	for _, c := range []struct {
		events    string
		due, owed int64
	}{
		{"", 2500, 0}, {"payment 1000", 1500, 0}, {"payment 2600", 0, 100}, {"payment 2500; refund 500", 0, 0},
		{"payment 1000; cancel", 0, 1000}, {"expire; payment 2500", 0, 2500}, {"payment 2500; cancel; refund 2000", 0, 500},
	} {
		o := placed(t)
		for _, s := range strings.Split(c.events, "; ") {
			if s != "" {
				o, _ = o.Apply(word(t, s))
			}
		}
		if o.Due() != c.due || o.Owed() != c.owed {
			t.Errorf("%s: %d due and %d owed", c.events, o.Due(), o.Owed())
		}
	}
}

func TestAnEventLeavesTheOrderItCameToAsItWas(t *testing.T) {
	o := placed(t)
	a, err := o.Apply(word(t, "shipment 0:1"))
	if err != nil || o.Shipped[0] != 0 {
		t.Fatalf("%+v %v", o.Shipped, err)
	}
	b, err := a.Apply(word(t, "shopper return a 0:1"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := b.Apply(word(t, "return.answer a yes"))
	if err != nil || b.Returns[0].State != ReturnRequested || c.Returns[0].State != ReturnAccepted {
		t.Fatalf("%+v %+v %v", b.Returns, c.Returns, err)
	}
	if _, err := a.Apply(word(t, "shipment 0:1 0:1")); err == nil || a.Shipped[0] != 1 {
		t.Fatalf("%+v %v", a.Shipped, err)
	}
}

func TestAnOrderForNothingIsPaid(t *testing.T) {
	fresh := DefaultTerms("EUR", "DE")
	q, err := Price(&fresh, brand, goods("EUR", 0, 2), Ask{Destination: Destination{Country: "DE"}}, now)
	if err != nil {
		t.Fatal(err)
	}
	o, err := Place(q, placement(&q), now)
	if err != nil || o.Payment != FullyPaid || o.Due() != 0 {
		t.Fatalf("%+v %v", o, err)
	}
}

func TestAPlacementIsHeldToItsForm(t *testing.T) {
	long := strings.Repeat("é", MaxPersonLine+1)
	for field, break_ := range map[string]func(*Placement){
		"quote":           func(p *Placement) { p.Quote = protocol.CID{} },
		"contact.name":    func(p *Placement) { p.Contact.Name = " " },
		"contact.email":   func(p *Placement) { p.Contact.Email = "Mia <mia@example.org>" },
		"contact.phone":   func(p *Placement) { p.Contact.Phone = "1\n2" },
		"address.street":  func(p *Placement) { p.Address.Street = long },
		"address.city":    func(p *Placement) { p.Address.City = "a\u2066b" },
		"address.country": func(p *Placement) { p.Address.Country = "Germany" },
		"billing.country": func(p *Placement) { p.Billing = &Address{} },
		"method":          func(p *Placement) { p.Method = "Bank!" },
		"note":            func(p *Placement) { p.Note = "\x07" },
		"maxTotal":        func(p *Placement) { p.MaxTotal.Minor = -1 },
		"until":           func(p *Placement) { p.Until = -1 },
	} {
		o := placed(t)
		p := o.Placement
		address := *p.Address
		p.Address = &address
		break_(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), "order: "+field+":") {
			t.Errorf("%s: %v", field, err)
		}
		if _, err := Place(o.Quote, p, now); ReasonOf(err) != BadBody {
			t.Errorf("%s: %v", field, err)
		}
	}
}
