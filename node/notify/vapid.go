package notify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/stoa-commerce/stoa/node/keyfile"
)

// VAPID is the key by which push services know a brand's node (RFC 8292). It is apart
// from the brand's other keys: whoever has it can push to subscriptions they also
// have, and nothing else.
type VAPID struct {
	key *ecdsa.PrivateKey
}

// LoadVAPID reads the key of a file, made and written when there is none.
func LoadVAPID(path string) (*VAPID, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createVAPID(path)
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s holds no key", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok || ec.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%s holds no P-256 key", path)
	}
	return &VAPID{ec}, nil
}

func createVAPID(path string) (*VAPID, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := writeWhole(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	return &VAPID{key}, nil
}

// writeWhole writes a file that is there whole or not at all.
func writeWhole(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return keyfile.SyncDir(filepath.Dir(path))
}

// Public returns the public key as browsers take it: uncompressed, 65 bytes.
func (v *VAPID) Public() []byte {
	key, err := v.key.PublicKey.Bytes()
	if err != nil {
		panic("a P-256 key without bytes: " + err.Error()) // keys are checked when they are read
	}
	return key
}

// tokenTime is how long a token holds: push services allow 24 hours.
const tokenTime = 12 * time.Hour

var encoding = base64.RawURLEncoding

// token signs who sends to a push service (RFC 8292 §2). contact is a mailto: or
// https: address that the service's people can reach.
func (v *VAPID) token(service *url.URL, contact string, now time.Time) (string, error) {
	claims, err := json.Marshal(map[string]any{
		"aud": service.Scheme + "://" + service.Host, "exp": now.Add(tokenTime).Unix(), "sub": contact,
	})
	if err != nil {
		return "", err
	}
	text := encoding.EncodeToString([]byte(`{"typ":"JWT","alg":"ES256"}`)) + "." + encoding.EncodeToString(claims)
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, v.key, digest[:])
	if err != nil {
		return "", err
	}
	var sig [64]byte
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return text + "." + encoding.EncodeToString(sig[:]), nil
}
