package node

import (
	"cmp"
	"slices"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// shortID is how many characters of a brand's identifier make its short name, of
// 5 bits each. Brands whose identifiers end alike get longer ones.
const shortID = 10

// names are what followed brands are found by: a verified domain, the name that the
// node's owner gave, the end of the identifier, the whole of it.
type names struct {
	brands map[string]protocol.CID
	shown  map[protocol.CID]string
}

// namesOf names the brands. Whoever was followed first has the better claim to a short
// name, so that nobody can take another's by making an identifier that ends like it;
// domains and owners' names go before short ones, and no two brands have the same:
// the store sees to that.
func namesOf(list []store.Follow) names {
	slices.SortFunc(list, func(a, b store.Follow) int {
		return cmp.Or(cmp.Compare(a.Since, b.Since), slices.Compare(a.Brand.Bytes(), b.Brand.Bytes()))
	})
	out := names{brands: map[string]protocol.CID{}, shown: map[protocol.CID]string{}}
	for _, f := range list {
		out.give(f.Domain, f.Brand)
		out.give(f.Handle, f.Brand)
		out.give(f.Brand.String(), f.Brand)
	}
	for _, f := range list {
		short := out.short(f.Brand)
		out.give(short, f.Brand)
		out.shown[f.Brand] = cmp.Or(f.Domain, f.Handle, short)
	}
	return out
}

func (n names) give(name string, brand protocol.CID) {
	if _, taken := n.brands[name]; !taken && name != "" {
		n.brands[name] = brand
	}
}

// short returns the shortest end of the identifier that no brand has yet.
func (n names) short(brand protocol.CID) string {
	id := brand.String()
	for length := shortID; length < len(id); length++ {
		name := id[len(id)-length:]
		if _, taken := n.brands[name]; !taken {
			return name
		}
	}
	return id
}

// ByHandle returns the followed brand with a handle: its verified domain, the name
// that the owner gave it, its short or its whole identifier. It reads no disk.
func (n *Node) ByHandle(handle string) (protocol.CID, bool) {
	n.kept.mu.RLock()
	defer n.kept.mu.RUnlock()
	brand, ok := n.kept.names.brands[strings.ToLower(handle)]
	return brand, ok
}

// checkPetname refuses a name that an owner can't give: it would look like another
// brand's.
func (n *Node) checkPetname(name string, brand protocol.CID) error {
	if name == "" {
		return nil
	}
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || len(name) > store.MaxFollowHandle {
		return protocol.Invalid("name of a brand", "is not 1 to %d of a-z, 0-9 and -", store.MaxFollowHandle)
	}
	if other, taken := n.ByHandle(name); taken && other != brand {
		return protocol.Invalid("name of a brand", "%q belongs to %s already", name, other)
	}
	return nil
}
