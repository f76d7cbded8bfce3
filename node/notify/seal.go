package notify

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// MaxPush is the longest push message in bytes: one record of 4,096 with its key, tag
// and delimiter (RFC 8291 §4).
const MaxPush = recordSize - 86 - 16 - 1

const recordSize = 4096

// seal encrypts a message for a browser as one aes128gcm record (RFC 8188 §2) under a
// key agreed between own and the browser's (RFC 8291 §3.4).
func seal(browser *ecdh.PublicKey, auth, salt, message []byte, own *ecdh.PrivateKey) ([]byte, error) {
	if len(message) > MaxPush {
		return nil, fmt.Errorf("a push message of %d bytes, allowed are %d", len(message), MaxPush)
	}
	shared, err := own.ECDH(browser)
	if err != nil {
		return nil, err
	}
	secret, err := agreed(shared, auth, browser.Bytes(), own.PublicKey().Bytes())
	if err != nil {
		return nil, err
	}
	aead, nonce, err := recordCipher(secret, salt)
	if err != nil {
		return nil, err
	}
	out := binary.BigEndian.AppendUint32(append([]byte{}, salt...), recordSize)
	out = append(append(out, byte(len(own.PublicKey().Bytes()))), own.PublicKey().Bytes()...)
	const last = 2 // the delimiter of the last record
	return aead.Seal(out, nonce, append(append([]byte{}, message...), last), nil), nil
}

// agreed mixes the browser's secret into what the two keys share (RFC 8291 §3.3).
func agreed(shared, auth, browser, sender []byte) ([]byte, error) {
	return hkdf.Key(sha256.New, shared, auth, "WebPush: info\x00"+string(browser)+string(sender), 32)
}

func recordCipher(secret, salt []byte) (cipher.AEAD, []byte, error) {
	key, err := hkdf.Key(sha256.New, secret, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, nil, err
	}
	nonce, err := hkdf.Key(sha256.New, secret, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, err
	}
	aead, err := cipher.NewGCM(block)
	return aead, nonce, err
}
