package catalog

// Validate implements Record.
func (o *Offer) Validate() error { return judge(o.rules) }

func (o *Offer) rules(r *rules) {
	r.header(TypeOffer, o.Header)
	r.handle("product", o.Product)
	r.variantID("variant", o.Variant)
	r.price("price", o.Price)
	o.compareAt(r)
	o.unitPrice(r)
	r.oneOf("availability", string(o.Availability),
		string(InStock), string(LowStock), string(BackOrder), string(PreOrder), string(OutOfStock), string(Discontinued))
	r.oneOf("taxClass", string(o.TaxClass),
		string(TaxStandard), string(TaxReduced), string(TaxZero), string(TaxExempt))
}

func (o *Offer) compareAt(r *rules) {
	if o.CompareAt == nil {
		return
	}
	r.price("compareAt", *o.CompareAt)
	r.require(o.CompareAt.Currency == o.Price.Currency, "compareAt", "is in another currency than price")
	r.require(o.CompareAt.Minor > o.Price.Minor, "compareAt", "is not above price")
}

func (o *Offer) unitPrice(r *rules) {
	if o.UnitPrice == nil {
		return
	}
	r.price("unitPrice.price", o.UnitPrice.Price)
	r.require(o.UnitPrice.Price.Currency == o.Price.Currency, "unitPrice.price", "is in another currency than price")
	r.quantity("unitPrice.per", o.UnitPrice.Per)
}
