// Package catalog holds a brand's signed catalog: the records a shopper may see,
// the head that commits to all of them, the proof bundle that shows one group to
// anybody, and the archive that carries everything. It carries out
// specs/06-records.md, 07-head.md, 08-proof.md and 09-archive.md.
//
// Only what may be public for ever has a type here: cost, exact stock, policies
// and drafts must not appear in any of them.
package catalog
