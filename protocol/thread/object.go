package thread

import (
	"crypto/ed25519"

	"github.com/stoa-commerce/stoa/protocol"
)

// decodeObject reads a signed object with exactly one signature and its payload
// into v, a closed map.
func decodeObject(name protocol.Object, data []byte, v any) (protocol.Signed, error) {
	s, err := protocol.DecodeSigned(data)
	if err != nil {
		return s, err
	}
	return s, decodePayload(name, s, v)
}

func decodePayload(name protocol.Object, s protocol.Signed, v any) error {
	if len(s.Signatures) != 1 {
		return protocol.Invalid(string(name), "%d signatures instead of 1", len(s.Signatures))
	}
	return protocol.UnmarshalStrict(s.Payload, v)
}

// sign encodes and signs v, and returns the wire form and the identifier.
func sign(name protocol.Object, v any, key ed25519.PrivateKey) (protocol.Signed, error) {
	payload, err := protocol.Marshal(v)
	if err != nil {
		return protocol.Signed{}, err
	}
	if len(payload) > protocol.MaxObject {
		return protocol.Signed{}, protocol.Invalid(string(name), "%d bytes, allowed are %d", len(payload), protocol.MaxObject)
	}
	return protocol.Sign(name, payload, key), nil
}

func isObject(c protocol.CID) bool { return c.Codec() == protocol.DagCBOR }

func versionForm(name protocol.Object, v uint64) error {
	if v != Version {
		return protocol.Invalid(string(name), "version %d is not known", v)
	}
	return nil
}

func timeForm(name protocol.Object, t protocol.Millis) error {
	if t < 0 || t > protocol.MaxTime {
		return protocol.Invalid(string(name), "time %d is out of range", int64(t))
	}
	return nil
}

func objectsForm(name protocol.Object, ids ...protocol.CID) error {
	for _, id := range ids {
		if !isObject(id) {
			return protocol.Invalid(string(name), "a link to an object is missing or of another kind")
		}
	}
	return nil
}

func isWord(s string, dots bool) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && c != '_' && (c != '.' || !dots) {
			return false
		}
	}
	return s != "" && len(s) <= MaxKind
}
