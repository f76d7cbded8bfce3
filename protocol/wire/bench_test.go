package wire

import (
	"crypto/ed25519"
	"fmt"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
)

// BenchmarkJudge measures announcements of new heads of a brand whose log is known,
// with as much of the log as fits. Each is followed by the bare Ed25519 verification
// of its head, so that both meet the same noise; "of-bare" is how many announcements
// are judged in the time of one verification.
func BenchmarkJudge(b *testing.B) {
	for _, ops := range []int{1, 3, 8, 30} {
		b.Run(fmt.Sprint("operations=", ops), func(b *testing.B) {
			a := newAudition(ops)
			var judged, bare time.Duration
			b.ReportAllocs()
			for b.Loop() {
				start := time.Now()
				a.judge(b)
				middle := time.Now()
				a.verify(b)
				judged, bare = judged+middle.Sub(start), bare+time.Since(middle)
			}
			b.ReportMetric(float64(b.N)/judged.Seconds(), "judged/s")
			b.ReportMetric(float64(bare)/float64(judged), "of-bare")
		})
	}
}

// audition is an announcement to be judged and the signature in it.
type audition struct {
	data, preimage, signature []byte
	key                       ed25519.PublicKey
	standing                  Standing
}

func newAudition(ops int) audition {
	tea := newBrand("tea")
	for range ops - 1 {
		tea.extend()
	}
	old, head := tea.head(plain), tea.later(1)
	return audition{
		data:      must(must(Announce(tea.log, head, hint, hint)).Encode()),
		preimage:  append([]byte("stoa/head/v1\x00"), head.Signed.Payload...),
		signature: head.Signed.Signatures[0].Bytes,
		key:       key("tea online", 0).Public().(ed25519.PublicKey),
		standing:  Standing{Log: tea.log, Highest: &old, Announced: true},
	}
}

func (a audition) judge(b *testing.B) {
	if j := Judge(a.data, func(protocol.CID) Standing { return a.standing }, noon); j.Verdict != Accept {
		b.Fatal(j.Err)
	}
}

func (a audition) verify(b *testing.B) {
	if !ed25519.Verify(a.key, a.preimage, a.signature) {
		b.Fatal("wrong")
	}
}
