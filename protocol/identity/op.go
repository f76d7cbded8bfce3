package identity

import "github.com/stoa-commerce/stoa/protocol"

// Version is the only version of operations so far.
const Version = 1

// Op is one operation of an identity log. Except for the history it hangs on, an
// operation states everything anew: what it leaves out is gone.
type Op struct {
	Version uint64 `cbor:"v"`
	// N counts operations from 0, the genesis. It is also the index of the root
	// keys that sign the operation.
	N uint64 `cbor:"n"`
	// Prev is the operation this one follows; undefined in the genesis.
	Prev protocol.CID `cbor:"prev,omitzero"`
	// Signers are the root keys of this operation, revealed now. Their commitment
	// was the predecessor's Next.
	Signers Signers `cbor:"signers"`
	// Next commits to the signers of the operation after this one.
	Next Commitment `cbor:"next"`
	// Online lists the keys that sign heads under this operation.
	Online []OnlineKey `cbor:"online"`
	// Epoch rises by one when a key is revoked or the order of heads must start
	// over. The genesis has 0.
	Epoch uint64 `cbor:"epoch"`
	// Domain is a claim, or "".
	Domain Domain `cbor:"domain,omitempty"`
	// LastGood is the last head to be trusted of the keys that this operation
	// removes. It is nil unless the epoch rises; nil while it rises says that none
	// of their heads is to be trusted.
	LastGood *HeadRef `cbor:"lastGood,omitempty"`
	// Merge is the other end of a fork that this operation heals, or undefined.
	Merge protocol.CID `cbor:"merge,omitzero"`
	// Time is the signer's own claim and decides nothing.
	Time protocol.Millis `cbor:"time"`
}

// HeadRef names one head by its place in the order of heads and by its CID.
type HeadRef struct {
	Epoch uint64       `cbor:"epoch" json:"epoch"`
	Seq   uint64       `cbor:"seq" json:"seq"`
	Head  protocol.CID `cbor:"head" json:"head"`
}

// DecodeOp reads the payload of an operation and checks its form, not who signed
// it nor what it follows.
func DecodeOp(payload []byte) (Op, error) {
	var o Op
	if len(payload) > protocol.MaxObject {
		return Op{}, protocol.Invalid("identity operation", "%d bytes, at most %d are allowed", len(payload), protocol.MaxObject)
	}
	if err := protocol.UnmarshalStrict(payload, &o); err != nil {
		return Op{}, err
	}
	if err := o.form(); err != nil {
		return Op{}, err
	}
	return o, nil
}

// Encode returns the payload, or an error when the operation breaks a rule of
// form.
func (o Op) Encode() ([]byte, error) {
	if err := o.form(); err != nil {
		return nil, err
	}
	return protocol.Marshal(o)
}

func (o Op) form() error {
	if o.Version != Version {
		return protocol.Invalid("identity operation", "version %d is not known", o.Version)
	}
	if err := o.Signers.form(); err != nil {
		return err
	}
	if err := onlineForm(o.Online); err != nil {
		return err
	}
	if err := o.numbers(); err != nil {
		return err
	}
	if o.Domain != "" {
		if _, err := ParseDomain(string(o.Domain)); err != nil {
			return err
		}
	}
	return o.links()
}

func (o Op) numbers() error {
	if o.N >= MaxOps || o.Epoch > o.N {
		return protocol.Invalid("identity operation", "n %d with epoch %d is out of range", o.N, o.Epoch)
	}
	if o.Time < 0 || o.Time > protocol.MaxTime {
		return protocol.Invalid("identity operation", "time %d is out of range", int64(o.Time))
	}
	if g := o.LastGood; g != nil && (!isObject(g.Head) || g.Seq > protocol.MaxInt || g.Epoch >= o.Epoch) {
		return protocol.Invalid("identity operation", "last good head is not one of an earlier epoch")
	}
	return nil
}

func (o Op) links() error {
	if o.N == 0 {
		if o.Prev.Defined() || o.Merge.Defined() {
			return protocol.Invalid("identity operation", "the genesis follows nothing")
		}
		return nil
	}
	if !isObject(o.Prev) {
		return protocol.Invalid("identity operation", "operation %d names no predecessor", o.N)
	}
	if o.Merge.Defined() && (!isObject(o.Merge) || o.Merge == o.Prev) {
		return protocol.Invalid("identity operation", "merges nothing")
	}
	return nil
}

func isObject(c protocol.CID) bool { return c.Codec() == protocol.DagCBOR }

// parents returns the operations this one follows: none, one, or two for a merge.
func (o Op) parents() []protocol.CID {
	switch {
	case !o.Prev.Defined():
		return nil
	case !o.Merge.Defined():
		return []protocol.CID{o.Prev}
	}
	return []protocol.CID{o.Prev, o.Merge}
}
