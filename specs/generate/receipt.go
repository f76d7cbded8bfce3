package main

import (
	"bytes"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// receiptVectors makes the cases of specs/21-receipt.md §6.
func receiptVectors() (any, error) {
	s, order := teaTalk().buys()
	return vecSet{"21-receipt", "Receipts of an order; specs/21-receipt.md §6 says what they hold.", slices.Concat(s.goodReceipts(order), s.badReceipts(order))}, nil
}

// buys tells a purchase from the question to the return.
func (t *talk) buys() (*teller, protocol.CID) {
	s := t.tells()
	s.says("phone", "Is the Gyokuro in stock?")
	s.says("tea", "It is.")
	s.stands(s.write("phone", thread.KindAsk, someAsk()), "", true)
	s.stands(s.write("tea", thread.KindQuote, someQuote(s.lastID())), "", true)
	p := someOrder()
	p.Quote = s.lastID()
	s.stands(s.write("phone", thread.KindOrder, p), "", true)
	order := s.lastID()
	s.stands(s.write("tea", thread.KindOrderNumber, &thread.OrderNumber{Order: order, Number: 1001}), "", true)
	s.stands(s.write("tea", thread.KindPayment, &thread.Payment{Order: order, Amount: protocol.NewMoney(5470, "EUR"), Method: "bank"}), "", true)
	s.stands(s.write("tea", thread.KindShipment, &thread.Shipment{Order: order, Lines: []trade.LineQuantity{{Line: 0, Quantity: 2}}, Carrier: "Post"}), "", true)
	seed := fixed("mailed link")
	link := thread.SigningKey(seed)
	s.stands(s.write("phone", thread.KindCallback, &thread.Callback{Email: "kim@example.org", On: []string{"commit"}, Link: seed[:], LinkCert: t.cert("link", link, t.identity), Gateway: "https://tea.example"}), "", true)
	s.stands(s.write("tablet", thread.KindDeviceAdd, &thread.DeviceAdd{Certs: [][]byte{t.cert("device", namedKey("the shopper's tablet"), link)}}), "", true)
	s.stands(s.write("tablet", thread.KindCancel, &thread.Cancel{Order: order}), "not_cancellable", false)
	s.stands(s.write("tablet", thread.KindReturn, &thread.Return{Order: order, Lines: []trade.LineQuantity{{Line: 0, Quantity: 1}}, Reason: "one too many"}), "", true)
	return s, order
}

func (s *teller) lastID() protocol.CID { return s.ids[len(s.ids)-1] }

func (s *teller) receipt(order protocol.CID) thread.Receipt {
	link := thread.SigningKey(fixed("mailed link"))
	devices := [][][]byte{{s.cert("link", link, s.identity), s.cert("device", namedKey("the shopper's tablet"), link)}}
	return sure(thread.NewReceipt(s.log.Signed(), s.signed, devices, s.items, order))
}

func receiptCase(name string, r thread.Receipt) vec {
	data := sure(r.Encode())
	p := sure(thread.VerifyReceipt(data, protocol.CID{}))
	var entries []vec
	for _, e := range p.Entries {
		entries = append(entries, vec{"seq": e.Commit.Seq, "kind": e.Entry.Kind, "brand": e.Brand, "link": e.Link, "hidden": e.Hidden, "refused": e.Commit.Refused})
	}
	var orders []vec
	for id, o := range p.Ledger.Orders {
		orders = append(orders, vec{"order": id, "number": p.Ledger.Numbers[id], "state": o.State, "payment": o.Payment, "fulfilment": o.Fulfilment, "return": o.Return})
	}
	return vec{"name": name, "kind": "receipt", "valid": true, "bytes": hexed(data), "brand": p.Brand, "thread": p.Thread, "commits": p.Commits, "entries": entries, "orders": orders}
}

func (s *teller) goodReceipts(order protocol.CID) []vec {
	hidden := s.receipt(order)
	hidden.Entries = slices.Clone(hidden.Entries)
	for i := range hidden.Entries {
		hidden.Entries[i].Salt, hidden.Entries[i].Body = nil, nil
	}
	none := s.receipt(order)
	none.Entries, none.Commits, none.Devices = nil, none.Commits[:1], nil
	return []vec{receiptCase("of an order", s.receipt(order)), receiptCase("with headers only", hidden), receiptCase("of one commit that shows nothing", none)}
}

func (s *teller) badReceipts(order protocol.CID) []vec {
	var cases []vec
	bad := func(name, part string, change func(*thread.Receipt)) {
		r := s.receipt(order)
		r.Log, r.Commits, r.Entries, r.Devices = slices.Clone(r.Log), slices.Clone(r.Commits), slices.Clone(r.Entries), slices.Clone(r.Devices)
		change(&r)
		cases = append(cases, vec{"name": name, "kind": "receipt", "valid": false, "error": part, "bytes": hexed(sure(r.Encode()))})
	}
	bad("without the brand's first operation", "brand", func(r *thread.Receipt) { r.Log = r.Log[1:] })
	bad("operations in another order", "brand", func(r *thread.Receipt) { slices.Reverse(r.Log) })
	bad("an operation twice", "brand", func(r *thread.Receipt) { r.Log = append(r.Log, r.Log[1]) })
	bad("an operation altered", "brand", func(r *thread.Receipt) { r.Log[1] = flippedLast(r.Log[1]) })
	bad("the genesis altered", "genesis", func(r *thread.Receipt) { r.Genesis = flippedLast(r.Genesis) })
	bad("a certificate altered", "device 1", func(r *thread.Receipt) { r.Devices[0] = [][]byte{r.Devices[0][0], flippedLast(r.Devices[0][1])} })
	bad("without a device", "entry 6", func(r *thread.Receipt) { r.Devices = nil })
	bad("a commit altered", "commit 3", func(r *thread.Receipt) { r.Commits[2] = flippedLast(r.Commits[2]) })
	bad("a commit missing", "commit 3", func(r *thread.Receipt) { r.Commits = slices.Delete(r.Commits, 2, 3) })
	bad("two commits exchanged", "commit 3", func(r *thread.Receipt) { r.Commits[2], r.Commits[3] = r.Commits[3], r.Commits[2] })
	bad("a commit of a stranger", "commit 12", func(r *thread.Receipt) {
		c := sure(thread.DecodeCommit(r.Commits[11]))
		r.Commits[11] = sure(sure(c.Commit.Sign(namedKey("stranger"))).Encode())
	})
	bad("an entry altered", "entry 2", func(r *thread.Receipt) { r.Entries[1].Entry = flippedLast(r.Entries[1].Entry) })
	bad("two entries exchanged", "entry 2", func(r *thread.Receipt) { r.Entries[0], r.Entries[1] = r.Entries[1], r.Entries[0] })
	bad("an entry twice", "entry 2", func(r *thread.Receipt) { r.Entries = slices.Insert(r.Entries, 1, r.Entries[0]) })
	bad("another body", "entry 4", func(r *thread.Receipt) {
		r.Entries[3].Body = bytes.Replace(r.Entries[3].Body, []byte{0x19, 0x15, 0x5e}, []byte{0x19, 0x05, 0x5e}, 1)
	})
	bad("another salt", "entry 1", func(r *thread.Receipt) { r.Entries[0].Salt = flippedLast(r.Entries[0].Salt) })
	return cases
}

// flippedLast returns a copy with the last bit changed: that of a signature.
func flippedLast(b []byte) []byte {
	out := bytes.Clone(b)
	out[len(out)-1] ^= 1
	return out
}
