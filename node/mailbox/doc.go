// Package mailbox carries sealed threads between a shopper's gateway and the brand's
// node when those are two. Relay is the gateway's side: it keeps boxes for the threads
// of brands that the node follows, gives receipts for what is left in them and tells
// shoppers truly how far it came. Collector is the brand's side: it opens a stream to
// every peer that relays for it, hands what comes to the Desk in the order in which it
// came and leaves what goes back. It carries out specs/19-mail.md.
//
// The package can't read what it carries and holds no key that could. It knows
// shoppers by the keys that they made for one brand, and addresses only as names to
// count by, which it doesn't store. Threads, orders and stock are the Desk's.
package mailbox
