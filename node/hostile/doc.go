// Package hostile holds peers that mean ill, for tests: small programs with a raw
// libp2p host each that speak the protocols of specs/11-announcement.md,
// specs/12-catchup.md, specs/13-push.md and specs/14-discovery.md by hand and break
// one rule at a time. Its tests put them beside honest nodes and hold those to what
// they promise: the right catalog, bounded memory, a log that says what happened.
//
// It is a test bed. Nothing that runs at a shop's may import it.
package hostile
