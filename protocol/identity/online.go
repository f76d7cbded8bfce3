package identity

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// OnlineKey is a key that lives on a brand's node and signs heads.
type OnlineKey struct {
	Key protocol.PublicKey `cbor:"key"`
	ID  protocol.KeyID     `cbor:"kid"`
}

// Online returns the keys with their identifiers in the order an operation
// needs: ascending by identifier, each once.
func Online(keys ...protocol.PublicKey) []OnlineKey {
	list := make([]OnlineKey, 0, len(keys))
	for _, k := range keys {
		list = append(list, OnlineKey{Key: k, ID: k.ID()})
	}
	return sortOnline(list)
}

func sortOnline(list []OnlineKey) []OnlineKey {
	slices.SortFunc(list, compareOnline)
	return slices.CompactFunc(list, func(a, b OnlineKey) bool { return a == b })
}

func compareOnline(a, b OnlineKey) int { return strings.Compare(string(a.ID), string(b.ID)) }

func onlineForm(list []OnlineKey) error {
	if len(list) > MaxOnline {
		return protocol.Invalid("online keys", "%d keys, at most %d are allowed", len(list), MaxOnline)
	}
	for i, k := range list {
		if !k.Key.Defined() || k.ID != k.Key.ID() {
			return protocol.Invalid("online keys", "identifier %q is not that of its key", k.ID)
		}
		if i > 0 && compareOnline(list[i-1], k) >= 0 {
			return protocol.Invalid("online keys", "not in ascending order of identifiers, each once")
		}
	}
	return nil
}

// find returns the key with the identifier.
func find(list []OnlineKey, id protocol.KeyID) (protocol.PublicKey, bool) {
	for _, k := range list {
		if k.ID == id {
			return k.Key, true
		}
	}
	return protocol.PublicKey{}, false
}

// missing returns the keys of before that are not in after.
func missing(before, after []OnlineKey) []protocol.KeyID {
	var gone []protocol.KeyID
	for _, k := range before {
		if !slices.Contains(after, k) {
			gone = append(gone, k.ID)
		}
	}
	return gone
}

type onlineJSON struct {
	ID  protocol.KeyID `json:"kid"`
	Key string         `json:"key"`
}

// MarshalJSON writes {"kid":…,"key":…}, the key in lower-case hex.
func (k OnlineKey) MarshalJSON() ([]byte, error) {
	return json.Marshal(onlineJSON{k.ID, hex.EncodeToString(k.Key.Bytes())})
}

// UnmarshalJSON reads what MarshalJSON writes and checks the key and its
// identifier.
func (k *OnlineKey) UnmarshalJSON(b []byte) error {
	var j onlineJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return protocol.Invalid("online key", "%v", err)
	}
	raw, err := hex.DecodeString(j.Key)
	if err != nil {
		return protocol.Invalid("online key", "%v", err)
	}
	key, err := protocol.ParsePublicKey(raw)
	if err != nil {
		return err
	}
	*k = OnlineKey{Key: key, ID: j.ID}
	return onlineForm([]OnlineKey{*k})
}
