package thread

import (
	"encoding/hex"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/specs/vectors"
)

// orderVector is a case of orders.json (specs/18-trade.md §8).
type orderVector struct {
	Name             string
	Order            protocol.CID
	Placed           int64
	Quote, Placement string
	Begins           orderState
	Steps            []struct {
		Kind, Error, Body string
		Shopper           bool
		Entry             protocol.CID
		Time              int64
		Then              orderState
	}
}

type orderState struct {
	State, Payment, Fulfilment, Return string
	Received, Refunded, Due, Owed      int64
	Shipped                            []int64
	Returns                            []struct {
		ID    protocol.CID
		State string
	}
}

func stateOfOrder(o trade.Order) (s orderState) {
	s = orderState{
		State: string(o.State), Payment: string(o.Payment), Fulfilment: string(o.Fulfilment), Return: string(o.Return),
		Received: o.Received, Refunded: o.Refunded, Due: o.Due(), Owed: o.Owed(), Shipped: o.Shipped,
	}
	s.Returns = make([]struct {
		ID    protocol.CID
		State string
	}, len(o.Returns))
	for i, r := range o.Returns {
		s.Returns[i].ID, s.Returns[i].State = r.ID, string(r.State)
	}
	return s
}

func decodeHex(t *testing.T, s string, v any) {
	t.Helper()
	raw, err := hex.DecodeString(s)
	if err == nil {
		err = protocol.Unmarshal(raw, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestOrdersFoldAsTheVectorsSay(t *testing.T) {
	data, err := vectors.FS.ReadFile("orders.json")
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Cases []orderVector }
	if err := json.Unmarshal(data, &set); err != nil || len(set.Cases) < 14 {
		t.Fatalf("%d cases: %v", len(set.Cases), err)
	}
	for _, v := range set.Cases {
		t.Run(v.Name, func(t *testing.T) { v.fold(t) })
	}
}

func (v orderVector) fold(t *testing.T) {
	var q trade.Quote
	var p trade.Placement
	decodeHex(t, v.Quote, &q)
	decodeHex(t, v.Placement, &p)
	o, err := trade.Place(q, p, protocol.Millis(v.Placed))
	if err != nil || !reflect.DeepEqual(stateOfOrder(o), v.Begins) {
		t.Fatalf("%+v: %v", stateOfOrder(o), err)
	}
	for i, step := range v.Steps {
		raw, err := hex.DecodeString(step.Body)
		if err != nil {
			t.Fatal(err)
		}
		body, err := DecodeBody(step.Kind, raw)
		if err != nil {
			t.Fatal(err)
		}
		if id, ok := OrderOf(body); !ok || id != v.Order {
			t.Fatalf("step %d is of order %s", i, id)
		}
		e, err := OrderEvent(&o, Opened{ID: step.Entry, Kind: step.Kind, Body: body, Brand: !step.Shopper}, protocol.Millis(step.Time))
		if err == nil {
			var next trade.Order
			if next, err = o.Apply(e); err == nil {
				o = next
			}
		}
		if string(trade.ReasonOf(err)) != step.Error || !reflect.DeepEqual(stateOfOrder(o), step.Then) {
			t.Fatalf("step %d, %s: %v, %+v", i, step.Kind, err, stateOfOrder(o))
		}
	}
}
