package catalog

import (
	"github.com/stoa-commerce/stoa/protocol"
)

// Validate implements Record.
func (c *Collection) Validate() error {
	r := check(TypeCollection, c.Header)
	r.handle("handle", c.Handle)
	r.name("title", c.Title, MaxTitle)
	r.prose("description", c.Description, MaxDescription)
	r.optionalPicture("picture", c.Picture)
	r.atMost("products", len(c.Products), MaxListed)
	for i, h := range c.Products {
		r.handle(r.at("products", i, ""), h)
	}
	distinct(r, "products", c.Products)
	if c.Rule != nil {
		r.require(len(c.Products) == 0, "products", "stands beside a rule")
		c.Rule.rules(r)
	}
	return r.err
}

func (u *Rule) rules(r *rules) {
	r.oneOf("rule.match", u.Match, "all", "any")
	r.require(len(u.Conditions) > 0, "rule.conditions", "is empty")
	r.atMost("rule.conditions", len(u.Conditions), MaxConditions)
	for i, c := range u.Conditions {
		c.rules(r, r.at("rule.conditions", i, ""))
	}
}

func (c *Condition) rules(r *rules, field string) {
	r.name(field+".value", c.Value, MaxCondition)
	r.oneOf(field+".field", c.Field, "tag", "type", "vendor", "title", "price", "availability")
	switch c.Field {
	case "price":
		r.oneOf(field+".op", c.Op, "is", "not", "less", "greater")
		_, err := protocol.ParseMoney(c.Value, "CLF") // the most decimals any currency has
		r.require(err == nil && c.Value[0] != '-', field+".value", "is not a decimal such as 12.50")
	case "availability":
		r.oneOf(field+".op", c.Op, "is", "not")
		r.oneOf(field+".value", c.Value,
			string(InStock), string(LowStock), string(BackOrder), string(PreOrder), string(OutOfStock), string(Discontinued))
	default:
		r.oneOf(field+".op", c.Op, "is", "not", "contains")
	}
}

func (r *rules) optionalPicture(field string, m *MediaRef) {
	if m != nil {
		r.picture(field, *m)
	}
}

// Validate implements Record.
func (p *Page) Validate() error {
	r := check(TypePage, p.Header)
	r.handle("handle", p.Handle)
	r.oneOf("kind", p.Kind, "about", "shipping", "returns", "privacy", "imprint", "page")
	r.name("title", p.Title, MaxTitle)
	r.prose("body", p.Body, MaxDescription)
	r.time("updated", p.Updated)
	return r.err
}

// Validate implements Record.
func (p *Post) Validate() error {
	r := check(TypePost, p.Header)
	r.handle("handle", p.Handle)
	r.name("title", p.Title, MaxTitle)
	r.time("date", p.Date)
	r.line("summary", p.Summary, MaxSummary)
	r.prose("body", p.Body, MaxDescription)
	r.optionalPicture("picture", p.Picture)
	return r.err
}

// Validate implements Record.
func (m *Media) Validate() error {
	r := check(TypeMedia, m.Header)
	r.require(m.Blob.Codec() == protocol.Raw, "blob", "is not the identifier of raw content")
	r.oneOf("mime", m.MIME, "image/jpeg", "image/png", "image/gif", "image/webp")
	r.within("size", m.Size, 1, MaxPicture)
	r.within("width", int64(m.Width), 1, MaxSide)
	r.within("height", int64(m.Height), 1, MaxSide)
	r.require(int64(m.Width)*int64(m.Height) <= MaxPixels, "width", "times height is above %d pixels", MaxPixels)
	r.color("color", m.Color)
	return r.err
}
