package thread

import (
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
)

// Limits of receipts (specs/21-receipt.md §5).
const (
	// MaxReceipt is the largest receipt in bytes.
	MaxReceipt = 8 << 20
	// MaxReceiptCommits and MaxReceiptEntries are how many it may hold.
	MaxReceiptCommits = 4096
	MaxReceiptEntries = 1024
)

// Receipt is a part of a thread that proves itself: entries that are shown, whole or
// without their bodies, and for all others the brand's commits alone.
type Receipt struct {
	V uint64 `cbor:"v"`
	// Log are the operations of the brand's identity in their order, signatures by
	// key, as in a proof bundle.
	Log [][]byte `cbor:"log"`
	// Genesis is the thread's, signed.
	Genesis []byte `cbor:"genesis"`
	// Devices are the certificates of the devices whose entries are shown, but for
	// the genesis's: of each the whole chain from the identity.
	Devices [][][]byte `cbor:"devices"`
	// Commits are all of the thread from the first to the last that matters.
	Commits [][]byte `cbor:"commits"`
	// Entries are those that are shown, in the order of their commits.
	Entries []Shown `cbor:"entries"`
}

// Shown is one entry of a receipt. Without salt and body only its header is shown.
type Shown struct {
	Entry []byte `cbor:"entry"` // signed
	Salt  []byte `cbor:"salt,omitempty"`
	Body  []byte `cbor:"body,omitempty"`
}

// NewReceipt returns a receipt of an order: the order, the quote it cites and all
// that was said of it afterwards, with their bodies; of everything else the commits.
// log are the brand's operations, items all that stands in the thread, from the first
// on, devices the whole chains of certificates of all its devices.
func NewReceipt(log []protocol.Signed, genesis []byte, devices [][][]byte, items []HandbackItem, order protocol.CID) (Receipt, error) {
	r := Receipt{V: Version, Genesis: genesis, Devices: devices}
	for _, op := range log {
		op.Signatures = slices.SortedFunc(slices.Values(op.Signatures), compareSignatures)
		data, err := op.Encode()
		if err != nil {
			return Receipt{}, err
		}
		r.Log = append(r.Log, data)
	}
	concerns, err := concerned(items, order)
	if err != nil {
		return Receipt{}, err
	}
	for i, item := range items {
		r.Commits = append(r.Commits, item.Commit)
		if concerns[i] {
			r.Entries = append(r.Entries, Shown{Entry: item.Entry, Salt: item.Salt, Body: item.Body})
		}
	}
	return r, nil
}

// Encode returns the canonical bytes, at most MaxReceipt.
func (r Receipt) Encode() ([]byte, error) {
	r.V = Version
	if err := r.form(); err != nil {
		return nil, err
	}
	data, err := protocol.Marshal(r)
	if err == nil && len(data) > MaxReceipt {
		err = protocol.Invalid("receipt", "%d bytes, allowed are %d", len(data), MaxReceipt)
	}
	return data, err
}

// DecodeReceipt reads a receipt and checks its form; VerifyReceipt checks all.
func DecodeReceipt(data []byte) (Receipt, error) {
	if len(data) > MaxReceipt {
		return Receipt{}, protocol.Invalid("receipt", "%d bytes, allowed are %d", len(data), MaxReceipt)
	}
	var r Receipt
	if err := protocol.UnmarshalStrict(data, &r); err != nil {
		return Receipt{}, err
	}
	return r, r.form()
}

func (r Receipt) form() error {
	if r.V != Version {
		return protocol.Invalid("receipt", "version %d is not known", r.V)
	}
	if len(r.Log) == 0 || len(r.Genesis) == 0 || len(r.Commits) == 0 || len(r.Commits) > MaxReceiptCommits ||
		len(r.Entries) > MaxReceiptEntries || len(r.Devices) > MaxDevices {
		return protocol.Invalid("receipt", "%d operations, %d commits, %d entries, %d devices", len(r.Log), len(r.Commits), len(r.Entries), len(r.Devices))
	}
	for _, e := range r.Entries {
		if err := bodyForm(e.Salt, e.Body); err != nil {
			return err
		}
	}
	return nil
}

// concerned says which of a thread's entries belong to an order.
func concerned(items []HandbackItem, order protocol.CID) ([]bool, error) {
	out := make([]bool, len(items))
	quotes := map[protocol.CID]int{}
	found := false
	for i, item := range items {
		e, err := DecodeEntry(item.Entry)
		if err != nil {
			return nil, err
		}
		if e.Kind == KindQuote {
			quotes[e.ID] = i
		}
		body, err := DecodeBody(e.Kind, item.Body)
		if err != nil {
			continue // nothing that could be shown
		}
		if e.ID == order {
			found, out[i] = true, true
			if q, known := quotes[citedQuote(body)]; known {
				out[q] = true
			}
		}
		out[i] = out[i] || ordersOf(body) == order
	}
	if !found {
		return nil, protocol.Invalid("receipt", "there is no order %s", order)
	}
	return out, nil
}
