// Package p2p is a node's place in the network: the libp2p host with its key, its
// limits and its addresses, the peers it stays connected to, those it refuses, and
// the ways in which it finds others. It carries out specs/14-discovery.md.
//
// It must not know heads, catalogs or what a stream is about: gossip and catch-up
// stand beside it and get the host. A brand is to it an identifier under which
// peers are looked up.
package p2p
