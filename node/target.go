package node

import (
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/stoa-commerce/stoa/node/wellknown"
	"github.com/stoa-commerce/stoa/protocol"
)

// target is what an owner names to be followed: exactly one of a brand, a peer's
// address and a gateway's.
type target struct {
	brand   protocol.CID
	peer    string // a multiaddr with /p2p/ID
	gateway string // a base URL
}

// parseTarget reads what an owner typed: a brand's identifier, a multiaddr that ends
// in /p2p/ID, or the URL of a gateway, whose scheme may be left out.
func parseTarget(s string) (target, error) {
	s = strings.TrimSpace(s)
	if brand, err := protocol.ParseCID(s); err == nil {
		return brandTarget(brand)
	}
	if strings.HasPrefix(s, "/") {
		return target{peer: s}, checkPeerAddr(s)
	}
	if !strings.Contains(s, ".") && !strings.Contains(s, ":") {
		return target{}, protocol.Invalid("what to follow", "is neither a brand's identifier nor a multiaddr nor the URL of a gateway")
	}
	base, err := wellknown.Base(s)
	return target{gateway: base}, err
}

func brandTarget(brand protocol.CID) (target, error) {
	if brand.Codec() != protocol.DagCBOR {
		return target{}, protocol.Invalid("what to follow", "%s names a file, no brand", brand)
	}
	return target{brand: brand}, nil
}

func checkPeerAddr(s string) error {
	a, err := ma.NewMultiaddr(s)
	if err == nil {
		_, err = peer.AddrInfoFromP2pAddr(a)
	}
	if err != nil {
		return protocol.Invalid("what to follow", "a multiaddr must be well-formed and end in /p2p/ and the peer's identifier")
	}
	return nil
}

// addrInfos reads multiaddrs with /p2p/ID, those of one peer together, in the order
// in which the peers are first named. What can't be read is left out.
func addrInfos(addresses []string) []peer.AddrInfo {
	var out []peer.AddrInfo
	at := map[peer.ID]int{}
	for _, s := range addresses {
		a, err := ma.NewMultiaddr(s)
		if err != nil {
			continue
		}
		info, err := peer.AddrInfoFromP2pAddr(a)
		if err != nil {
			continue
		}
		i, known := at[info.ID]
		if !known {
			i, at[info.ID] = len(out), len(out)
			out = append(out, peer.AddrInfo{ID: info.ID})
		}
		out[i].Addrs = append(out[i].Addrs, info.Addrs...)
	}
	return out
}
