package trade

import (
	"errors"
	"fmt"
)

// Reason is the machine word for why something was refused. It stands in commits and
// refused quotes; the words a person reads are the reader's own.
type Reason string

// The reasons that trading gives.
const (
	OutOfStock         Reason = "out_of_stock"
	PriceChanged       Reason = "price_changed"
	QuoteExpired       Reason = "quote_expired"
	QuoteUnknown       Reason = "quote_unknown"
	QuoteUsed          Reason = "quote_used"
	TooManyUnpaid      Reason = "too_many_unpaid"
	OverCeiling        Reason = "over_ceiling"
	NotDeliveredThere  Reason = "not_delivered_there"
	UnknownVariant     Reason = "unknown_variant"
	BadQuantity        Reason = "bad_quantity"
	NotCancellable     Reason = "not_cancellable"
	NotReturnable      Reason = "not_returnable"
	OrderUnknown       Reason = "order_unknown"
	Expired            Reason = "expired" // the order arrived after its own until
	BadBody            Reason = "bad_body"
	ShopClosed         Reason = "shop_closed"
	StockInReview      Reason = "stock_in_review"
	BadAmount          Reason = "bad_amount"          // a payment or refund beyond what the order allows
	NotNow             Reason = "not_now"             // the order's state doesn't allow the event
	PaymentUnavailable Reason = "payment_unavailable" // no such payment method in the quote
	AddressIncomplete  Reason = "address_incomplete"  // what the delivery needs is missing
)

// Refused is the error of everything that trading refuses.
type Refused struct {
	Reason Reason
	Detail string // for logs, in English; may be empty
}

// Error implements error.
func (r *Refused) Error() string {
	if r.Detail == "" {
		return "refused: " + string(r.Reason)
	}
	return "refused: " + string(r.Reason) + ": " + r.Detail
}

// Refuse returns a *Refused.
func Refuse(reason Reason, format string, args ...any) error {
	return &Refused{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// ReasonOf returns the reason of a refusal, "" of any other error or nil.
func ReasonOf(err error) Reason {
	var r *Refused
	if errors.As(err, &r) {
		return r.Reason
	}
	return ""
}
