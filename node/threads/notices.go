package threads

import (
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/store"
)

// The kinds of notices that wait to be sent (store.Notice.Kind); the body is a Notice.
// Those to the shopper are queued when the callback asks for them.
const (
	NoticeShopOrder   = "shop.order"   // to the brand: a new order
	NoticeShopMessage = "shop.message" // to the brand: something unread in a thread that had nothing unread
	NoticeOrder       = "order"        // to the shopper: the order was committed
	NoticeReply       = "reply"
	NoticeShipment    = "shipment"
)

// Notice is what a notice is about. What stands there is read when it is sent.
type Notice struct {
	Entry protocol.CID `cbor:"entry"`
	Kind  string       `cbor:"kind"` // of the entry
}

// queueNotice has a notice sent once the batch is durable.
func (s *session) queueNotice(kind string, e *store.ThreadEntry) error {
	body, err := protocol.Marshal(Notice{Entry: e.ID, Kind: e.Kind})
	if err != nil {
		return err
	}
	return s.b.tx.PutNotice(&store.Notice{Thread: s.t.ID, Due: s.b.now, Kind: kind, Body: body})
}

// tellOwner queues what the brand's own people are told, if anybody is.
func (s *session) tellOwner(kind string, e *store.ThreadEntry) error {
	if s.b.d.quiet != nil && s.b.d.quiet() {
		return nil
	}
	return s.queueNotice(kind, e)
}

// tell queues what the shopper wanted to be told of an entry.
func (s *session) tell(e *store.ThreadEntry) error {
	on, kind := calling(e.Kind)
	if on == "" || e.Refused != "" || len(s.t.Callback) == 0 {
		return nil
	}
	body, err := thread.DecodeBody(thread.KindCallback, s.t.Callback)
	if err != nil {
		return nil // it was valid when it was committed: of an older form
	}
	if !slices.Contains(body.(*thread.Callback).On, on) {
		return nil
	}
	return s.queueNotice(kind, e)
}

// calling returns the word of Callback.On that an entry falls under, and the notice.
func calling(kind string) (on, notice string) {
	switch kind {
	case thread.KindText, thread.KindPhoto, thread.KindCard, thread.KindReturnAnswer, thread.KindRefund, thread.KindCancel,
		thread.KindExpire, thread.KindDelivery:
		return "reply", NoticeReply
	case thread.KindShipment:
		return "shipment", NoticeShipment
	case thread.KindOrder:
		return "commit", NoticeOrder
	}
	return "", ""
}
