// Package store is a node's memory: typed tables over store/kv, the one place
// where keys are built, and Apply, the one step that moves a catalog to a new
// head. It carries out DESIGN.md §4.
//
// It checks that a change reaches the root its head names, keeps index rows in
// step with records, and keeps for a while what changed between heads, for peers
// that catch up (specs/12-catchup.md). A Stage gathers a catalog that is being
// fetched, across restarts. Whether a head may be accepted is decided in node/,
// not here. It knows no network and no HTML.
//
// Catalogs of other brands are foreign: what their index rows cost is bounded by
// the form of records and by the bounds of rules (rules.go).
//
// # The keys, by example
//
// A brand has a number (4 bytes) and each full build of its catalog a generation
// (4 bytes). Below, b is a brand's number, g its live generation.
//
//	m/schema                              3
//	m/brands                              the last number that a brand was given
//	b/ CID                                number of the brand
//	z/ b                                  "": a removed brand, of which rows remain
//	h/ b                                  state: generations, totals, signed head, what is retained
//	a/ b                                  Standing: highest head, its rival, when it was heard
//	f/ b                                  Follow: a brand that is mirrored
//	k/ name                               number of the followed brand with this handle or domain
//	i/ b n CID                            signed identity operation
//	d/ b epoch seq                        delta: base CID ‖ head CID ‖ time ‖ u32 count ‖ few paths
//	e/ b epoch seq part                   more paths of a delta, in key order: u16 existed and length ‖ path
//	g/ b g                                "": a generation that exists, live, staged or in the making
//	l/ b g key[32]                        leaf: CID ‖ u16 path length ‖ path ‖ record; staged also 0x00 ‖ path: deleted
//	t/ b g nibble[0..3]                   trie: index u8 ‖ hash[32] ‖ count u64 of up to 16 subtrees
//	x/ b g card/ handle                   Card: what lists show of a product
//	x/ b g new/ ^published[8] handle      "": products, newest first
//	x/ b g in/ collection \0 order handle "": members of a collection
//	x/ b g size/ collection               how many members
//	x/ b g word/ gyokuro \0 handle        "": title words
//	x/ b g variant/ id                    handle
//	x/ b g post/ ^date[8] handle          "": posts, newest first
//	x/ b g list/ kind \0 handle           "": collections and pages
//	x/ b g uses/ CID \0 path              "": records that show a picture
//	x/ b g large/ CID \0 path             "": records of 48 KiB and more
//	x/ b g rule/ collection               Rule: collections that select by rule, as far as they are followed
//	y/ b g suffix                         page of index rows of a full build, up to and with the one at suffix
//	j/ b g run[2] suffix                  the same of a part of the rows, while the build lasts
//
// A full build writes its index as pages, but for card/, size/ and rule/, which are
// read by key; pages never overlap. What changes in place later are rows of x/, which
// lie over the pages: one whose value is the byte 0 hides a row of a page.
//
// Private, never in a record, an archive, a proof or an answer to a peer:
//
//	o/ handle                             OwnProduct: what the brand knows of it
//	s/ import[8] handle                   OwnProduct of an import that isn't live yet
//	p/ pending                            the import whose rows are moving from s/ to o/
//	v/ id                                 whose variant identifier this is, for ever
//	q/ source                             OwnPicture: a picture by where it came from
//	r/ source                             "": a picture that isn't shown yet
//	u/ path                               where an old address leads
//	n/ name                               the node's own settings
//	w/ epoch seq                          CID of a head this node signed
package store
