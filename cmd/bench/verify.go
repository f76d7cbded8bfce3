package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// verifyOps is how many identity operations the log of the longer-lived brand has.
const verifyOps = 8

// verify judges announcements of new heads of brands whose identity is known, on one
// core, each beside the bare verification of one signature over as many bytes: both
// meet the same noise.
func verify(ctx context.Context, l *lab) ([]row, error) {
	var rows []row
	for _, ops := range []int{1, verifyOps} {
		a, err := newAudition(ops, time.Now())
		if err != nil {
			return nil, err
		}
		judged, bare, err := a.rates(ctx, l.scale.judged)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("announcements judged a second on one core, %d identity operations, beside bare Ed25519", ops)
		rows = append(rows, beside(name, judged, bare, "1/s", higher, 0.5))
	}
	return rows, nil
}

// someone is a peer that announcements name.
const someone = "/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"

// audition is an announcement to be judged, and a signature to be verified.
type audition struct {
	data      []byte
	standing  wire.Standing
	now       protocol.Millis
	key       ed25519.PublicKey
	message   []byte
	signature []byte
}

func newAudition(ops int, now time.Time) (a audition, err error) {
	b, err := newBrand("audition", now)
	if err != nil {
		return a, err
	}
	for range ops - 1 {
		if err := b.extend(now); err != nil {
			return a, err
		}
	}
	old, err := b.sign(trie.Hash{}, 0, 0, now)
	if err != nil {
		return a, err
	}
	b.last = &old
	head, err := b.sign(trie.Hash{}, 0, 0, now)
	if err != nil {
		return a, err
	}
	return b.audition(old, head, now)
}

func (b *brand) audition(old, head catalog.SignedHead, now time.Time) (a audition, err error) {
	said, err := wire.Announce(b.log, head, "/ip4/203.0.113.7/tcp/4001"+someone, "/ip4/203.0.113.7/udp/4001/quic-v1"+someone)
	if err != nil {
		return a, err
	}
	a = audition{
		standing: wire.Standing{Log: b.log, Highest: &old, Announced: true}, now: protocol.MillisOf(now),
		key: b.online.Public().(ed25519.PublicKey), message: head.Signed.Payload, // Public always is one
	}
	a.signature = ed25519.Sign(b.online, a.message)
	a.data, err = said.Encode()
	return a, err
}

// rates returns how many announcements are judged and how many signatures verified
// in a second.
func (a audition) rates(ctx context.Context, n int) (judged, bare float64, err error) {
	var ours, theirs time.Duration
	for range n {
		begin := time.Now()
		j := wire.Judge(a.data, func(protocol.CID) wire.Standing { return a.standing }, a.now)
		middle := time.Now()
		good := ed25519.Verify(a.key, a.message, a.signature)
		ours, theirs = ours+middle.Sub(begin), theirs+time.Since(middle)
		if j.Verdict != wire.Accept || !good {
			return 0, 0, fmt.Errorf("a good announcement is not accepted: %w", j.Err)
		}
		if err := ctx.Err(); err != nil {
			return 0, 0, err
		}
	}
	return float64(n) / ours.Seconds(), float64(n) / theirs.Seconds(), nil
}
