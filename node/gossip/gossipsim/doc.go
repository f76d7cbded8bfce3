// Package gossipsim runs many nodes that gossip in one process: real hosts of
// libp2p over QUIC, on a simulated network with its own time (simnet, and the
// bubbles of testing/synctest). Tests ask it whether announcements arrive, cmd/bench
// how fast, beside plain GossipSub on the same network.
//
// It measures specs/11-announcement.md and specs/13-push.md at work. Time in it is
// virtual: what a computer takes to verify a signature counts for nothing, what a
// packet takes on its way for all. Runs repeat in their kind and not to the bit,
// because keys and the scheduler differ. The package is no part of a node.
package gossipsim
