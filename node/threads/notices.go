package threads

import (
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/store"
)

// The kinds of notices that wait to be sent (store.Notice.Kind).
const (
	NoticeOrder    = "owner.order"    // to the brand: a new order
	NoticeMessage  = "owner.message"  // to the brand: something unread in a thread that had nothing unread
	NoticeCommit   = "shopper.commit" // to the shopper, as Callback.On says: an order was committed
	NoticeReply    = "shopper.reply"
	NoticeShipment = "shopper.shipment"
)

// Notice is the body of a store.Notice: what it is about. What the thread and the order
// hold is read when it is sent.
type Notice struct {
	Entry protocol.CID `cbor:"entry"`
	Seq   uint64       `cbor:"seq"`
	Kind  string       `cbor:"kind"` // of the entry
}

// queueNotice has a notice sent once the batch is durable.
func (s *session) queueNotice(kind string, e *store.ThreadEntry) error {
	body, err := protocol.Marshal(Notice{Entry: e.ID, Seq: e.Seq, Kind: e.Kind})
	if err != nil {
		return err
	}
	return s.b.tx.PutNotice(&store.Notice{Thread: s.t.ID, Due: s.b.now, Kind: kind, Body: body})
}

// tell queues what the shopper wanted to be told of an entry of the brand's.
func (s *session) tell(e *store.ThreadEntry, _ any) error {
	on := ""
	switch e.Kind {
	case thread.KindText, thread.KindPhoto, thread.KindCard, thread.KindReturnAnswer, thread.KindRefund, thread.KindCancel, thread.KindDelivery:
		on = "reply"
	case thread.KindShipment:
		on = "shipment"
	case thread.KindOrderNumber:
		on = "commit"
	}
	if on == "" || len(s.t.Callback) == 0 {
		return nil
	}
	body, err := thread.DecodeBody(thread.KindCallback, s.t.Callback)
	if err != nil {
		return nil // it was valid when it was committed: an older form
	}
	if !slices.Contains(body.(*thread.Callback).On, on) {
		return nil
	}
	return s.queueNotice("shopper."+on, e)
}
