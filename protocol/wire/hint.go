package wire

import (
	"net/netip"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// Hint is the text of a multiaddr at which a peer may be reached, at most
// MaxHint bytes: "/ip4/192.0.2.7/udp/4001/quic-v1/p2p/12D3KooW…". Its form is
// checked, not whether anybody listens there, nor whether the peer has anything
// to do with the brand.
type Hint string

const (
	// MaxHints is the largest number of hints in an announcement.
	MaxHints = 4
	// MaxHint is the longest hint in bytes. An address through a relay, which
	// names two peers, needs up to 188.
	MaxHint = 192
)

// ParseHint checks the form that all hints have, whatever transports they name:
// 4 to 32 parts that each follow a slash, made of [A-Za-z0-9._:%=_-], the last
// two "p2p" and an identifier of 32 to 64 letters and digits.
func ParseHint(s string) (Hint, error) {
	if len(s) > MaxHint || !strings.HasPrefix(s, "/") {
		return "", protocol.Invalid("hint", "%.80q is no multiaddr of at most %d bytes", s, MaxHint)
	}
	parts := strings.Split(s[1:], "/")
	n := len(parts)
	if n < 4 || n > 32 || parts[n-2] != "p2p" || !peerID(parts[n-1]) {
		return "", protocol.Invalid("hint", "%.80q does not end in the name of a peer", s)
	}
	for _, part := range parts {
		if part == "" || strings.Trim(part, alphanumerics+"._:%=-") != "" {
			return "", protocol.Invalid("hint", "%.80q has a part that is empty or not plain", s)
		}
	}
	return Hint(s), nil
}

const alphanumerics = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func peerID(s string) bool {
	return len(s) >= 32 && len(s) <= 64 && strings.Trim(s, alphanumerics) == ""
}

// Peer returns the identifier of the peer that the hint leads to.
func (h Hint) Peer() string { return string(h[strings.LastIndexByte(string(h), '/')+1:]) }

// Host returns the address that the hint starts with and its kind: ip4 or ip6
// with a valid literal, dns, dns4, dns6 or dnsaddr with a name. ok is false for
// any other beginning: such a hint is passed on and not dialled.
func (h Hint) Host() (kind, host string, ok bool) {
	parts := strings.SplitN(string(h), "/", 4)
	if len(parts) < 4 {
		return "", "", false
	}
	kind, host = parts[1], parts[2]
	switch kind {
	case "ip4", "ip6":
		a, err := netip.ParseAddr(host)
		ok = err == nil && a.Is4() == (kind == "ip4") && a.Zone() == "" && !a.Is4In6()
	case "dns", "dns4", "dns6", "dnsaddr":
		ok = len(host) <= 253 && strings.Trim(host, alphanumerics+".-") == ""
	}
	return kind, host, ok
}
