package store

import (
	"slices"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// matches reports whether a rule selects the product that the card sums up.
// Every node comes to the same answer: it depends on public records only.
func matches(rule *catalog.Rule, c Card) bool {
	if rule.Match == "any" {
		return slices.ContainsFunc(rule.Conditions, func(k catalog.Condition) bool { return holds(k, c) })
	}
	return !slices.ContainsFunc(rule.Conditions, func(k catalog.Condition) bool { return !holds(k, c) })
}

func holds(k catalog.Condition, c Card) bool {
	switch k.Field {
	case "tag":
		return compareList(k, c.Tags)
	case "type":
		return compareText(k, c.Kind)
	case "vendor":
		return compareText(k, c.Vendor)
	case "title":
		return compareText(k, c.Title)
	case "availability":
		return compareText(k, string(c.Availability))
	case "price":
		return comparePrice(k, c.Low)
	}
	return false
}

// compareList holds for a list of which one is (or contains) the value, and with
// "not" for one of which none is.
func compareList(k catalog.Condition, list []string) bool {
	if k.Op == "not" {
		return !slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, k.Value) })
	}
	return slices.ContainsFunc(list, func(s string) bool { return compareText(k, s) })
}

func compareText(k catalog.Condition, s string) bool {
	switch k.Op {
	case "is":
		return strings.EqualFold(s, k.Value)
	case "not":
		return !strings.EqualFold(s, k.Value)
	case "contains":
		return strings.Contains(strings.ToLower(s), strings.ToLower(k.Value))
	}
	return false
}

func comparePrice(k catalog.Condition, price protocol.Money) bool {
	want, err := protocol.ParseMoney(k.Value, price.Currency)
	if err != nil {
		return false
	}
	switch k.Op {
	case "is":
		return price.Minor == want.Minor
	case "not":
		return price.Minor != want.Minor
	case "less":
		return price.Minor < want.Minor
	case "greater":
		return price.Minor > want.Minor
	}
	return false
}
