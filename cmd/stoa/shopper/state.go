package shopper

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// state is what a conversation needs beside its log. It is a JSON file.
type state struct {
	Brand   protocol.CID `json:"brand"`
	Log     [][]byte     `json:"log"`     // the brand's identity, as last proven
	Gateway string       `json:"gateway"` // base address of the gateway that it was last held through
	Thread  protocol.CID `json:"thread"`
	Genesis []byte       `json:"genesis"` // signed
	Begun   bool         `json:"begun"`   // a gateway has taken the genesis
	// Identity is the seed of the key towards the brand; empty in a conversation that
	// a link of the brand opened.
	Identity []byte       `json:"identity,omitempty"`
	Device   []byte       `json:"device"`          // seed of this folder's key
	Certs    [][]byte     `json:"certs,omitempty"` // that the device is one; none for that of the genesis
	Write    []byte       `json:"write,omitempty"`
	Epochs   []epoch      `json:"epochs,omitempty"` // the present one last
	Joining  *joining     `json:"joining,omitempty"`
	DSeq     uint64       `json:"dseq"` // last number that the device has written
	DPrev    protocol.CID `json:"dprev,omitzero"`
	After    uint64       `json:"after"`   // what the gateway has handed down up to
	Relayed  bool         `json:"relayed"` // After counts what a relay handed down, not commits
	Outbox   []pending    `json:"outbox,omitempty"`
}

// epoch is a secret under which envelopes are sealed.
type epoch struct {
	N      uint64 `json:"n"`
	Secret []byte `json:"secret"`
}

// joining is a request for the present secret that waits for its answer.
type joining struct {
	ID     protocol.CID `json:"id"`
	Secret []byte       `json:"secret"` // the welcome is sealed under it
	Signed []byte       `json:"signed"`
}

// pending is an entry that the brand hasn't committed yet.
type pending struct {
	Entry []byte       `json:"entry"` // signed
	ID    protocol.CID `json:"id"`
	Kind  string       `json:"kind"`
	Salt  []byte       `json:"salt"`
	Body  []byte       `json:"body"`
	State string       `json:"state"` // sending, stored or received
	// Sealed is the envelope that was sent: sending it again is no second deposit.
	Sealed []byte `json:"sealed,omitempty"`
	Epoch  uint64 `json:"epoch"`            // that Sealed is of
	Reason string `json:"reason,omitempty"` // why who should have kept it didn't
	// Root is what a rekey entry brings for the epoch that begins with its commit.
	Root []byte `json:"root,omitempty"`
}

func (s *state) device() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(s.Device) }

// secret returns the secret of an epoch.
func (s *state) secret(n uint64) ([thread.SecretSize]byte, bool) {
	for _, e := range s.Epochs {
		if e.N == n && len(e.Secret) == thread.SecretSize {
			return [thread.SecretSize]byte(e.Secret), true
		}
	}
	return [thread.SecretSize]byte{}, false
}

// present is the epoch to seal under.
func (s *state) present() (n uint64, secret [thread.SecretSize]byte, ok bool) {
	if len(s.Epochs) == 0 {
		return 0, secret, false
	}
	n = s.Epochs[len(s.Epochs)-1].N
	secret, ok = s.secret(n)
	return n, secret, ok
}

// keptEpochs is how many former secrets are kept for envelopes on their way.
const keptEpochs = 2

func (s *state) addEpoch(n uint64, secret [thread.SecretSize]byte) {
	if _, known := s.secret(n); known {
		return
	}
	s.Epochs = append(s.Epochs, epoch{n, secret[:]})
	if extra := len(s.Epochs) - 1 - keptEpochs; extra > 0 {
		s.Epochs = s.Epochs[extra:]
	}
}

func (s *state) encode() ([]byte, error) { return json.Marshal(s) }

func decodeState(data []byte) (*state, error) {
	s := new(state)
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("state of a conversation: %w", err)
	}
	if len(s.Device) != ed25519.SeedSize {
		return nil, fmt.Errorf("state of a conversation: no device key: %w", protocol.ErrInvalid)
	}
	return s, nil
}

// kept is a committed entry in the log of a conversation.
type kept struct {
	Entry  []byte `cbor:"entry"`  // signed
	Commit []byte `cbor:"commit"` // signed
	Salt   []byte `cbor:"salt,omitempty"`
	Body   []byte `cbor:"body,omitempty"`
}

func (k kept) encode() ([]byte, error) { return protocol.Marshal(k) }

func decodeKept(data []byte) (k kept, err error) {
	err = protocol.UnmarshalStrict(data, &k)
	return k, err
}
