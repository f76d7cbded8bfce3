package gateway

import (
	"container/list"
	"sync"

	"github.com/stoa-commerce/stoa/gateway/shop"
	"github.com/stoa-commerce/stoa/protocol"
)

// maxShops is how many mirrored shops are kept furnished: each holds what all its
// pages share, some ten kilobytes.
const maxShops = 128

// shops keeps the mirrored shops that were visited last.
type shops struct {
	own *shop.Shop

	mu     sync.Mutex
	byBase map[string]*list.Element
	recent *list.List // of *standing, the one visited last in front
}

// standing is a shop at its place.
type standing struct {
	base  string
	brand protocol.CID
	shop  *shop.Shop
}

func newShops(own *shop.Shop) *shops {
	return &shops{own: own, byBase: map[string]*list.Element{}, recent: list.New()}
}

// at returns the shop of a brand at a place. A place that changed hands gets another
// shop.
func (s *shops) at(brand protocol.CID, base string) *shop.Shop {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, ok := s.byBase[base]; ok {
		if here := at.Value.(*standing); here.brand == brand {
			s.recent.MoveToFront(at)
			return here.shop
		}
		s.close(at)
	}
	made := &standing{base, brand, s.own.Beside(brand, base)}
	s.byBase[base] = s.recent.PushFront(made)
	if s.recent.Len() > maxShops {
		s.close(s.recent.Back())
	}
	return made.shop
}

func (s *shops) close(at *list.Element) {
	delete(s.byBase, s.recent.Remove(at).(*standing).base)
}
