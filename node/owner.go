package node

import (
	"context"

	"github.com/stoa-commerce/stoa/node/threads"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// Say commits what the brand says in a thread: see threads.Desk.Say.
func (n *Node) Say(ctx context.Context, id protocol.CID, drafts ...thread.Draft) ([]threads.Said, error) {
	return n.threads.Say(ctx, id, drafts...)
}

// MarkRead says that the owner has seen what stands in a thread.
func (n *Node) MarkRead(ctx context.Context, id protocol.CID) error {
	return n.threads.MarkRead(ctx, id)
}

// EraseThread forgets a conversation: see threads.Desk.Erase.
func (n *Node) EraseThread(ctx context.Context, id protocol.CID) error {
	return n.threads.Erase(ctx, id)
}

// PushKey returns the key that browsers subscribe to the brand's push messages with:
// an uncompressed P-256 point of 65 bytes.
func (n *Node) PushKey() []byte { return n.caller.push.Public() }

// CanMail reports whether the brand sends letters.
func (n *Node) CanMail() bool { return n.caller.mail != nil }
