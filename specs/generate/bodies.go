package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// bodyVectors makes the cases of specs/17-bodies.md §6.
func bodyVectors() (any, error) {
	return vecSet{"17-bodies", "What stands in the entries of threads; specs/17-bodies.md §6 says what each kind holds.", slices.Concat(goodBodies(), badBodies(), bodyKinds())}, nil
}

func offerCID(variant protocol.VariantID, price int64) protocol.CID {
	return protocol.Sum(protocol.DagCBOR, sure(catalog.Encode(teaOffer(variant, price))))
}

func someAsk() *thread.Ask {
	return &thread.Ask{Lines: []trade.CartLine{{Product: "gyokuro", Variant: "50-g", Quantity: 2}}, Country: "DE", Postcode: "20095", Code: "SPRING", Shipping: "post"}
}

func someQuote(ask protocol.CID) *thread.Quote {
	post := trade.ShippingChoice{ID: "post", Name: "Post", Kind: "flat", Price: 490, TaxRate: 19_000, Tax: 78}
	return &thread.Quote{Ask: ask, Quote: &trade.Quote{
		Brand: teaStall().log.Brand(), Currency: "EUR", Goods: 4980, Shipping: &post, Options: []trade.ShippingChoice{post}, Tax: 404, TaxIncluded: true, Total: 5470,
		Lines:       []trade.QuoteLine{{Product: "gyokuro", Variant: "50-g", Offer: offerCID("50-g", 2490), Title: "Gyokuro Hoshino", Options: []string{"50 g"}, Quantity: 2, Unit: 2490, Total: 4980, TaxClass: "reduced", TaxRate: 7000, Tax: 326}},
		Destination: trade.Destination{Country: "DE", Postcode: "20095"}, Payments: []trade.Payment{{ID: "bank", Kind: "bank", Name: "Bank transfer", Instructions: "IBAN DE02120300000000202051"}},
		Until: talkStart + trade.QuoteFor,
	}}
}

func someOrder() *trade.Placement {
	return &trade.Placement{
		Quote: object("quote"), Records: []protocol.CID{offerCID("50-g", 2490)}, Contact: trade.Contact{Name: "Kim Möller", Email: "kim@example.org"},
		Address: &trade.Address{Street: "Deichstraße 1", City: "Hamburg", Postcode: "20459", Country: "DE"}, Method: "bank", Note: "Please ring twice.",
		MaxTotal: protocol.NewMoney(5470, "EUR"), Until: talkStart + 7*24*hour,
	}
}

func someFile() *thread.File {
	return &thread.File{Blob: blobNamed("sealed"), Key: fixed("file"), Type: "image/jpeg", Name: "leaf.jpg", Size: 1000, Width: 40, Height: 30, Preview: []byte{1, 2, 3}}
}

type namedBody struct {
	kind string
	body any
}

func someBodies() []namedBody {
	order, seed := object("order"), fixed("mailed link")
	t := teaTalk()
	enc, _ := t.encapsulated("rekey")
	parts := []trade.LineQuantity{{Line: 0, Quantity: 2}}
	return []namedBody{
		{thread.KindText, &thread.Text{Text: "Is it in stock?\nI'd like 2.", About: "gyokuro"}},
		{thread.KindText, &thread.Text{Text: strings.Repeat("ä", thread.MaxText)}},
		{thread.KindPhoto, &thread.Photo{File: *someFile(), Text: "This one?"}},
		{thread.KindCard, &thread.Card{Product: "gyokuro", Variant: "50-g", Text: "Here it is."}},
		{thread.KindAsk, someAsk()},
		{thread.KindQuote, someQuote(object("ask"))},
		{thread.KindQuote, &thread.Quote{Ask: object("ask"), Refused: "out_of_stock", Text: "Back in May."}},
		{thread.KindOrder, someOrder()},
		{thread.KindOrderNumber, &thread.OrderNumber{Order: order, Number: 1001, Instructions: "IBAN DE02120300000000202051"}},
		{thread.KindPayment, &thread.Payment{Order: order, Amount: protocol.NewMoney(5470, "EUR"), Method: "bank", Reference: "1001"}},
		{thread.KindShipment, &thread.Shipment{Order: order, Lines: parts, Carrier: "Post", Tracking: "00340", URL: "https://post.example/00340"}},
		{thread.KindDelivered, &thread.Delivered{Order: order}},
		{thread.KindDelivery, &thread.Delivery{Order: order, Line: 1, Code: "ABCD-EFGH"}},
		{thread.KindDelivery, &thread.Delivery{Order: order, File: someFile()}},
		{thread.KindRefund, &thread.Refund{Order: order, Amount: protocol.NewMoney(490, "EUR"), Reason: "late"}},
		{thread.KindCancel, &thread.Cancel{Order: order, Reason: "changed my mind"}},
		{thread.KindExpire, &thread.Expire{Order: order}},
		{thread.KindReturn, &thread.Return{Order: order, Lines: parts, Withdrawal: true}},
		{thread.KindReturnAnswer, &thread.ReturnAnswer{Order: order, Return: object("return"), Accepted: true, Text: "Send it here."}},
		{thread.KindReturnReceived, &thread.ReturnReceived{Order: order, Return: object("return"), Restock: true}},
		{thread.KindCallback, &thread.Callback{}},
		{thread.KindCallback, &thread.Callback{Email: "kim@example.org", On: []string{"commit", "reply"}, Link: seed[:], LinkCert: t.cert("link", thread.SigningKey(seed), t.identity), Gateway: "https://tea.example"}},
		{thread.KindCallback, &thread.Callback{Push: &thread.Push{Endpoint: "https://push.example/abc", P256dh: make([]byte, 65), Auth: make([]byte, 16)}, On: []string{"shipment"}}},
		{thread.KindDeviceAdd, &thread.DeviceAdd{Certs: [][]byte{t.cert("device", namedKey("the shopper's laptop"), t.identity)}}},
		{thread.KindDeviceDel, &thread.DeviceDel{Device: [32]byte(public(namedKey("the shopper's laptop")))}},
		{thread.KindRekey, &thread.Rekey{Prekey: t.prekeyID, Enc: enc}},
		{thread.KindRekeyPlease, nil}, {thread.KindErase, nil}, {thread.KindErased, nil},
	}
}

func goodBodies() []vec {
	var cases []vec
	for _, b := range someBodies() {
		data := sure(thread.EncodeBody(b.kind, b.body))
		cases = append(cases, vec{"name": b.kind, "kind": "body", "valid": true, "of": b.kind, "cbor": hexed(data)})
		var m map[string]any
		sure(0, protocol.Unmarshal(data, &m))
		m["ofTomorrow"] = 1
		cases = append(cases, vec{"name": b.kind + " with a field of tomorrow", "kind": "body", "valid": true, "of": b.kind, "cbor": hexed(sure(protocol.Marshal(m))), "known": hexed(data)})
	}
	return cases
}

func bodyKinds() []vec {
	var cases []vec
	seen := map[string]bool{}
	for _, b := range append(someBodies(), namedBody{kind: "dance"}) {
		if seen[b.kind] {
			continue
		}
		seen[b.kind] = true
		class := "conversation"
		if thread.ClassOf(b.kind) == thread.Fiscal {
			class = "fiscal"
		}
		cases = append(cases, vec{"name": "who says " + b.kind, "kind": "kind", "valid": true, "of": b.kind, "class": class, "shopper": thread.May(b.kind, false), "brand": thread.May(b.kind, true)})
	}
	return cases
}

func badBodies() []vec {
	order := object("order")
	line := mapped{"line": 0, "quantity": 1}
	cart := mapped{"product": "gyokuro", "variant": "50-g", "quantity": 1}
	key := fixed("file")
	file := mapped{"blob": blobNamed("x"), "key": key[:], "type": "image/jpeg", "size": 10}
	var cases []vec
	for i, c := range []struct {
		kind string
		m    any
	}{
		{"text", mapped{}}, {"text", mapped{"text": " "}}, {"text", mapped{"text": "a\x00b"}}, {"text", mapped{"text": strings.Repeat("ä", thread.MaxText+1)}}, {"text", mapped{"text": 1}}, {"text", []any{}}, {"text", mapped{"text": "a", "about": "No Handle"}},
		{"photo", mapped{}}, {"photo", mapped{"file": changed(file, mapped{"blob": order})}}, {"photo", mapped{"file": changed(file, mapped{"size": thread.MaxBlob})}}, {"photo", mapped{"file": changed(file, mapped{"preview": make([]byte, 8193)})}}, {"photo", mapped{"file": changed(file, mapped{"width": -1})}},
		{"card", mapped{}}, {"card", mapped{"product": "a/b"}},
		{"quote.ask", mapped{"lines": []any{}, "country": "DE"}}, {"quote.ask", mapped{"lines": []any{cart}, "country": "XX"}}, {"quote.ask", mapped{"lines": []any{changed(cart, mapped{"variant": ""})}, "country": "DE"}},
		{"quote", mapped{"ask": object("ask")}}, {"quote", mapped{"refused": "out_of_stock"}}, {"quote", mapped{"ask": object("ask"), "refused": "Out of stock"}},
		{"order", mapped{}}, {"order.number", mapped{"order": order, "number": 0}}, {"order.number", mapped{"number": 1001}},
		{"payment", mapped{"order": order, "amount": []any{0, "EUR"}}}, {"payment", mapped{"order": order, "amount": []any{-1, "EUR"}}}, {"payment", mapped{"order": order, "amount": []any{1, "XXX1"}}}, {"payment", mapped{"order": blobNamed("x"), "amount": []any{1, "EUR"}}}, {"payment", mapped{"order": order, "amount": []any{1, "EUR"}, "reference": "a\nb"}}, {"payment", mapped{"order": order, "amount": []any{1, "EUR"}, "reference": "a\u202eb"}},
		{"shipment", mapped{"order": order, "lines": []any{}}}, {"shipment", mapped{"order": order, "lines": []any{changed(line, mapped{"quantity": 0})}}}, {"shipment", mapped{"order": order, "lines": []any{changed(line, mapped{"line": 100})}}}, {"shipment", mapped{"order": order, "lines": []any{line}, "url": "javascript:alert(1)"}}, {"shipment", mapped{"order": order, "lines": []any{line}, "url": "http://post.example/"}},
		{"delivery", mapped{"order": order, "line": 0}}, {"delivery", mapped{"order": order, "line": 0, "code": "x", "file": file}}, {"delivered", mapped{}}, {"refund", mapped{"order": order}}, {"cancel", mapped{}}, {"expire", mapped{}},
		{"return", mapped{"order": order, "lines": []any{}}}, {"return.answer", mapped{"order": order}}, {"return.received", mapped{"return": order}},
		{"callback", mapped{"email": "kim@example.org"}}, {"callback", mapped{"on": []any{"commit"}}}, {"callback", mapped{"email": "kim", "on": []any{"commit"}}}, {"callback", mapped{"email": "kim@example.org", "on": []any{"always"}}}, {"callback", mapped{"link": key[:]}}, {"callback", mapped{"gateway": "javascript:x"}},
		{"callback", mapped{"push": mapped{"endpoint": "http://push.example/", "p256dh": make([]byte, 65), "auth": make([]byte, 16)}, "on": []any{"reply"}}}, {"callback", mapped{"push": mapped{"endpoint": "https://push.example/", "p256dh": make([]byte, 64), "auth": make([]byte, 16)}, "on": []any{"reply"}}},
		{"dev.add", mapped{"certs": []any{}}}, {"dev.add", mapped{"certs": []any{key[:], key[:], key[:]}}}, {"dev.del", mapped{}}, {"rekey", mapped{"prekey": object("p"), "enc": key[:]}},
	} {
		cases = append(cases, vec{"name": fmt.Sprintf("no %s (%d)", c.kind, i), "kind": "body", "valid": false, "error": "body", "of": c.kind, "cbor": hexed(sure(protocol.Marshal(c.m)))})
	}
	return append(cases, vec{"name": "of a kind of tomorrow", "kind": "body", "valid": false, "error": "unsupported", "of": "dance", "cbor": "a0"})
}
