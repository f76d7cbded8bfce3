package importer

import (
	"strings"

	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// units spells the catalog's units as files do.
var units = map[string]string{
	"ml": "ml", "milliliter": "ml", "milliliters": "ml", "millilitre": "ml",
	"cl": "cl", "centiliter": "cl", "centiliters": "cl", "centilitre": "cl",
	"l": "l", "liter": "l", "liters": "l", "litre": "l", "litres": "l",
	"m3": "m3", "m³": "m3", "cubic meter": "m3", "cubic meters": "m3",
	"mg": "mg", "milligram": "mg", "milligrams": "mg",
	"g": "g", "gram": "g", "grams": "g",
	"kg": "kg", "kilogram": "kg", "kilograms": "kg",
	"mm": "mm", "millimeter": "mm", "millimeters": "mm",
	"cm": "cm", "centimeter": "cm", "centimeters": "cm",
	"m": "m", "meter": "m", "meters": "m", "metre": "m",
	"m2": "m2", "m²": "m2", "square meter": "m2", "square meters": "m2", "sqm": "m2",
	"pc": "pc", "pcs": "pc", "piece": "pc", "pieces": "pc", "item": "pc", "items": "pc", "unit": "pc", "units": "pc", "count": "pc", "ct": "pc",
}

// dimensions tells which units can be compared.
var dimensions = map[string]string{
	"ml": "volume", "cl": "volume", "l": "volume", "m3": "volume", "mg": "mass", "g": "mass", "kg": "mass",
	"mm": "length", "cm": "length", "m": "length", "m2": "area", "pc": "count",
}

// content merges how much a variant holds and for how much of it the unit price
// is given.
func (m *merging) content(r *row, v *catalog.Variant, o *store.OwnVariant) {
	if !m.has(colMeasure) && !m.has(colBase) {
		return
	}
	if m.has(colMeasure) {
		v.Measure = m.amount(r, colMeasure, colMeasureUnit)
	}
	if m.has(colBase) {
		unit := colBaseUnit
		if m.cell(r, unit) == "" {
			unit = colMeasureUnit
		}
		o.UnitBase = m.amount(r, colBase, unit)
	}
	if v.Measure != nil && o.UnitBase != nil && dimensions[v.Measure.Unit] != dimensions[o.UnitBase.Unit] {
		m.warnAt(r, colBase, "is left out: %s and %s can't be compared", o.UnitBase.Unit, v.Measure.Unit)
		o.UnitBase = nil
	}
}

// amount reads a quantity with its unit, nil for none.
func (m *merging) amount(r *row, c, unit column) *catalog.Quantity {
	milli := m.thousandths(r, c, false)
	if milli == 0 {
		return nil
	}
	text := m.cell(r, unit)
	known, ok := units[strings.ToLower(text)]
	if !ok {
		m.warnAt(r, unit, "%q is no unit that is known here (%s); the measure is left out", clip(text), strings.Join(catalog.Units(), ", "))
		return nil
	}
	if milli > catalog.MaxMilli {
		m.faultAt(r, c, "%q is too large", clip(m.cell(r, c)))
		return nil
	}
	return &catalog.Quantity{Milli: milli, Unit: known}
}
