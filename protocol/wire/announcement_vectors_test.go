package wire

import (
	"encoding/hex"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
)

// heardVector holds the fields of all kinds; specs/11-announcement.md §7 says
// what they mean.
type heardVector struct {
	Name, Kind, Topic, Network, Hint, Peer string
	HostKind, Host                         string
	Valid, Known                           bool
	Data                                   hexBytes
	ID                                     string
	Steps                                  []heardStep
}

type heardStep struct {
	Do            string
	Now           int64
	Message, Head hexBytes
	Brand         protocol.CID
	Identity      []hexBytes
	Verdict       Verdict
	Reason        Reason
	Pass          bool
}

func TestAnnouncementVectors(t *testing.T) {
	eachVector(t, "announcement.json", 40, func(v heardVector) string { return v.Name }, func(t *testing.T, v heardVector) {
		switch v.Kind {
		case "topic":
			n, err := ParseTopic(v.Topic)
			if (err == nil) != v.Valid || string(n) != v.Network || v.Valid && n.Topic() != v.Topic {
				t.Errorf("%q is %q: %v", v.Topic, n, err)
			}
		case "hint":
			hintVector(t, v)
		case "message":
			if id := MessageID(v.Topic, v.Data); hex.EncodeToString(id[:]) != v.ID {
				t.Errorf("%x", id)
			}
		case "budget":
			var b Budget
			for i, s := range v.Steps {
				if got := b.Spend(BrandRate(), protocol.Millis(s.Now)); got != s.Pass {
					t.Errorf("step %d passes: %v", i, got)
				}
			}
		case "scenario":
			listener{}.follow(t, v.Steps)
		default:
			t.Errorf("kind %s", v.Kind)
		}
	})
}

func hintVector(t *testing.T, v heardVector) {
	h, err := ParseHint(v.Hint)
	if (err == nil) != v.Valid {
		t.Fatal(err)
	}
	kind, host, ok := h.Host()
	if v.Valid && (h.Peer() != v.Peer || ok != v.Known || ok && (kind != v.HostKind || host != v.Host)) {
		t.Errorf("%s %s %s", h.Peer(), kind, host)
	}
}

// listener is a node that remembers what specs/11-announcement.md §6 says.
type listener map[protocol.CID]Standing

func (l listener) follow(t *testing.T, steps []heardStep) {
	for i, s := range steps {
		if s.Do == "learn" {
			l.learn(t, s)
			continue
		}
		j := Judge(s.Message, func(b protocol.CID) Standing { return l[b] }, protocol.Millis(s.Now))
		if j.Verdict != s.Verdict || j.Reason != s.Reason || (j.Err == nil) != (j.Verdict == Accept) {
			t.Errorf("step %d: %s, %s: %v; want %s, %s", i, j.Verdict, j.Reason, j.Err, s.Verdict, s.Reason)
		}
		if j.Verdict == Accept {
			l.remember(t, j)
		}
	}
}

func (l listener) learn(t *testing.T, s heardStep) {
	var ops [][]byte
	for _, op := range s.Identity {
		ops = append(ops, op)
	}
	standing := Standing{Log: must(identity.Load(s.Brand, ops))}
	if len(s.Head) > 0 {
		h := must(catalog.DecodeHead(s.Head))
		standing.Highest = &h
	}
	l[s.Brand] = standing
}

func (l listener) remember(t *testing.T, j Judgement) {
	head := j.Announcement.Head
	s := l[head.Brand]
	var ops [][]byte
	if s.Log != nil {
		for _, op := range s.Log.Signed() {
			ops = append(ops, must(op.Encode()))
		}
	}
	for _, op := range j.Announcement.Identity {
		ops = append(ops, must(op.Encode()))
	}
	s.Log = must(identity.Load(head.Brand, ops))
	switch j.Reason {
	case Newer:
		s.Highest, s.Announced, s.Contested = &head, true, false
	case Unpassed:
		s.Announced = true
	case Contested:
		s.Contested = true
	}
	l[head.Brand] = s
}
