// Package node is a brand's will: the verbs that change its shop, and accept, the
// one door through which a head reaches the store, whoever brought it.
//
// It knows records, keys and the store; it must not know HTML, command lines or
// configuration files. The rules it holds heads to are specs/07-head.md.
package node
