package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// unavoidable is what the specification asks of the two sides of one order, without
// anything around it: from a genesis that is there to a commit that is verified.
type unavoidable struct {
	db      *badger.DB
	key     ed25519.PrivateKey
	prekey  thread.PrekeySecret
	brand   protocol.CID
	enc     []byte
	message []byte // of the size of an entry's or a commit's preimage
	sig     []byte
	written atomic.Int64
}

// What one order takes: the ask and the quote, the order and the number it is told
// (specs/16-thread.md §3 to §6). The genesis is made beforehand and checked by the brand.
const (
	signatures    = 2 + 4 + 2 // the shopper's entries, the brand's commits and entries
	verifications = 3 + 6     // by the brand: genesis and entries; by the shopper: commits and entries
	envelopes     = 2 + 4     // up and down, each sealed once and opened once
	commitments   = 4 * 2     // of bodies, made and checked
	sealedSize    = 1024      // of the smallest padding
	preimageSize  = 260
	orderBytes    = 3000 // headers, commits and bodies of the four entries
)

func newUnavoidable(dir string) (u *unavoidable, err error) {
	u = &unavoidable{message: make([]byte, preimageSize), brand: protocol.Sum(protocol.DagCBOR, []byte("brand"))}
	if _, u.key, err = ed25519.GenerateKey(rand.Reader); err != nil {
		return nil, err
	}
	u.sig = ed25519.Sign(u.key, u.message)
	if u.prekey, err = thread.PrekeyOf([32]byte{1}); err != nil {
		return nil, err
	}
	if u.enc, _, err = thread.Encapsulate(u.brand, u.brand, u.prekey.Public()); err != nil {
		return nil, err
	}
	u.db, err = badger.Open(badger.DefaultOptions(filepath.Join(dir, "bare-orders")).WithSyncWrites(true).WithLogger(nil))
	return u, err
}

func (u *unavoidable) close() error { return u.db.Close() }

// round returns how many orders a second so much takes, with as many at once.
func (u *unavoidable) round(_ context.Context, s scale) (float64, error) {
	commits := newGroup(u.db)
	begin := time.Now()
	err := crowdOf(s.buyers, s.orders, func(int) error {
		if err := u.compute(); err != nil {
			return err
		}
		return commits.put(fmt.Appendf(nil, "order/%020d", u.written.Add(1)), make([]byte, orderBytes))
	})
	rate := float64(s.orders) / time.Since(begin).Seconds()
	return rate, errors.Join(err, commits.close())
}

func (u *unavoidable) compute() error {
	if _, err := u.prekey.Decapsulate(u.brand, u.brand, u.enc); err != nil {
		return err
	}
	for range signatures {
		ed25519.Sign(u.key, u.message)
	}
	public := u.key.Public().(ed25519.PublicKey) // Public always is one
	for range verifications {
		if !ed25519.Verify(public, u.message, u.sig) {
			return errUnexpected
		}
	}
	body := make([]byte, sealedSize/2)
	for range commitments {
		sha256.Sum256(body)
	}
	for range envelopes {
		if err := throughEnvelope(); err != nil {
			return err
		}
	}
	return nil
}

// throughEnvelope seals and opens one.
func throughEnvelope() error {
	plain, nonce := make([]byte, sealedSize), make([]byte, 12)
	var sealed []byte
	for _, open := range []bool{false, true} {
		key, err := hkdf.Key(sha256.New, plain[:32], plain[:32], "envelope", 32)
		if err != nil {
			return err
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return err
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return err
		}
		if !open {
			sealed = aead.Seal(nil, nonce, plain, nil)
		} else if _, err := aead.Open(nil, nonce, sealed, nil); err != nil {
			return err
		}
	}
	return nil
}

// group writes what many put at once in one synced write, as soon as the last write is
// done.
type group struct {
	db   *badger.DB
	in   chan groupRow
	done chan error
}

type groupRow struct {
	key, value []byte
	written    chan error
}

func newGroup(db *badger.DB) *group {
	g := &group{db, make(chan groupRow, 1024), make(chan error, 1)}
	go g.run()
	return g
}

func (g *group) put(key, value []byte) error {
	r := groupRow{key, value, make(chan error, 1)}
	g.in <- r
	return <-r.written
}

func (g *group) close() error {
	close(g.in)
	return <-g.done
}

func (g *group) run() {
	defer close(g.done)
	for first := range g.in {
		rows := []groupRow{first}
		for len(rows) < 256 && len(g.in) > 0 {
			rows = append(rows, <-g.in)
		}
		err := g.db.Update(func(tx *badger.Txn) error {
			for _, r := range rows {
				if err := tx.Set(r.key, r.value); err != nil {
					return err
				}
			}
			return nil
		})
		for _, r := range rows {
			r.written <- err
		}
	}
}
