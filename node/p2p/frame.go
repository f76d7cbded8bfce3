package p2p

import (
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Limits of peer exchange (specs/14-discovery.md §4).
const (
	// maxAsked is the largest request in bytes.
	maxAsked = 64
	// maxTold is the largest answer in bytes, maxRecords the largest number of signed
	// records in it, maxRecord the size of one.
	maxTold    = 32 << 10
	maxRecords = 16
	maxRecord  = 2000
)

const exchangeKind = "peers"

// asked is a request for signed peer records.
type asked struct {
	wire.Envelope
	Limit uint64 `cbor:"limit"`
}

// toldPeers is the answer: libp2p envelopes of peer records, as their peers signed
// them.
type toldPeers struct {
	wire.Envelope
	Peers [][]byte `cbor:"peers"`
}

func encodeAsked(limit int) ([]byte, error) {
	return protocol.Marshal(asked{envelope(), uint64(limit)})
}

func envelope() wire.Envelope { return wire.Envelope{V: wire.Version, Kind: exchangeKind} }

func decodeAsked(data []byte) (limit int, err error) {
	var a asked
	if err := decodeExchange(data, maxAsked, &a, &a.Envelope); err != nil {
		return 0, err
	}
	if a.Limit < 1 || a.Limit > maxRecords {
		return 0, protocol.Invalid(exchangeKind, "limit is %d, allowed are 1 to %d", a.Limit, maxRecords)
	}
	return int(a.Limit), nil
}

func encodeTold(records [][]byte) ([]byte, error) {
	return protocol.Marshal(toldPeers{envelope(), records})
}

func decodeTold(data []byte) ([][]byte, error) {
	var t toldPeers
	if err := decodeExchange(data, maxTold, &t, &t.Envelope); err != nil {
		return nil, err
	}
	if t.Peers == nil || len(t.Peers) > maxRecords {
		return nil, protocol.Invalid(exchangeKind, "%d records, allowed are %d", len(t.Peers), maxRecords)
	}
	for _, r := range t.Peers {
		if len(r) == 0 || len(r) > maxRecord {
			return nil, protocol.Invalid(exchangeKind, "a record of %d bytes, allowed are 1 to %d", len(r), maxRecord)
		}
	}
	return t.Peers, nil
}

// decodeExchange reads data into a closed map after its version and kind, as
// page 12 §2 has it.
func decodeExchange(data []byte, limit int, into any, e *wire.Envelope) error {
	if len(data) > limit {
		return protocol.Invalid(exchangeKind, "%d bytes, allowed are %d", len(data), limit)
	}
	var head wire.Envelope
	if err := protocol.Unmarshal(data, &head); err != nil {
		return err
	}
	if head.V == 0 || head.Kind == "" {
		return protocol.Invalid(exchangeKind, "no version or kind")
	}
	if head.V != wire.Version || head.Kind != exchangeKind {
		return fmt.Errorf("version %d, %.40q: %w", head.V, head.Kind, wire.ErrUnsupported)
	}
	if err := protocol.UnmarshalStrict(data, into); err != nil {
		return fmt.Errorf("%s: %w", exchangeKind, err)
	}
	*e = head
	return nil
}
