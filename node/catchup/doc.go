// Package catchup carries what a head commits to from node to node: the Server
// answers what peers ask of the catalogs in the store, and the Client asks peers
// and checks every answer, so that a lie costs nothing but the liar's good name.
// It carries out specs/12-catchup.md.
//
// The package decides nothing about heads: whether one is to be believed, and
// whether a catalog that came is made the live one, is its caller's. It writes to
// the store only what belongs to a catalog that is being fetched (store.Stage).
package catchup
