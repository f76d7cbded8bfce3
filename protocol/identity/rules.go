package identity

import "github.com/stoa-commerce/stoa/protocol"

// open reads a signed operation and checks its form and its signatures: each one
// made by one of the signers it reveals, and as many as their threshold.
func open(s protocol.Signed) (Op, error) {
	o, err := DecodeOp(s.Payload)
	if err != nil {
		return Op{}, err
	}
	valid := s.VerifiedBy(protocol.ObjectIdentity, o.Signers.Keys...)
	if valid != len(s.Signatures) {
		return Op{}, protocol.Invalid("identity operation", "a signature is wrong or not by one of its signers")
	}
	if uint64(valid) < o.Signers.Threshold {
		return Op{}, protocol.Invalid("identity operation", "%d signatures where %d are needed", valid, o.Signers.Threshold)
	}
	return o, nil
}

// follows checks an operation against those it names as its predecessors.
func (o Op) follows(parents []Op) error {
	signers, err := o.Signers.Commitment()
	if err != nil {
		return err
	}
	for _, p := range parents {
		if o.N != p.N+1 {
			return protocol.Invalid("identity operation", "n is %d after %d", o.N, p.N)
		}
		if signers != p.Next {
			return protocol.Invalid("identity operation", "its signers are not those its predecessor committed to")
		}
	}
	return o.epochFollows(parents)
}

// epochFollows lets the epoch stay or rise by one, and keys go only if it rises.
func (o Op) epochFollows(parents []Op) error {
	top := topEpoch(parents)
	if o.Epoch == top+1 {
		return nil
	}
	if o.Epoch != top {
		return protocol.Invalid("identity operation", "epoch %d after %d", o.Epoch, top)
	}
	if o.LastGood != nil {
		return protocol.Invalid("identity operation", "names a last good head without raising the epoch")
	}
	for _, p := range parents {
		if p.Epoch == top && len(missing(p.Online, o.Online)) > 0 {
			return protocol.Invalid("identity operation", "removes an online key without raising the epoch")
		}
	}
	return nil
}

func topEpoch(ops []Op) uint64 {
	var top uint64
	for _, o := range ops {
		top = max(top, o.Epoch)
	}
	return top
}
