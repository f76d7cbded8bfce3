// Package trade is the reckoning between a brand and a shopper: terms, prices, quotes
// and what becomes of an order. Everything is a pure function of its arguments: terms
// and catalog in, quote out; order and event in, order out. Both sides fold the same
// committed events and come to the same state.
//
// It knows no thread, no store and no stock: who may say an event and whether there is
// enough to sell is decided above. It carries out page 18 of specs/.
package trade
