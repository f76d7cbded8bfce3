package identity

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

func TestDomains(t *testing.T) {
	label := strings.Repeat("a", 63)
	for _, s := range []string{"tea.example", "a.b.c", "xn--bcher-kva.example", "1.example", label + ".example", "a-b.example"} {
		if _, err := ParseDomain(s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range []string{
		"", ".", "example", "tea.example.", ".tea.example", "Tea.example", "téa.example", "tea..example", "-a.example",
		"a-.example", "a_b.example", "127.0.0.1", "tea.example:443", "tea.example/x", "a b.example", label + "a.example",
		strings.Repeat(label+".", 4) + "example",
	} {
		if _, err := ParseDomain(s); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestADraftTravelsAsJSON(t *testing.T) {
	tea := solo("tea")
	l := logOf(t, tea.genesis(online(1), online(2)))
	d := l.State().Draft(5).Revoke(&HeadRef{Seq: 7, Head: headID("x")}, online(1).ID())
	d.Domain = "tea.example"
	var back Draft
	if err := json.Unmarshal(must(json.Marshal(d)), &back); err != nil || !reflect.DeepEqual(d, back) {
		t.Fatalf("%+v comes back as %+v: %v", d, back, err)
	}
	add(t, l, tea.sign(back))
}

func TestOnlineKeysInJSONMustMatchTheirIdentifiers(t *testing.T) {
	good := must(json.Marshal(Online(online(1))[0]))
	var k OnlineKey
	if err := json.Unmarshal(good, &k); err != nil || k.Key != online(1) {
		t.Fatal(err)
	}
	for _, s := range []string{
		strings.Replace(string(good), string(k.ID), "0123456789abcdef", 1),
		`{"kid":"` + string(k.ID) + `","key":"zz"}`, `{"kid":"` + string(k.ID) + `","key":""}`, `[]`,
	} {
		if err := json.Unmarshal([]byte(s), &k); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestSignersAreCommittedToInOneOrder(t *testing.T) {
	a, b := online("a"), online("b")
	x, y := must(NewSigners(1, a, b)), must(NewSigners(1, b, a))
	if commit(x) != commit(y) || commit(x) == commit(must(NewSigners(2, a, b))) {
		t.Error("the commitment depends on the order or not on the threshold")
	}
	for name, f := range map[string]func() (Signers, error){
		"no keys":      func() (Signers, error) { return NewSigners(1) },
		"a key twice":  func() (Signers, error) { return NewSigners(1, a, a) },
		"threshold 0":  func() (Signers, error) { return NewSigners(0, a) },
		"threshold -1": func() (Signers, error) { return NewSigners(-1, a) },
		"threshold 3":  func() (Signers, error) { return NewSigners(3, a, b) },
	} {
		if _, err := f(); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheLargestOperationFitsItsLimit(t *testing.T) {
	var keys []protocol.PublicKey
	for i := range MaxSigners {
		keys = append(keys, online(i))
	}
	o := Op{
		Version: 1, N: MaxOps - 1, Epoch: MaxOps - 1, Prev: headID("a"), Merge: headID("b"), Time: protocol.MaxTime,
		Signers: must(NewSigners(MaxSigners, keys...)), Online: many(MaxOnline),
		LastGood: &HeadRef{MaxOps - 2, protocol.MaxInt, headID("c")},
		Domain:   Domain(strings.Repeat(strings.Repeat("a", 49)+".", 5) + "abc"),
	}
	payload, err := o.Encode()
	if err != nil || len(payload) > protocol.MaxObject {
		t.Fatal(len(payload), err)
	}
	if back, err := DecodeOp(payload); err != nil || !reflect.DeepEqual(back, o) {
		t.Fatalf("%+v %v", back, err)
	}
}

func TestAWrongSeedLengthPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a seed of 32 bytes is taken")
		}
	}()
	RootKey(make([]byte, 32), 0)
}

func FuzzDecodeOp(f *testing.F) {
	tea := solo("tea")
	g := tea.genesis(online(1))
	l := must(Load(g.ID(), [][]byte{must(g.Encode())}))
	f.Add(g.Payload)
	f.Add(tea.sign(l.State().Draft(5).Revoke(&HeadRef{Seq: 7, Head: headID("x")}, online(1).ID())).Payload)
	for _, v := range load(f) {
		f.Add(unhex(v.Payload))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		o, err := DecodeOp(payload)
		if err != nil {
			if !errors.Is(err, protocol.ErrInvalid) {
				t.Fatalf("%x: %v", payload, err)
			}
			return
		}
		if again, err := o.Encode(); err != nil || !bytes.Equal(again, payload) {
			t.Fatalf("%x encodes as %x: %v", payload, again, err)
		}
	})
}

func FuzzAppend(f *testing.F) {
	tea := solo("tea")
	g := tea.genesis(online(1))
	start := must(Load(g.ID(), [][]byte{must(g.Encode())}))
	f.Add(must(tea.sign(start.State().Draft(5)).Encode()))
	f.Add(must(g.Encode()))
	for _, v := range load(f) {
		for _, op := range v.Ops {
			f.Add(unhex(op))
		}
	}
	f.Add(must(solo("coffee").genesis(online(1)).Encode()))
	f.Fuzz(func(t *testing.T, data []byte) {
		l := must(Load(g.ID(), [][]byte{must(g.Encode())}))
		n, err := l.Append(data)
		if err != nil && (n != 0 || l.Len() != 1) || l.Len() != 1+n {
			t.Fatalf("%x: %d added, %d there, %v", data, n, l.Len(), err)
		}
		if s := l.State(); !s.Governing.Defined() {
			t.Fatalf("%x: nothing governs", data)
		}
	})
}
