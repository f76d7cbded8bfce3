package thread

import (
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// newBody returns an empty body of a kind, nil if the kind is not known. An order's
// body is trade's.
func newBody(kind string) any {
	switch kind {
	case KindText:
		return new(Text)
	case KindPhoto:
		return new(Photo)
	case KindCard:
		return new(Card)
	case KindAsk:
		return new(Ask)
	case KindQuote:
		return new(Quote)
	case KindOrder:
		return new(trade.Placement)
	case KindOrderNumber:
		return new(OrderNumber)
	case KindCallback:
		return new(Callback)
	case KindDeviceAdd:
		return new(DeviceAdd)
	case KindDeviceDel:
		return new(DeviceDel)
	case KindRekey:
		return new(Rekey)
	case KindRekeyPlease, KindErase, KindErased:
		return new(Empty)
	}
	return newOrderBody(kind)
}

func newOrderBody(kind string) any {
	switch kind {
	case KindPayment:
		return new(Payment)
	case KindShipment:
		return new(Shipment)
	case KindDelivered:
		return new(Delivered)
	case KindDelivery:
		return new(Delivery)
	case KindRefund:
		return new(Refund)
	case KindCancel:
		return new(Cancel)
	case KindExpire:
		return new(Expire)
	case KindReturn:
		return new(Return)
	case KindReturnAnswer:
		return new(ReturnAnswer)
	case KindReturnReceived:
		return new(ReturnReceived)
	}
	return nil
}

// EncodeBody returns the canonical bytes of a body, at most MaxBody. body is a
// pointer to the type of the kind, as DecodeBody returns it; nil stands for an
// Empty one. Errors wrap protocol.ErrInvalid, or ErrUnsupported for an unknown kind.
func EncodeBody(kind string, body any) ([]byte, error) {
	want := newBody(kind)
	if want == nil {
		return nil, fmt.Errorf("body of %.40q: %w", kind, ErrUnsupported)
	}
	if _, empty := want.(*Empty); empty && body == nil {
		body = want
	}
	if got, due := fmt.Sprintf("%T", body), fmt.Sprintf("%T", want); got != due {
		return nil, protocol.Invalid("body", "of %s is a %s, not a %s", kind, got, due)
	}
	if err := checkBody(kind, body); err != nil {
		return nil, err
	}
	data, err := protocol.Marshal(body)
	if err == nil && len(data) > MaxBody {
		err = protocol.Invalid("body", "%d bytes, allowed are %d", len(data), MaxBody)
	}
	return data, err
}

// DecodeBody reads the body of a kind and checks its rules: the result is a
// pointer to the type of the kind. Fields that the kind doesn't have are ignored.
// Errors wrap protocol.ErrInvalid, or ErrUnsupported for an unknown kind.
func DecodeBody(kind string, data []byte) (any, error) {
	body := newBody(kind)
	if body == nil {
		return nil, fmt.Errorf("body of %.40q: %w", kind, ErrUnsupported)
	}
	if len(data) > MaxBody {
		return nil, protocol.Invalid("body", "%d bytes, allowed are %d", len(data), MaxBody)
	}
	if err := protocol.Unmarshal(data, body); err != nil {
		return nil, fmt.Errorf("body of %s: %w", kind, err)
	}
	return body, checkBody(kind, body)
}
