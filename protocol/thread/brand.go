package thread

import (
	"crypto/ed25519"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
)

// BrandKeys are the keys that speak for a brand in its threads: those that an
// operation of its log which governs or governed lists as online.
type BrandKeys struct {
	Brand protocol.CID
	keys  []brandKey
}

type brandKey struct {
	id      protocol.KeyID
	key     protocol.PublicKey
	present bool
}

// KeysOf collects the keys of a brand's log.
func KeysOf(log *identity.Log) BrandKeys {
	state := log.State()
	b := BrandKeys{Brand: state.Brand}
	b.add(state.Online, true)
	for _, op := range log.Signed() {
		if _, keys, governs := state.OnlineAt(op.ID()); governs {
			b.add(keys, false)
		}
	}
	return b
}

func (b *BrandKeys) add(keys []identity.OnlineKey, present bool) {
	for _, k := range keys {
		if _, known := b.find(k.ID); !known {
			b.keys = append(b.keys, brandKey{k.ID, k.Key, present})
		}
	}
}

func (b BrandKeys) find(id protocol.KeyID) (protocol.PublicKey, bool) {
	for _, k := range b.keys {
		if k.id == id {
			return k.key, true
		}
	}
	return protocol.PublicKey{}, false
}

// Author returns the key with the bytes, if it is one of the brand's.
func (b BrandKeys) Author(by [ed25519.PublicKeySize]byte) (protocol.PublicKey, bool) {
	for _, k := range b.keys {
		if [32]byte(k.key.Bytes()) == by {
			return k.key, true
		}
	}
	return protocol.PublicKey{}, false
}

// Present reports whether the key is one that the brand signs with now.
func (b BrandKeys) Present(id protocol.KeyID) bool {
	for _, k := range b.keys {
		if k.id == id {
			return k.present
		}
	}
	return false
}
