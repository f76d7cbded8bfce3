// Package thread holds the sealed conversation of one shopper with one brand:
// its genesis, the devices that may speak in it, entries and the brand's commits,
// the key schedule with envelopes and epochs, what stands in the entries, and
// the receipt that shows a part of it to anybody. It carries out
// specs/16-thread.md, specs/17-bodies.md and specs/21-receipt.md.
//
// Both sides use it: the brand's node, a gateway's programs and the shopper
// without a browser. It knows neither clock nor storage nor network; salts,
// nonces and keys are handed in. The one exception is Encapsulate, which draws on
// the system's randomness because crypto/hpke takes no other.
package thread
