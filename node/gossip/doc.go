// Package gossip makes a brand's new head known: it judges what peers announce,
// passes on what is valid whether or not this node follows the brand, publishes
// the node's own heads, and keeps streams on which followers hear of them at once.
// It carries out specs/11-announcement.md and specs/13-push.md.
//
// The package doesn't know what a catalog is, nor where a standing is stored: for
// the brands that the node keeps it asks Brands, for all others it remembers a
// bounded number of tips in memory. It finds no peers and dials none.
package gossip
