package thread

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// LinkKind says what the secret in a private link is.
type LinkKind byte

// The kinds of private links.
const (
	// LinkIdentity carries the seed of the shopper's identity key with one brand.
	LinkIdentity LinkKind = 'i'
	// LinkDevice carries the seed of a link key, which the brand mails.
	LinkDevice LinkKind = 'l'
)

// Link reopens a conversation in any browser. It stands in the fragment of a URL,
// which browsers don't send.
type Link struct {
	Kind LinkKind
	Seed [ed25519.SeedSize]byte
	// Thread is the thread it opens.
	Thread protocol.CID
}

const (
	linkVersion = 1
	linkSize    = 2 + ed25519.SeedSize + 32
)

// String returns the text behind "#k=": base64url without padding.
func (l Link) String() string {
	digest := l.Thread.Digest()
	b := append([]byte{linkVersion, byte(l.Kind)}, l.Seed[:]...)
	return base64.RawURLEncoding.EncodeToString(append(b, digest[:]...))
}

// URL returns the link to a conversation under the base URL of a gateway, whose
// path names the brand by handle or CID.
func (l Link) URL(base, brand string) string {
	return strings.TrimSuffix(base, "/") + "/t/" + brand + "#k=" + l.String()
}

// ParseLink reads what String returns, or a URL with it in the fragment.
func ParseLink(s string) (Link, error) {
	if _, fragment, found := strings.Cut(s, "#k="); found {
		s = fragment
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != linkSize || b[0] != linkVersion {
		return Link{}, protocol.Invalid("link", "not a private link of this version")
	}
	l := Link{Kind: LinkKind(b[1]), Seed: [32]byte(b[2:34]), Thread: protocol.CIDFromDigest(protocol.DagCBOR, [32]byte(b[34:]))}
	if l.Kind != LinkIdentity && l.Kind != LinkDevice {
		return Link{}, protocol.Invalid("link", "of a kind that is not known")
	}
	return l, nil
}
