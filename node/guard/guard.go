// Package guard keeps connections that a stranger's words lead to out of private
// networks: a node may stand inside one, with things in it that strangers
// shouldn't reach. It looks at the address that a name was resolved to, just before
// the connection is made, so that no resolver and no redirect gets around it.
//
// It knows addresses and nothing of what is fetched; it carries out no page of
// specs/.
package guard

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// ErrForbiddenAddress means that a name leads to an address that isn't on the public
// internet, or to a port other than the web's.
var ErrForbiddenAddress = errors.New("the address leads into a private network")

// special4 are the parts of IPv4 that aren't the public internet's, by the IANA
// registry of special-purpose addresses (RFC 6890 and its updates).
var special4 = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // shared by a carrier's customers
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local, cloud metadata among it
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.31.196.0/24", // AS112
	"192.52.193.0/24", // AMT
	"192.88.99.0/24",  // 6to4 relays
	"192.168.0.0/16",  // private
	"192.175.48.0/24", // AS112
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, broadcast among it
)

// global6 is all of IPv6 that is given out for the public internet. Loopback,
// link-local, unique local, multicast, IPv4-mapped and NAT64 addresses are outside.
var global6 = netip.MustParsePrefix("2000::/3")

// special6 are the parts of global6 that aren't the public internet's, or that
// wrap an IPv4 address, which a tunnel would lead to.
var special6 = prefixes(
	"2001::/23",         // protocol assignments: Teredo, benchmarks, ORCHID
	"2001:db8::/32",     // documentation
	"2002::/16",         // 6to4
	"2620:4f:8000::/48", // AS112
	"3fff::/20",         // documentation
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// Public reports whether an address is one of the public internet.
func Public(a netip.Addr) bool {
	if a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	special := special4
	if a.Is6() {
		if !global6.Contains(a) {
			return false
		}
		special = special6
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return a.IsValid()
}

// PublicWeb reports whether an address is a public one at a port of the web, 80 or
// 443.
func PublicWeb(a netip.AddrPort) bool {
	return (a.Port() == 80 || a.Port() == 443) && Public(a.Addr())
}

// Anywhere allows every address: for what the node's owner typed.
func Anywhere(netip.AddrPort) bool { return true }

// Control returns what net.Dialer.Control takes to make connections to allowed
// addresses only. Others fail with ErrForbiddenAddress.
func Control(allowed func(netip.AddrPort) bool) func(network, address string, c syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil || !allowed(a) {
			return fmt.Errorf("%w (%s)", ErrForbiddenAddress, address)
		}
		return nil
	}
}
