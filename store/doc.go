// Package store is a node's memory: typed tables over store/kv, the one place
// where keys are built, and Apply, the one step that moves a catalog to a new
// head. It carries out DESIGN.md §4.
//
// It checks that a change reaches the root its head names, keeps index rows in
// step with records, and keeps for a while what changed between heads, for peers
// that catch up (specs/12-catchup.md). A Stage gathers a catalog that is being
// fetched, across restarts. Whether a head may be accepted is decided in node/,
// not here, and so is what an order may take. It knows no network and no HTML.
//
// Catalogs of other brands are foreign: what their index rows cost is bounded by
// the form of records and by the bounds of rules (rules.go).
//
// # The keys, by example
//
// A brand has a number (4 bytes) and each full build of its catalog a generation
// (4 bytes). Below, b is a brand's number, g its live generation.
//
//	m/schema                              4
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
//	sk/ import[8] variant                 stock that an import says, until it has moved to cs/
//
// # Trading, by example
//
// What a shopper says, who the shopper is and every secret of a thread is sealed: AES-256-GCM
// under a key derived from a slot of 32 bytes (package slots) and from the key of the row.
// A thread has two slots: n, its number in keys below, for the conversation, and one for
// what fiscal law wants kept. Erasing a slot erases what is sealed under it, wherever old
// copies of the rows still lie. Names of people in keys are keyed hashes. TradeTxn writes
// these rows, DeskView reads them.
//
//	ct/ CID                               thread: n ‖ fiscal slot ‖ touched[8] ‖ hash[16] ‖ flags ‖ sealed Thread
//	cg/ n[4]                              sealed: signed genesis
//	ci/ hash[16]                          CID: the thread of a shopper's identity
//	cl/ ^touched[8] CID                   "": the inbox, what was touched last first
//	ce/ n[4] seq[8]                       entry: class ‖ u32 length ‖ sealed header and commit ‖ sealed salt and body
//	cn/ n[4] CID                          seq of the entry with this identifier
//	cq/ n[4] CID                          CID of the order that used a quote
//	cb/ n[4] CID                          size[8] ‖ time[8] of a sealed file of the thread
//	ca/ n[4]                              "": the thread has orders
//	cf/ n[4] number[8]                    CID: the orders of a thread
//	co/ CID                               sealed Order
//	cm/ number[8]                         CID of the order
//	cp/ number[8]                         CID of an order that is open
//	cs/ variant                           Stock of a variant and how much of it is held
//	ch/ CID                               Hold of an order
//	cu/ until[8] CID                      "": when a hold runs out
//	cd/ code                              how often a discount was used
//	cx/ id[8]                             notice: n or 0 ‖ due[8] ‖ sealed
//	cy/ due[8] id[8]                      "": when a notice is to be sent
//	ck/ CID                               prekey: slot ‖ sealed record and seed
//	cw/ CID                               "": a thread that is being erased
//	cz/ until[8] CID                      "": how long the fiscal records of an erased thread stay
//	m/slots                               the next slot to take; 0 keys the hashes
//	m/orders, m/notices                   the last number that was given
//	m/erased                              how many erasures of the journal this store has made
//	m/restored                            "": Restore wrote these rows, nobody has opened them yet
//	mk/ slot[4], mj/ n[8], m/keys         slots, journal and count, where they have no folder (Open)
//
// The boxes of a relay, sealed by others against it:
//
//	rb/ CID                               Box of a thread
//	rl/ brand CID                         "": the boxes of a brand
//	ri/ CID direction n[8]                item
//	rp/ CID direction n[8] piece          a part of the bytes of a large item
//	rh/ CID direction CID                 n of the item with this identifier
//	rq/ brand turn[8]                     CID ‖ direction ‖ n: what waits for a brand, in order of arrival
//	rt/ brand                             the last turn that was given
//	re/ until[8] CID direction n[8]       "": when an item goes
//	rx/ until[8] CID                      "": when a box goes
package store
