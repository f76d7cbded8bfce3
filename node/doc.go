// Package node is a brand's will: the verbs that change its shop, accept, the one
// door through which a head reaches the store, whoever brought it, and what a node
// does among others: it follows brands, learns of their heads, fetches their catalogs
// and pictures, and says how far what it shows can be relied on. It answers the brand's
// shoppers and carries the mail of those of followed brands.
//
// It joins node/p2p, node/gossip, node/catchup, node/threads, node/sales, node/mailbox
// and node/notify, which don't know each other. It
// knows records, keys and the store; it must not know HTML, command lines or
// configuration files. The rules it holds heads to are specs/07-head.md; what it does
// among others is specs/11-announcement.md, 12-catchup.md, 13-push.md and 19-mail.md.
package node
