// Package keys makes and keeps the secrets of a brand: the 24 recovery words its
// root keys come from, which are shown once and never stored, and the online key
// that signs heads, which lies in the node's home readable only by its owner, beside
// keys that wait to take its place. It carries out specs/04-identity.md §"Root keys".
//
// It must not know what the keys sign.
package keys
