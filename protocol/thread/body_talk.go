package thread

import (
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// Text is a message in words.
type Text struct {
	Text string `cbor:"text" json:"text"` // 1 to MaxText characters
	// About is the product the message is about, if any.
	About protocol.Handle `cbor:"about,omitempty" json:"about,omitempty"`
}

// Photo is a picture with words.
type Photo struct {
	File File   `cbor:"file" json:"file"`
	Text string `cbor:"text,omitempty" json:"text,omitempty"`
}

// File names a sealed file and holds the key that opens it: AES-256-GCM with a
// nonce of zero bytes, one file a key.
type File struct {
	Blob    protocol.CID     `cbor:"blob" json:"blob"` // raw, of the sealed bytes
	Key     [SecretSize]byte `cbor:"key" json:"-"`
	Type    string           `cbor:"type" json:"type"` // media type, as "image/jpeg"
	Name    string           `cbor:"name,omitempty" json:"name,omitempty"`
	Size    int64            `cbor:"size" json:"size"` // bytes before sealing
	Width   int64            `cbor:"width,omitempty" json:"width,omitempty"`
	Height  int64            `cbor:"height,omitempty" json:"height,omitempty"`
	Preview []byte           `cbor:"preview,omitempty" json:"-"` // a small picture, at most 8 KiB
}

// Card shows a product. What it looks like comes from the catalog, not from here.
type Card struct {
	Product protocol.Handle    `cbor:"product" json:"product"`
	Variant protocol.VariantID `cbor:"variant,omitempty" json:"variant,omitempty"`
	Text    string             `cbor:"text,omitempty" json:"text,omitempty"`
}

// Ask asks what a cart costs at a destination.
type Ask struct {
	Lines    []trade.CartLine `cbor:"lines" json:"lines"`
	Country  protocol.Country `cbor:"country" json:"country"`
	Region   string           `cbor:"region,omitempty" json:"region,omitempty"`
	Postcode string           `cbor:"postcode,omitempty" json:"postcode,omitempty"`
	Code     string           `cbor:"code,omitempty" json:"code,omitempty"`         // discount
	Shipping string           `cbor:"shipping,omitempty" json:"shipping,omitempty"` // chosen rate; "" is the brand's choice
}

// Quote answers an ask: a quote, or why there is none.
type Quote struct {
	Ask     protocol.CID `cbor:"ask" json:"ask"`
	Quote   *trade.Quote `cbor:"quote,omitempty" json:"quote,omitempty"`
	Refused string       `cbor:"refused,omitempty" json:"refused,omitempty"`
	Text    string       `cbor:"text,omitempty" json:"text,omitempty"`
}

// Callback says how the brand may call the shopper back. It replaces what was said
// before; the zero value takes it back.
type Callback struct {
	Email string   `cbor:"email,omitempty" json:"email,omitempty"`
	Push  *Push    `cbor:"push,omitempty" json:"push,omitempty"`
	On    []string `cbor:"on,omitempty" json:"on,omitempty"` // of commit, reply and shipment
	// Link is the seed of a link key, LinkCert its certificate: for the link that
	// the brand mails. Gateway is where the link leads, an https or http URL.
	Link     []byte `cbor:"link,omitempty" json:"-"`
	LinkCert []byte `cbor:"linkCert,omitempty" json:"-"`
	Gateway  string `cbor:"gateway,omitempty" json:"gateway,omitempty"`
}

// Push is a Web Push subscription under the brand's own key (RFC 8291).
type Push struct {
	Endpoint string `cbor:"endpoint" json:"endpoint"` // an https URL
	P256dh   []byte `cbor:"p256dh" json:"-"`          // 65 bytes: an uncompressed point
	Auth     []byte `cbor:"auth" json:"-"`            // 16 bytes
}

// DeviceAdd brings a device in: the certificates from the identity's, or from a
// known link's, to its own. It is the first entry of every device but the first.
type DeviceAdd struct {
	Certs [][]byte `cbor:"certs" json:"-"`
}

// DeviceDel shuts a device or a link out, for ever.
type DeviceDel struct {
	Device [32]byte `cbor:"device" json:"-"`
}

// Rekey begins a new epoch, in force from its commit.
type Rekey struct {
	Prekey protocol.CID `cbor:"prekey" json:"prekey"`
	Enc    []byte       `cbor:"enc" json:"-"`
}

// Empty is the body of what needs no more than its kind: rekey.please, erase,
// erased.
type Empty struct{}
