// Package identity folds a brand's signed operations into who may speak for the
// brand: which online keys sign heads, at which epoch, who must sign the next
// operation, and whether the log has forked. It carries out specs/04-identity.md.
//
// A brand is named by the CID of its first operation, so keys come and go and the
// name stays. Every operation commits to the keys that must sign the one after
// it; a root key that has signed can therefore not sign what follows.
//
// The package is pure. It knows neither clock nor storage, and it never asks
// anybody: it judges operations by what they and their predecessors say.
package identity
