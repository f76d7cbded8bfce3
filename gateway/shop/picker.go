package shop

import (
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// option is one row of the variant picker.
type option struct {
	*house
	Name, Current string
	Choices       []choice
	Pictures      bool // values are shown by their pictures
}

// choice is one value of an option: a link to the variant it leads to.
type choice struct {
	Label, URL string
	Value      int // its number among the option's values
	ID         protocol.VariantID
	Current    bool
	Gone       bool   // can't be bought
	Absent     bool   // no variant has it together with the other choices
	State      string // the same in words
	Picture    *picture
}

func (v *visit) picker(g goods, chosen *catalog.Variant) ([]option, error) {
	var out []option
	for i, o := range g.Options {
		row := option{house: v.house, Name: o.Name, Pictures: g.shownByPicture(i)}
		if i < len(chosen.Options) {
			row.Current = chosen.Options[i]
		}
		for n, value := range o.Values {
			c, err := v.choice(g, chosen, i, value, row.Pictures)
			if err != nil {
				return nil, err
			}
			if c.Value = n; c.ID != "" {
				row.Choices = append(row.Choices, c)
			}
		}
		out = append(out, row)
	}
	return out, nil
}

func (v *visit) choice(g goods, chosen *catalog.Variant, at int, value string, pictures bool) (choice, error) {
	target, exact := g.lead(chosen, at, value)
	if target == nil {
		return choice{}, nil
	}
	c := choice{
		Label: value, ID: target.ID, URL: v.house.productURL(g.Handle) + "?variant=" + string(target.ID),
		Current: chosen.Options[at] == value, Absent: !exact, Gone: exact && !g.buyable(target),
	}
	switch {
	case c.Absent:
		c.State = v.house.Say("choice.absent")
	case c.Gone:
		c.State = v.house.Say("choice.gone")
	}
	if !pictures {
		return c, nil
	}
	var err error
	c.Picture, err = v.picture(&g.Media[target.Media-1], thumbSizes, thumbWidths)
	if c.Picture != nil {
		c.Picture.Alt = ""
	}
	return c, err
}

// lead finds the variant that a choice leads to: the chosen one with that value
// instead, or when there is none the one with that value that has most in common
// with it. The script does the same.
func (g goods) lead(chosen *catalog.Variant, at int, value string) (target *catalog.Variant, exact bool) {
	best := -1
	for i := range g.Variants {
		v := &g.Variants[i]
		if len(v.Options) != len(g.Options) || len(chosen.Options) != len(g.Options) || v.Options[at] != value {
			continue
		}
		common := 0
		for n := range v.Options {
			if n != at && v.Options[n] == chosen.Options[n] {
				common++
			}
		}
		if common > best {
			target, best = v, common
		}
	}
	return target, best == len(g.Options)-1
}

// maxSwatches bounds a row of pictures; more are shown as words.
const maxSwatches = 12

// seenOptions are names of options that a picture tells better than a word.
var seenOptions = words("color colour shade finish pattern glaze farbe farbton muster glasur dekor couleur teinte motif colore tinta kleur 颜色 色号 花色 图案 釉色")

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// shownByPicture reports whether the option is what the variants' pictures show:
// it is one to look at, and each value has a picture of its own, the same in all
// its variants.
func (g goods) shownByPicture(at int) bool {
	if !seenOptions[strings.ToLower(g.Options[at].Name)] {
		return false
	}
	pictures, taken := map[string]int{}, map[int]string{}
	for i := range g.Variants {
		v := &g.Variants[i]
		if v.Media <= 0 || v.Media > len(g.Media) || at >= len(v.Options) {
			return false
		}
		value := v.Options[at]
		if seen, ok := pictures[value]; ok && seen != v.Media {
			return false
		}
		if owner, ok := taken[v.Media]; ok && owner != value {
			return false
		}
		pictures[value], taken[v.Media] = v.Media, value
	}
	return len(pictures) > 1 && len(pictures) <= maxSwatches
}
