package hostile_test

import (
	"strconv"

	"github.com/stoa-commerce/stoa/node/hostile"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

func price(n int) string { return strconv.Itoa(n) }

// madeUp makes a brand up that has a profile and some other records, under a head that
// is bent before it is signed.
func (s *scene) madeUp(name string, bend func(*catalog.Head), more ...map[protocol.Path][]byte) (*hostile.Brand, *hostile.Offer) {
	s.Helper()
	records := map[protocol.Path][]byte{"profile": profileOf(name)}
	for _, list := range more {
		for path, data := range list {
			records[path] = data
		}
	}
	b := must(hostile.NewBrand(name, s.clock.millis()))
	shelf := must(hostile.NewShelf(records))
	h := must(b.Next(shelf, s.clock.millis()))
	if bend != nil {
		bend(&h)
	}
	head := must(b.Sign(h))
	return b, &hostile.Offer{
		Brand: b.ID(), Ops: must(b.Operations()), Head: must(head.Encode()),
		Shelves: map[protocol.CID]*hostile.Shelf{head.CID: shelf},
	}
}

func profileOf(name string) []byte {
	p := &catalog.Profile{Header: catalog.HeaderOf(catalog.TypeProfile), Name: name, Language: "en", Country: "DE", Currency: "EUR"}
	return must(catalog.Encode(p))
}

// serves is a hostile peer that has what is offered, and nothing else.
func (s *scene) serves(o *hostile.Offer) *hostile.Peer {
	s.Helper()
	p := s.hostile()
	p.Serve([]protocol.CID{o.Brand}, func(brand protocol.CID) (*hostile.Offer, error) {
		if brand != o.Brand {
			return nil, nil
		}
		return o, nil
	})
	return p
}
