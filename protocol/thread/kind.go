package thread

// The kinds of entries of this version (specs/17-bodies.md). Who may write which
// stands in May.
const (
	KindText           = "text"
	KindPhoto          = "photo"
	KindCard           = "card"
	KindAsk            = "quote.ask"
	KindQuote          = "quote"
	KindOrder          = "order"
	KindOrderNumber    = "order.number"
	KindPayment        = "payment"
	KindShipment       = "shipment"
	KindDelivered      = "delivered"
	KindDelivery       = "delivery"
	KindRefund         = "refund"
	KindCancel         = "cancel"
	KindExpire         = "expire"
	KindReturn         = "return"
	KindReturnAnswer   = "return.answer"
	KindReturnReceived = "return.received"
	KindCallback       = "callback"
	KindDeviceAdd      = "dev.add"
	KindDeviceDel      = "dev.del"
	KindRekey          = "rekey"
	KindRekeyPlease    = "rekey.please"
	KindErase          = "erase"
	KindErased         = "erased"
)

// Reasons with which the brand refuses an entry of a thread, whatever it is about.
// Those of trade stand in protocol/trade.
const (
	RefusedUnsupported = "unsupported"    // a kind that the brand doesn't know
	RefusedBody        = "bad_body"       // the body breaks a rule of its kind
	RefusedRemoved     = "device_removed" // the device was removed before
	RefusedStaleRekey  = "stale_rekey"    // to a prekey that is gone, or another rekey came first
	RefusedErased      = "thread_erased"  // the thread was erased
)

// Class says what law a body is kept by.
type Class uint8

// The classes of bodies at rest. They have keys of their own.
const (
	Conversation Class = 0 // goes when the shopper asks for it
	Fiscal       Class = 1 // stays for the term of the books
)

// ClassOf returns the class of a kind: quotes, orders and what becomes of them are
// fiscal, all else, kinds of the future too, is conversation.
func ClassOf(kind string) Class {
	switch kind {
	case KindQuote, KindOrder, KindOrderNumber, KindPayment, KindShipment, KindRefund, KindCancel, KindExpire,
		KindReturn, KindReturnAnswer, KindReturnReceived:
		return Fiscal
	}
	return Conversation
}

// May reports whether the side may write entries of the kind: brand or shopper.
// Nobody may write a kind that isn't known.
func May(kind string, brand bool) bool {
	switch kind {
	case KindText, KindPhoto, KindCancel:
		return true
	case KindAsk, KindOrder, KindReturn, KindCallback, KindDeviceAdd, KindDeviceDel, KindRekey, KindErase:
		return !brand
	case KindCard, KindQuote, KindOrderNumber, KindPayment, KindShipment, KindDelivered, KindDelivery, KindRefund,
		KindExpire, KindReturnAnswer, KindReturnReceived, KindRekeyPlease, KindErased:
		return brand
	}
	return false
}
