package node

import "crypto/ed25519"

// setKey makes a key the one that signs. n.mu is held, or the node isn't in use yet.
func (n *Node) setKey(key ed25519.PrivateKey) {
	n.key = key
	n.signer.Store(&key)
}

// signingKey returns the online key in force, also while another one takes its place.
func (n *Node) signingKey() ed25519.PrivateKey { return *n.signer.Load() }
