package node

import (
	"context"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// Status says how a node is.
type Status struct {
	Brand           protocol.CID `json:"brand"`
	Name            string       `json:"name"`
	Head            HeadStatus   `json:"head"`
	Products        int          `json:"products"` // published
	Records         uint64       `json:"records"`
	MissingPictures int          `json:"missingPictures"` // counted up to 10,000
	// Alarm says that somebody else signs for this brand; nothing is signed here
	// until the owner has decided.
	Alarm  *HeadStatus `json:"alarm,omitempty"`
	Schema uint64      `json:"schema"` // of the store
	// PeerID names the node in the network, "" without one.
	PeerID string   `json:"peerID"`
	Listen []string `json:"listen"` // multiaddrs with /p2p/ID
	// Followers are the peers that follow the brand, as far as they said so.
	Followers []FollowerStatus `json:"followers"`
}

// HeadStatus describes a head.
type HeadStatus struct {
	ID      protocol.CID    `json:"id"`
	Epoch   uint64          `json:"epoch"`
	Seq     uint64          `json:"seq"`
	Root    string          `json:"root"`
	Time    protocol.Millis `json:"time"`
	Expires protocol.Millis `json:"expires"`
	Expired bool            `json:"expired"`
}

// maxMissing bounds the count of missing pictures.
const maxMissing = 10_000

// Status looks at the node.
func (n *Node) Status(ctx context.Context) (Status, error) {
	st := Status{Brand: n.brand, Schema: store.Schema(), Listen: []string{}, Followers: n.Followers()}
	if n.net != nil {
		st.PeerID, st.Listen = n.net.host().ID().String(), append(st.Listen, n.net.p2p.Listening()...)
	}
	err := n.store.View(ctx, n.brand, func(v *store.View) error {
		p, err := v.Profile()
		if err != nil {
			return err
		}
		list, err := v.Products(0, 0)
		st.Name, st.Products, st.Records = p.Name, list.Total, v.Head().Count
		return err
	})
	if err != nil {
		return st, fmt.Errorf("status: %w", err)
	}
	missing, err := n.store.MissingPictures(ctx, maxMissing, func(store.OwnPicture) bool { return true })
	if err != nil {
		return st, fmt.Errorf("status: %w", err)
	}
	st.MissingPictures = len(missing)
	return st, n.headStatus(ctx, &st)
}

func (n *Node) headStatus(ctx context.Context, st *Status) error {
	head, err := n.head(ctx)
	if err != nil {
		return err
	}
	alarm, err := n.Alarm(ctx)
	if err != nil {
		return err
	}
	st.Head = n.describe(head)
	if alarm != nil {
		other := n.describe(alarm)
		st.Alarm = &other
	}
	return nil
}

func (n *Node) describe(h *catalog.SignedHead) HeadStatus {
	return HeadStatus{h.CID, h.Epoch, h.Seq, h.Root.String(), h.Time, h.Expires, h.Expired(n.millis())}
}
