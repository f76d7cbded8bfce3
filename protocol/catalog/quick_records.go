package catalog

import "github.com/stoa-commerce/stoa/protocol"

func (q *quick) product() *Product {
	p := new(Product)
	q.fields(func(key string) bool {
		switch key {
		case "type":
			p.Type = Type(q.text())
		case "v":
			p.V = q.small()
		case "handle":
			p.Handle = protocol.Handle(q.text())
		case "published":
			p.Published = protocol.Millis(q.integer())
		case "updated":
			p.Updated = protocol.Millis(q.integer())
		default:
			return q.productText(p, key) || q.productList(p, key)
		}
		return true
	})
	return p
}

func (q *quick) productText(p *Product, key string) bool {
	switch key {
	case "title":
		p.Title = q.text()
	case "description":
		p.Description = q.text()
	case "vendor":
		p.Vendor = q.text()
	case "kind":
		p.Kind = q.text()
	case "category":
		p.Category = q.text()
	default:
		return false
	}
	return true
}

func (q *quick) productList(p *Product, key string) bool {
	switch key {
	case "tags":
		p.Tags = q.texts()
	case "options":
		p.Options = list(q, q.option)
	case "variants":
		p.Variants = list(q, q.variant)
	case "media":
		p.Media = list(q, q.mediaRef)
	case "seo":
		q.seo(&p.SEO)
	case "fields":
		p.Fields = list(q, q.customField)
	case "translations":
		p.Translations = table[protocol.Language](q, q.translation)
	default:
		return false
	}
	return true
}

func (q *quick) option(o *Option) {
	q.fields(func(key string) bool {
		switch key {
		case "name":
			o.Name = q.text()
		case "values":
			o.Values = q.texts()
		default:
			return false
		}
		return true
	})
}

func (q *quick) variant(v *Variant) {
	q.fields(func(key string) bool {
		switch key {
		case "id":
			v.ID = protocol.VariantID(q.text())
		case "options":
			v.Options = q.texts()
		case "sku":
			v.SKU = q.text()
		case "gtin":
			v.GTIN = protocol.GTIN(q.text())
		case "grams":
			v.Grams = q.integer()
		case "measure":
			v.Measure = new(Quantity)
			q.quantity(v.Measure)
		case "digital":
			v.Digital = q.yes()
		case "media":
			v.Media = q.small()
		default:
			return false
		}
		return true
	})
}

func (q *quick) quantity(to *Quantity) {
	q.fields(func(key string) bool {
		switch key {
		case "milli":
			to.Milli = q.integer()
		case "unit":
			to.Unit = q.text()
		default:
			return false
		}
		return true
	})
}

func (q *quick) mediaRef(m *MediaRef) {
	q.fields(func(key string) bool {
		switch key {
		case "blob":
			m.Blob = q.link()
		case "alt":
			m.Alt = q.text()
		default:
			return false
		}
		return true
	})
}

func (q *quick) seo(s *SEO) {
	q.fields(func(key string) bool {
		switch key {
		case "title":
			s.Title = q.text()
		case "description":
			s.Description = q.text()
		default:
			return false
		}
		return true
	})
}

func (q *quick) customField(f *Field) {
	q.fields(func(key string) bool {
		switch key {
		case "name":
			f.Name = q.text()
		case "type":
			f.Type = q.text()
		case "value":
			f.Value = q.text()
		default:
			return false
		}
		return true
	})
}

func (q *quick) translation(t *Translation) {
	q.fields(func(key string) bool {
		switch key {
		case "title":
			t.Title = q.text()
		case "description":
			t.Description = q.text()
		case "seo":
			q.seo(&t.SEO)
		case "terms":
			t.Terms = table[string](q, func(term *string) { *term = q.text() })
		default:
			return false
		}
		return true
	})
}

func (q *quick) offer() *Offer {
	o := new(Offer)
	q.fields(func(key string) bool {
		switch key {
		case "type":
			o.Type = Type(q.text())
		case "v":
			o.V = q.small()
		case "product":
			o.Product = protocol.Handle(q.text())
		case "variant":
			o.Variant = protocol.VariantID(q.text())
		case "price":
			q.money(&o.Price)
		case "compareAt":
			o.CompareAt = new(protocol.Money)
			q.money(o.CompareAt)
		case "unitPrice":
			o.UnitPrice = new(UnitPrice)
			q.unitPrice(o.UnitPrice)
		case "availability":
			o.Availability = Availability(q.text())
		case "taxClass":
			o.TaxClass = TaxClass(q.text())
		default:
			return false
		}
		return true
	})
	return o
}

func (q *quick) unitPrice(u *UnitPrice) {
	q.fields(func(key string) bool {
		switch key {
		case "per":
			q.quantity(&u.Per)
		case "price":
			q.money(&u.Price)
		default:
			return false
		}
		return true
	})
}

func (q *quick) money(m *protocol.Money) {
	if q.expect(majorArray) != 2 {
		q.odd = true
	}
	m.Minor, m.Currency = q.integer(), protocol.Currency(q.text())
}
