package gossipsim

import (
	"context"
	"io"
	"log/slog"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/node/gossip"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Network is that of all runs.
const Network wire.Network = "sim"

// Node is a host that gossips, with a book instead of a store.
type Node struct {
	*gossip.Gossip
	Book *Book
	stop context.CancelFunc
}

// Start lets a host of the world gossip, keep the brands named, and ask homes for
// pushes of them.
func (w *World) Start(ctx context.Context, host int, homes []peer.ID, brands ...protocol.CID) (*Node, error) {
	n := &Node{Book: NewBook(brands...)}
	ctx, n.stop = context.WithCancel(ctx)
	var err error
	n.Gossip, err = gossip.New(ctx, gossip.Options{
		Host: w.Hosts[host], Network: Network, Brands: n.Book, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Followed: n.Book.Followed, Current: n.Book.Current,
		Homes: func(protocol.CID) []peer.ID { return homes },
	})
	if err != nil {
		n.stop()
		return nil, err
	}
	w.Go(func() { _ = n.Run(ctx) })
	return n, nil
}

// Stop ends what the node does; its host stays.
func (n *Node) Stop() { n.stop() }

// Announce keeps an announcement as the node's own and publishes it.
func (n *Node) Announce(a wire.Announcement) error {
	if err := n.Book.Own(a); err != nil {
		return err
	}
	n.Publish(a)
	return nil
}
