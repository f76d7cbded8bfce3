// Package sales decides for the brand on what its shoppers ask, order, cancel and give
// back: it quotes from the catalog at the head in force, takes stock when an order is
// committed and gives it back, and keeps the row of each order. Its Decide runs inside
// the transaction that commits the entry, so that what a shopper is told is what the
// store holds.
//
// It knows no keys, no network and no cryptography: entries come opened from
// node/threads and go out as drafts. It carries out pages 17 and 18 of specs/ on the
// brand's side.
package sales
