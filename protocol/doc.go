// Package protocol holds what every object of Stoa is made of: content
// identifiers, canonical CBOR, signed envelopes, keys, paths, money and the
// limits that bound them. It carries out specs/01-encoding.md, specs/02-signed.md
// and specs/03-values.md.
//
// The package is pure. It knows nothing of networks, disks, clocks, randomness
// or HTML, and none of its types can hold an invalid value once parsed.
package protocol
