package api

import (
	"net/http"
	"net/netip"
	"strings"
)

// depositorOf names who sends a request, as far as quotas go by it: the IPv4
// address, or the /64 prefix of an IPv6 one. A header with a forwarded address is
// believed only from the proxies that the owner named.
func (a *API) depositorOf(r *http.Request) string {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	addr := remote.Addr().Unmap()
	if a.proxied(addr) {
		addr = a.forwarded(r, addr)
	}
	return prefixOf(addr)
}

func prefixOf(addr netip.Addr) string {
	if addr = addr.Unmap().WithZone(""); addr.Is4() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, 64).Masked().String()
}

func (a *API) proxied(addr netip.Addr) bool {
	for _, p := range a.proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// forwarded is the last address in X-Forwarded-For that isn't a proxy's: what stands
// before it was written by whoever asked.
func (a *API) forwarded(r *http.Request, remote netip.Addr) netip.Addr {
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		addr, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return remote
		}
		if remote = addr.Unmap(); !a.proxied(remote) {
			return remote
		}
	}
	return remote
}
