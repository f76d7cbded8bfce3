package thread

import (
	"fmt"
	"net/mail"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// Limits of bodies beside those of trade, in characters if not said otherwise.
const (
	maxLine    = 200   // a name, a reference, a method
	maxURL     = 2_000 // bytes
	maxEmail   = 254   // bytes
	maxPreview = 8 << 10
	maxSide    = 20_000 // pixels
	maxFile    = MaxBlob - tagSize
	maxCode    = 4_000
)

// bodyRules collects the first rule that a body breaks.
type bodyRules struct {
	kind string
	err  error
}

func checkBody(kind string, body any) error {
	r := &bodyRules{kind: kind}
	switch b := body.(type) {
	case *Text:
		r.prose("text", b.Text, MaxText, true)
		r.handle("about", b.About, false)
	case *Photo:
		r.file("file", &b.File)
		r.prose("text", b.Text, MaxText, false)
	case *Card:
		r.handle("product", b.Product, true)
		r.variant("variant", b.Variant, false)
		r.prose("text", b.Text, MaxText, false)
	case *Ask:
		r.ask(b)
	case *Quote:
		r.object("ask", b.Ask)
		r.require((b.Quote != nil) != (b.Refused != ""), "quote", "stands beside a refusal, or neither is there")
		r.require(b.Refused == "" || isWord(b.Refused, false), "refused", "is no machine word")
		r.prose("text", b.Text, MaxText, false)
	case *trade.Placement:
		r.placement(b)
	case *Callback:
		r.callback(b)
	case *DeviceAdd:
		r.require(len(b.Certs) > 0 && len(b.Certs) <= MaxChain, "certs", "has %d entries, allowed are 1 to %d", len(b.Certs), MaxChain)
	case *DeviceDel:
		r.require(b.Device != [32]byte{}, "device", "is missing")
	case *Rekey:
		r.object("prekey", b.Prekey)
		r.require(len(b.Enc) == EncSize, "enc", "has %d bytes instead of %d", len(b.Enc), EncSize)
	default:
		r.order(body)
	}
	return r.err
}

func (r *bodyRules) order(body any) {
	switch b := body.(type) {
	case *OrderNumber:
		r.object("order", b.Order)
		r.require(b.Number > 0 && b.Number <= protocol.MaxInt, "number", "is not 1 to 2^53−1")
		r.prose("instructions", b.Instructions, MaxText, false)
	case *Payment:
		r.object("order", b.Order)
		r.amount("amount", b.Amount)
		r.line("method", b.Method, maxLine)
		r.line("reference", b.Reference, maxLine)
	case *Shipment:
		r.object("order", b.Order)
		r.lines("lines", b.Lines)
		r.line("carrier", b.Carrier, maxLine)
		r.line("tracking", b.Tracking, maxLine)
		r.url("url", b.URL, "https")
	case *Delivered:
		r.object("order", b.Order)
	case *Delivery:
		r.object("order", b.Order)
		r.require(b.Line >= 0 && b.Line < trade.MaxLines, "line", "is not a line")
		r.require((b.Code != "") != (b.File != nil), "code", "stands beside a file, or neither is there")
		r.prose("code", b.Code, maxCode, false)
		r.file("file", b.File)
	case *Refund:
		r.object("order", b.Order)
		r.amount("amount", b.Amount)
		r.prose("reason", b.Reason, MaxText, false)
	case *Cancel:
		r.object("order", b.Order)
		r.prose("reason", b.Reason, MaxText, false)
	case *Expire:
		r.object("order", b.Order)
	default:
		r.returns(body)
	}
}

func (r *bodyRules) returns(body any) {
	switch b := body.(type) {
	case *Return:
		r.object("order", b.Order)
		r.lines("lines", b.Lines)
		r.prose("reason", b.Reason, MaxText, false)
	case *ReturnAnswer:
		r.object("order", b.Order)
		r.object("return", b.Return)
		r.prose("text", b.Text, MaxText, false)
	case *ReturnReceived:
		r.object("order", b.Order)
		r.object("return", b.Return)
	}
}

func (r *bodyRules) require(ok bool, field, rule string, args ...any) {
	if !ok && r.err == nil {
		r.err = protocol.Invalid("body of "+r.kind, field+" "+rule, args...)
	}
}

// prose may hold line breaks and tabs and no other control characters.
func (r *bodyRules) prose(field, s string, limit int, needed bool) {
	r.require(!needed || strings.TrimSpace(s) != "", field, "is empty")
	r.require(len(s) <= limit || utf8.RuneCountInString(s) <= limit, field, "is longer than %d characters", limit)
	r.require(!strings.ContainsFunc(s, forbiddenInProse), field, "holds a control character")
}

func forbiddenInProse(c rune) bool {
	return unicode.IsControl(c) && c != '\n' && c != '\r' && c != '\t'
}

// line holds no control characters at all, and no marks that reorder text.
func (r *bodyRules) line(field, s string, limit int) {
	r.require(len(s) <= limit || utf8.RuneCountInString(s) <= limit, field, "is longer than %d characters", limit)
	r.require(!strings.ContainsFunc(s, forbiddenInLine), field, "holds a control character, or one that turns the text around it")
}

func forbiddenInLine(c rune) bool {
	return unicode.IsControl(c) || c >= 0x202a && c <= 0x202e || c >= 0x2066 && c <= 0x2069
}

func (r *bodyRules) handle(field string, h protocol.Handle, needed bool) {
	if h == "" && !needed {
		return
	}
	_, err := protocol.ParseHandle(string(h))
	r.require(err == nil, field, "is no handle")
}

func (r *bodyRules) variant(field string, v protocol.VariantID, needed bool) {
	if v == "" && !needed {
		return
	}
	_, err := protocol.ParseVariantID(string(v))
	r.require(err == nil, field, "is no variant")
}

func (r *bodyRules) object(field string, id protocol.CID) {
	r.require(isObject(id), field, "is no link to an object")
}

func (r *bodyRules) amount(field string, m protocol.Money) {
	r.require(m.Validate() == nil && m.Minor > 0, field, "is no amount above 0")
}

func (r *bodyRules) lines(field string, lines []trade.LineQuantity) {
	r.require(len(lines) > 0 && len(lines) <= trade.MaxLines, field, "has %d entries, allowed are 1 to %d", len(lines), trade.MaxLines)
	for _, l := range lines {
		r.require(l.Line >= 0 && l.Line < trade.MaxLines && l.Quantity > 0 && l.Quantity <= trade.MaxQuantity, field, "holds a line or quantity out of range")
	}
}

func (r *bodyRules) url(field, s string, schemes ...string) {
	if s == "" {
		return
	}
	u, err := url.Parse(s)
	ok := err == nil && len(s) <= maxURL && u.Host != "" && u.User == nil
	fits := false
	for _, scheme := range schemes {
		fits = fits || ok && strings.HasPrefix(s, scheme+"://")
	}
	r.require(fits, field, "is no %s URL", strings.Join(schemes, " or "))
}

func (r *bodyRules) email(field, s string) {
	if s == "" {
		return
	}
	a, err := mail.ParseAddress(s)
	r.require(err == nil && a.Address == s && len(s) <= maxEmail, field, "is no e-mail address")
}

// file may be nil.
func (r *bodyRules) file(field string, f *File) {
	if f == nil {
		return
	}
	r.require(f.Blob.Codec() == protocol.Raw, field+".blob", "is no link to raw content")
	r.require(f.Type != "", field+".type", "is empty")
	r.line(field+".type", f.Type, 100)
	r.line(field+".name", f.Name, maxLine)
	r.require(f.Size > 0 && f.Size <= maxFile, field+".size", "is %d, allowed are 1 to %d", f.Size, maxFile)
	r.require(f.Width >= 0 && f.Width <= maxSide && f.Height >= 0 && f.Height <= maxSide, field+".width", "or height is out of range")
	r.require(len(f.Preview) <= maxPreview, field+".preview", "is larger than %d bytes", maxPreview)
}

func (r *bodyRules) country(field string, c protocol.Country) {
	parsed, err := protocol.ParseCountry(string(c))
	r.require(err == nil && parsed == c, field, "is no ISO 3166-1 code")
}

func (r *bodyRules) ask(b *Ask) {
	r.require(len(b.Lines) > 0 && len(b.Lines) <= trade.MaxLines, "lines", "has %d entries, allowed are 1 to %d", len(b.Lines), trade.MaxLines)
	for _, l := range b.Lines {
		r.handle("lines.product", l.Product, true)
		r.variant("lines.variant", l.Variant, true)
	}
	r.country("country", b.Country)
	r.line("region", b.Region, maxLine)
	r.line("postcode", b.Postcode, maxLine)
	r.line("code", b.Code, maxLine)
	r.line("shipping", b.Shipping, maxLine)
}

func (r *bodyRules) placement(b *trade.Placement) {
	r.object("quote", b.Quote)
	r.require(len(b.Records) > 0, "records", "is empty")
	for _, id := range b.Records {
		r.object("records", id)
	}
	if err := b.Validate(); err != nil && r.err == nil {
		r.err = fmt.Errorf("body of %s: %w", r.kind, err)
	}
}

func (r *bodyRules) callback(b *Callback) {
	r.email("email", b.Email)
	r.require((b.Email != "" || b.Push != nil) == (len(b.On) > 0), "on", "says when without how, or how without when")
	r.require(len(b.On) <= 3, "on", "has more than 3 entries")
	for _, on := range b.On {
		r.require(on == "commit" || on == "reply" || on == "shipment", "on", "is not commit, reply or shipment")
	}
	r.require(len(b.Link) == 0 || len(b.Link) == SecretSize, "link", "is no seed")
	r.require((len(b.Link) == 0) == (len(b.LinkCert) == 0), "linkCert", "and link need each other")
	r.url("gateway", b.Gateway, "https", "http")
	if p := b.Push; p != nil {
		r.require(p.Endpoint != "" && len(p.P256dh) == 65 && len(p.Auth) == 16, "push", "is no subscription")
		r.url("push.endpoint", p.Endpoint, "https")
	}
}
