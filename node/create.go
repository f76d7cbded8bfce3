package node

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/stoa-commerce/stoa/node/keys"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/store"
)

// Create founds a brand in an empty home: recovery words, online key, identity
// and a first catalog that holds the profile. It returns the words, which are
// kept nowhere else.
func Create(ctx context.Context, o Options, profile catalog.Profile) (*Node, keys.Words, error) {
	if err := os.MkdirAll(o.Home, 0o700); err != nil {
		return nil, keys.Words{}, fmt.Errorf("create home: %w", err)
	}
	n, err := open(ctx, o)
	if err != nil {
		return nil, keys.Words{}, fmt.Errorf("create brand in %s: %w", o.Home, err)
	}
	words, err := n.found(ctx, profile)
	if err == nil {
		err = n.begin(ctx, o)
	}
	if err != nil {
		return nil, keys.Words{}, errors.Join(fmt.Errorf("create brand in %s: %w", o.Home, err), n.Close())
	}
	return n, words, nil
}

func (n *Node) found(ctx context.Context, profile catalog.Profile) (keys.Words, error) {
	if b, err := n.store.Setting(ctx, settingBrand); err != nil || b != nil {
		return keys.Words{}, errors.Join(err, ErrBrandExists)
	}
	profile.Header = header(catalog.TypeProfile)
	if err := profile.Validate(); err != nil {
		return keys.Words{}, err
	}
	words, err := keys.NewWords(rand.Reader)
	if err != nil {
		return keys.Words{}, err
	}
	key, err := n.onlineKey()
	if err != nil {
		return keys.Words{}, err
	}
	n.setKey(key)
	if err := n.foundIdentity(ctx, words); err != nil {
		return keys.Words{}, err
	}
	if err := n.putRecord(ctx, &profile); err != nil {
		return keys.Words{}, err
	}
	return words, n.store.UpdateOwn(ctx, func(o *store.OwnTxn) error {
		return o.PutSetting(settingBrand, n.brand.Bytes())
	})
}

// onlineKey makes the online key, or takes the one of a founding that was
// interrupted: the brand it was for was never named.
func (n *Node) onlineKey() (ed25519.PrivateKey, error) {
	key, err := keys.LoadOnline(n.home)
	if errors.Is(err, fs.ErrNotExist) {
		return keys.CreateOnline(n.home, rand.Reader)
	}
	return key, err
}

func (n *Node) foundIdentity(ctx context.Context, words keys.Words) error {
	next, err := words.Signers(1).Commitment()
	if err != nil {
		return err
	}
	online := identity.Online(protocol.PublicKeyOf(n.key))
	signed, err := identity.Genesis(words.Signers(0), next, online, n.millis()).Sign(words.Root(0))
	if err != nil {
		return err
	}
	raw, err := signed.Encode()
	if err != nil {
		return err
	}
	n.brand = signed.ID()
	_, err = n.store.PutIdentity(ctx, n.brand, raw)
	return err
}
