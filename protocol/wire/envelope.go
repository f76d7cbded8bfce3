package wire

import (
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
)

// ErrUnsupported reports a request or an answer of a version or kind that this
// implementation doesn't know. The other side may be newer; it is not at fault.
var ErrUnsupported = errors.New("unknown version or kind of frame")

// Envelope stands first in every frame of catch-up and every frame of a push
// stream's asker. Encoding fills it in.
type Envelope struct {
	V    uint64 `cbor:"v"`
	Kind string `cbor:"kind"`
}

func (e *Envelope) stamp(kind string) { *e = Envelope{Version, kind} }

// frame is a request or a part of an answer.
type frame interface {
	stamp(kind string)
	kind() string
	check() error
}

func encodeFrame(f frame, max int) ([]byte, error) {
	f.stamp(f.kind())
	if err := f.check(); err != nil {
		return nil, err
	}
	data, err := protocol.Marshal(f)
	if err == nil && len(data) > max {
		err = protocol.Invalid(f.kind(), "%d bytes, allowed are %d", len(data), max)
	}
	return data, err
}

// decodeFrame reads data as one of the frames, which are empty.
func decodeFrame(data []byte, max int, frames ...frame) (frame, error) {
	if len(data) > max {
		return nil, protocol.Invalid("frame", "%d bytes, allowed are %d", len(data), max)
	}
	var e Envelope
	if err := protocol.Unmarshal(data, &e); err != nil {
		return nil, err
	}
	if e.V == 0 || e.Kind == "" {
		return nil, protocol.Invalid("frame", "no version or kind")
	}
	for _, f := range frames {
		if e.V != Version || f.kind() != e.Kind {
			continue
		}
		if err := protocol.UnmarshalStrict(data, f); err != nil {
			return nil, fmt.Errorf("%s: %w", e.Kind, err)
		}
		return f, f.check()
	}
	return nil, fmt.Errorf("version %d, %.40q: %w", e.V, e.Kind, ErrUnsupported)
}

func isObject(c protocol.CID) bool { return c.Codec() == protocol.DagCBOR }

func objects(kind string, ids ...protocol.CID) error {
	for _, id := range ids {
		if !isObject(id) {
			return protocol.Invalid(kind, "a link to an object is missing or of another kind")
		}
	}
	return nil
}

// pathOrNone checks a cursor.
func pathOrNone(p protocol.Path) error {
	if p == "" {
		return nil
	}
	_, err := protocol.ParsePath(string(p))
	return err
}
