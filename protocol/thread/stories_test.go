package thread

import (
	"errors"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
)

// storyVector is a thread as one who follows it judges what comes, entry by entry.
type storyVector struct {
	Name, Kind string
	Log        []hexBytes
	Genesis    hexBytes
	Seq        uint64
	Steps      []struct {
		Entry, Commit, Salt, Body hexBytes
		Verdict                   string
		Effect                    bool
	}
}

// verdictWords are what a step of a story may come to.
var verdictWords = []struct {
	word string
	err  error
}{
	{"known", ErrKnown}, {"gap", ErrGap}, {"contradiction", ErrContradiction}, {"stranger", ErrStranger}, {"removed", ErrRemoved},
	{"forked", ErrForked}, {"unseen", ErrUnseen}, {"signature", ErrSignature}, {"commitment", ErrCommitment}, {"form", protocol.ErrInvalid},
}

func wordOf(err error) string {
	if err == nil {
		return "next"
	}
	for _, w := range verdictWords {
		if errors.Is(err, w.err) {
			return w.word
		}
	}
	return err.Error()
}

func TestAThreadIsFollowedAsItsStoriesTell(t *testing.T) {
	stories := 0
	eachVector(t, "thread.json", 150, func(v storyVector) string { return v.Name }, func(t *testing.T, v storyVector) {
		if v.Kind != "story" {
			t.SkipNow()
		}
		stories++
		var ops [][]byte
		for _, op := range v.Log {
			ops = append(ops, op)
		}
		keys := KeysOf(must(identity.Load(must(protocol.DecodeSigned(ops[0])).ID(), ops)))
		c := NewChain(must(OpenGenesis(v.Genesis)))
		commits := map[uint64]protocol.CID{}
		c.CommitAt = func(seq uint64) (protocol.CID, bool) { id, ok := commits[seq]; return id, ok }
		for i, s := range v.Steps {
			before := c.Seq
			got, err := c.Follow(keys, HandbackItem{Entry: s.Entry, Commit: s.Commit, Salt: s.Salt, Body: s.Body})
			if word := wordOf(err); word != s.Verdict || (got.Value != nil) != s.Effect {
				t.Errorf("step %d is %s with effect %v: %v; want %s, %v", i, word, got.Value != nil, err, s.Verdict, s.Effect)
			}
			if err == nil {
				commits[c.Seq] = c.Last
			} else if c.Seq != before {
				t.Errorf("step %d moved the chain", i)
			}
		}
		if c.Seq != v.Seq {
			t.Errorf("ends at %d instead of %d", c.Seq, v.Seq)
		}
	})
	if stories < 6 {
		t.Errorf("%d stories", stories)
	}
}
