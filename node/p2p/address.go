package p2p

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/stoa-commerce/stoa/protocol/wire"
)

// ErrRefused reports hints of a stranger of which none may be dialled.
var ErrRefused = errors.New("address is none that a stranger may name")

// special are the ranges that aren't the public internet's, beyond those that the
// multiaddr library knows, or that wrap an IPv4 address to which a tunnel leads
// (IANA registries of special-purpose addresses, RFC 6890 and its updates).
var special = []netip.Prefix{
	netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("3fff::/20"),
}

// global6 is all of IPv6 that is given out for the public internet.
var global6 = netip.MustParsePrefix("2000::/3")

// public reports whether an address, or that of its relay, is one of the public
// internet. A name is, until it was resolved, if it isn't known as a local one.
func public(a ma.Multiaddr) bool {
	first, _ := ma.SplitFirst(a)
	if first == nil {
		return false
	}
	switch first.Protocol().Code {
	case ma.P_IP4, ma.P_IP6:
		ip, ok := netip.AddrFromSlice(first.RawValue())
		return ok && publicIP(ip) && manet.IsPublicAddr(a)
	case ma.P_DNS, ma.P_DNS4, ma.P_DNS6, ma.P_DNSADDR:
		return publicName(first.Value())
	}
	return false
}

// publicIP refuses IPv4 inside IPv6, whatever it is: it is only a way around.
func publicIP(ip netip.Addr) bool {
	if ip.Is6() && !global6.Contains(ip) {
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(ip) })
}

func publicName(name string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if !strings.Contains(name, ".") {
		return false
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	return !slices.Contains([]string{"localhost", "local", "internal", "home", "lan", "arpa", "test", "invalid"}, last)
}

// relayed reports whether an address leads through a relay.
func relayed(a ma.Multiaddr) bool {
	_, err := a.ValueForProtocol(ma.P_CIRCUIT)
	return err == nil
}

// transport names what carries an address: tcp, quic, webtransport, relay, or
// other.
func transport(a ma.Multiaddr) string {
	has := func(code int) bool { _, err := a.ValueForProtocol(code); return err == nil }
	switch {
	case has(ma.P_CIRCUIT):
		return "relay"
	case has(ma.P_WEBTRANSPORT):
		return "webtransport"
	case has(ma.P_QUIC_V1):
		return "quic"
	case has(ma.P_TCP):
		return "tcp"
	}
	return "other"
}

// strangers reads hints that a stranger gave: of the first MaxHints those that are
// understood and may be dialled, by peer, in their order.
func strangers(hints []string, private bool) ([]peer.AddrInfo, error) {
	var infos []peer.AddrInfo
	for _, s := range hints[:min(len(hints), wire.MaxHints)] {
		id, addr, err := hint(s)
		if err != nil || !private && !public(addr) {
			continue
		}
		i := slices.IndexFunc(infos, func(o peer.AddrInfo) bool { return o.ID == id })
		if i < 0 {
			i, infos = len(infos), append(infos, peer.AddrInfo{ID: id})
		}
		infos[i].Addrs = append(infos[i].Addrs, addr)
	}
	if len(infos) == 0 {
		return nil, fmt.Errorf("%d hints: %w", len(hints), ErrRefused)
	}
	return infos, nil
}

// hint takes a hint apart, if it is one to dial (specs/11-announcement.md §3).
func hint(s string) (peer.ID, ma.Multiaddr, error) {
	h, err := wire.ParseHint(s)
	if err != nil {
		return "", nil, err
	}
	if _, _, known := h.Host(); !known {
		return "", nil, ErrRefused
	}
	return split(h)
}

func split(h wire.Hint) (peer.ID, ma.Multiaddr, error) {
	a, err := ma.NewMultiaddr(string(h))
	if err != nil {
		return "", nil, err
	}
	info, err := peer.AddrInfoFromP2pAddr(a)
	if err != nil || len(info.Addrs) == 0 {
		return "", nil, errors.Join(err, ErrRefused)
	}
	return info.ID, info.Addrs[0], nil
}

// dialable leaves of the addresses that a stranger named for a peer at most limit
// that may be dialled.
func dialable(addrs []ma.Multiaddr, private bool, limit int) []ma.Multiaddr {
	var out []ma.Multiaddr
	for _, a := range addrs {
		if len(out) < limit && (private || public(a)) {
			out = append(out, a)
		}
	}
	return out
}

// full returns addresses with the peer's name behind them.
func full(id peer.ID, addrs []ma.Multiaddr) []string {
	out := make([]string, 0, len(addrs))
	for _, a := range addrs {
		if p2p, err := peer.AddrInfoToP2pAddrs(&peer.AddrInfo{ID: id, Addrs: []ma.Multiaddr{a}}); err == nil {
			out = append(out, p2p[0].String())
		}
	}
	return out
}
