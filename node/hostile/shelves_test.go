package hostile_test

import (
	"context"
	"sync"

	"github.com/stoa-commerce/stoa/node/hostile"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// shelves are copies of the brand's catalogs, as an honest mirror would have them and a
// few more.
type shelves struct {
	s     *store.Store
	brand protocol.CID
	blobs map[protocol.CID][]byte

	mu    sync.Mutex
	known map[protocol.CID]*hostile.Shelf
}

// offer is what the brand has now, all that was offered before included.
func (k *shelves) offer(brand protocol.CID) (*hostile.Offer, error) {
	if brand != k.brand {
		return nil, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	o := &hostile.Offer{Brand: brand, Shelves: map[protocol.CID]*hostile.Shelf{}, Blobs: k.blobs}
	err := k.s.View(context.Background(), brand, func(v *store.View) (err error) {
		head := v.Head()
		if o.Head, err = head.Encode(); err != nil || k.known[head.CID] != nil {
			return err
		}
		k.known[head.CID], err = hostile.CopyShelf(v)
		return err
	})
	if err != nil {
		return nil, err
	}
	for head, shelf := range k.known {
		o.Shelves[head] = shelf
	}
	log, err := k.s.Identity(context.Background(), brand)
	if err != nil {
		return nil, err
	}
	for _, op := range log.Signed() {
		raw, err := op.Encode()
		if err != nil {
			return nil, err
		}
		o.Ops = append(o.Ops, raw)
	}
	return o, nil
}
