package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/slots"
)

// ErrErased means that what was asked for was there and has been erased.
var ErrErased = errors.New("erased")

// errNoKeys means that a transaction needs more keys than are made.
var errNoKeys = errors.New("no keys are left")

// A sealed value is the number of the slot u32 ‖ nonce ‖ AES-256-GCM. Its key is
// HKDF-Expand (RFC 5869) of the slot, with what is sealed as info: a slot is random
// already. So no sealed value passes for that of another row.
const (
	nonceSize  = 12
	sealedMore = 4 + nonceSize + 16 // bytes beyond the plaintext
)

// indexSlot keys the hashes in keys of rows.
const indexSlot uint32 = 0

// keyring reads slots, each once.
type keyring struct {
	vault vault
	read  map[uint32]slots.Key
}

func newKeyring(v vault) *keyring { return &keyring{v, map[uint32]slots.Key{}} }

func (k *keyring) slot(slot uint32) (slots.Key, error) {
	if key, ok := k.read[slot]; ok {
		return key, nil
	}
	key, err := k.vault.Slot(slot)
	if errors.Is(err, slots.ErrErased) {
		return key, fmt.Errorf("%w: %w", ErrErased, err)
	}
	if err == nil {
		k.read[slot] = key
	}
	return key, err
}

func (k *keyring) aead(slot uint32, info string) (cipher.AEAD, error) {
	secret, err := k.slot(slot)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Expand(sha256.New, secret[:], info, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal appends the sealed plaintext to dst.
func (k *keyring) seal(dst []byte, slot uint32, info string, plain []byte) ([]byte, error) {
	aead, err := k.aead(slot, info)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	dst = binary.BigEndian.AppendUint32(dst, slot)
	var nonce [nonceSize]byte
	rand.Read(nonce[:])
	dst = append(dst, nonce[:]...)
	return aead.Seal(dst, nonce[:], plain, nil), nil
}

// open returns the plaintext of a sealed value, or ErrErased.
func (k *keyring) open(info string, sealed []byte) ([]byte, error) {
	if len(sealed) < sealedMore {
		return nil, fmt.Errorf("open sealed row: %w", kv.ErrCorrupt)
	}
	aead, err := k.aead(binary.BigEndian.Uint32(sealed), info)
	if err != nil {
		return nil, fmt.Errorf("open sealed row: %w", err)
	}
	plain, err := aead.Open(nil, sealed[4:4+nonceSize], sealed[4+nonceSize:], nil)
	if err != nil {
		return nil, fmt.Errorf("open sealed row: %w: %w", err, kv.ErrCorrupt)
	}
	return plain, nil
}

// hidden is a keyed hash of what must not stand in a key.
type hidden [16]byte

// hide hashes a name of somebody for use in a key of a row.
func (k *keyring) hide(what string, name []byte) (h hidden, err error) {
	secret, err := k.slot(indexSlot)
	if err != nil {
		return h, err
	}
	mac := hmac.New(sha256.New, secret[:])
	mac.Write([]byte("stoa/index/" + what + "\x00"))
	mac.Write(name)
	copy(h[:], mac.Sum(nil))
	return h, nil
}

func randomKey() (key slots.Key) {
	rand.Read(key[:])
	return key
}
