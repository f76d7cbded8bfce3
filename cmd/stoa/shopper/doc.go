// Package shopper is a shopper without a browser: it holds the keys of one, keeps
// conversations with brands and speaks for them to any gateway. The commands 'stoa
// buy', 'stoa thread' and 'stoa receipt' use it, and so do load generators and tests.
// It carries out the shopper's side of specs/16-thread.md, 17-bodies.md and
// 20-thread-http.md.
//
// It believes nothing that a gateway says: prekeys are proven against the brand's
// identity, commits are checked for signature and place, and an entry stays in the
// outbox until the brand has committed it. It knows nothing of a node's home.
package shopper
