package catalog

import "github.com/stoa-commerce/stoa/protocol"

// Pictures lists the pictures that a record shows, in no order and perhaps some
// twice. A media record shows none: it is what the others point to.
func Pictures(r Record) []protocol.CID {
	var out []protocol.CID
	add := func(ref *MediaRef) {
		if ref != nil {
			out = append(out, ref.Blob)
		}
	}
	switch r := r.(type) {
	case *Product:
		for i := range r.Media {
			add(&r.Media[i])
		}
	case *Collection:
		add(r.Picture)
	case *Post:
		add(r.Picture)
	case *Profile:
		add(r.Logo)
		for _, story := range r.Home.stories() {
			add(story.Picture)
		}
	}
	return out
}

func (h Home) stories() []*Story {
	var out []*Story
	if h.Hero != nil {
		out = append(out, h.Hero)
	}
	for _, s := range h.Sections {
		if s.Story != nil {
			out = append(out, s.Story)
		}
	}
	return out
}
