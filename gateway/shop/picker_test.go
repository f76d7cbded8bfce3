package shop

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// anyGoods draws a product whose variants are some of all combinations.
func anyGoods(t *rapid.T) goods {
	p := &catalog.Product{Options: []catalog.Option{{Name: "A", Values: []string{"a", "b", "c"}}, {Name: "B", Values: []string{"x", "y"}}, {Name: "C", Values: []string{"1", "2"}}}}
	for _, a := range p.Options[0].Values {
		for _, b := range p.Options[1].Values {
			for _, c := range p.Options[2].Values {
				if rapid.Bool().Draw(t, a+b+c) {
					p.Variants = append(p.Variants, catalog.Variant{ID: protocol.VariantID(a + b + c), Options: []string{a, b, c}})
				}
			}
		}
	}
	if len(p.Variants) == 0 {
		p.Variants = []catalog.Variant{{ID: "ax1", Options: []string{"a", "x", "1"}}}
	}
	return goods{Product: p}
}

func TestAChoiceLeadsToTheNearestVariantThatHasIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyGoods(t)
		chosen := &g.Variants[rapid.IntRange(0, len(g.Variants)-1).Draw(t, "chosen")]
		at := rapid.IntRange(0, 2).Draw(t, "option")
		value := rapid.SampledFrom(g.Options[at].Values).Draw(t, "value")
		wish := append([]string{}, chosen.Options...)
		wish[at] = value
		target, exact := g.lead(chosen, at, value)
		best := nearest(g, wish, at)
		if (target == nil) != (best < 0) {
			t.Fatalf("target %v, nearest %d", target, best)
		}
		if target == nil {
			return
		}
		if target.Options[at] != value || common(target.Options, wish) != best || exact != (best == 3) {
			t.Fatalf("%v leads to %v (exact %v), best is %d in common", wish, target.Options, exact, best)
		}
	})
}

// nearest is how many values the best variant with the wished value shares with
// the wish; -1 when none has it.
func nearest(g goods, wish []string, at int) int {
	best := -1
	for _, v := range g.Variants {
		if v.Options[at] == wish[at] {
			best = max(best, common(v.Options, wish))
		}
	}
	return best
}

func common(a, b []string) (n int) {
	for i := range a {
		if a[i] == b[i] {
			n++
		}
	}
	return n
}

func TestOnlyWhatIsSeenIsShownByPicture(t *testing.T) {
	g := goods{Product: &catalog.Product{
		Options: []catalog.Option{{Name: "Farbe", Values: []string{"rot", "blau"}}, {Name: "Größe", Values: []string{"S", "M"}}},
		Media:   make([]catalog.MediaRef, 2),
	}}
	for i, color := range g.Options[0].Values {
		for _, size := range g.Options[1].Values {
			g.Variants = append(g.Variants, catalog.Variant{ID: protocol.VariantID(fmt.Sprint(color, size)), Options: []string{color, size}, Media: i + 1})
		}
	}
	if !g.shownByPicture(0) || g.shownByPicture(1) {
		t.Error("colours are shown by pictures, sizes by words")
	}
	g.Variants[1].Media = 2
	if g.shownByPicture(0) {
		t.Error("a colour with two pictures is shown by one")
	}
}

func TestFieldsBecomeFacts(t *testing.T) {
	for name, want := range map[string]string{
		"brewing.water_temperature": "Water temperature", "google.custom_label": "", "norm": "Norm", "x.": "", "a.b-c.d": "B c d",
	} {
		if got := fieldLabel(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
