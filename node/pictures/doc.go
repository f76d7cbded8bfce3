// Package pictures fetches pictures that a file or another shop names by URL.
//
// Whoever wrote the URL may be a stranger, and the node may stand inside a network
// with things in it that strangers shouldn't reach. So every connection is checked
// where it is made, against the address that the name led to: only public ones are
// spoken to, whatever a resolver or a redirect says.
//
// The package moves bytes. What they are is for store/blob to find out; it doesn't
// know of catalogs, and carries out no page of specs/.
package pictures
