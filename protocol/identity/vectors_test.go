package identity

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/specs/vectors"
)

// vector is one case of specs/vectors/identity.json; specs/04-identity.md §9 says
// which fields its kinds hold.
type vector struct {
	Name, Kind, Error     string
	Valid                 bool
	Seed, Private, Public string
	Index, Threshold      uint64
	Keys, Ops             []string
	CBOR, Payload         string
	Commitment            Commitment
	Brand                 protocol.CID
	State                 vectorState
	Online                []vectorOnline
	Heads                 []vectorHead
}

type vectorState struct {
	Governing protocol.CID
	N, Epoch  uint64
	Online    []protocol.KeyID
	Domain    Domain
	Next      Commitment
	Contested bool
	Tips      []protocol.CID
}

type vectorOnline struct {
	Op    protocol.CID
	Known bool
	Epoch uint64
	KIDs  []protocol.KeyID
}

type vectorHead struct {
	HeadRef
	KID      protocol.KeyID
	Disputed bool
}

// wording says how this package words each class of errors.
var wording = map[string]string{
	"form": "", "sequence": "n is", "epoch": "epoch", "removal": "removes an online key", "commitment": "committed to",
	"missing": "is missing", "signature": "a signature is wrong", "threshold": "signatures where", "genesis": "another brand",
	"limit": "is full",
}

func TestVectors(t *testing.T) {
	judges := map[string]func(vector) error{"root": judgeRoot, "commitment": judgeCommitment, "op": judgeOp, "log": judgeLog}
	for _, v := range load(t) {
		checkVerdict(t, v, judges[v.Kind](v))
	}
}

func load(t testing.TB) []vector {
	t.Helper()
	var set struct{ Cases []vector }
	if err := json.Unmarshal(must(vectors.FS.ReadFile("identity.json")), &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Cases) < 60 {
		t.Fatalf("%d cases", len(set.Cases))
	}
	return set.Cases
}

func checkVerdict(t *testing.T, v vector, err error) {
	t.Helper()
	word, known := wording[v.Error]
	refused := errors.Is(err, protocol.ErrInvalid) || v.Error == "missing" && errors.Is(err, ErrUnknownPrev) || v.Error == "limit" && errors.Is(err, ErrFull)
	switch {
	case v.Valid && err != nil:
		t.Errorf("%s: %v", v.Name, err)
	case !v.Valid && (!known || !refused || !strings.Contains(err.Error(), word)):
		t.Errorf("%s: class %q, but %v", v.Name, v.Error, err)
	}
}

// differs returns an error that is never ErrInvalid unless got is want.
func differs(what string, got, want any) error {
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("%s is %v instead of %v", what, got, want)
	}
	return nil
}

func unhex(s string) []byte { return must(hex.DecodeString(s)) }

func judgeRoot(v vector) error {
	key := RootKey(unhex(v.Seed), v.Index)
	return errors.Join(differs("private key", hex.EncodeToString(key.Seed()), v.Private),
		differs("public key", hex.EncodeToString(protocol.PublicKeyOf(key).Bytes()), v.Public))
}

func judgeCommitment(v vector) error {
	s := Signers{Threshold: v.Threshold}
	for _, k := range v.Keys {
		s.Keys = append(s.Keys, must(protocol.ParsePublicKey(unhex(k))))
	}
	return errors.Join(differs("commitment", commit(s), v.Commitment), differs("cbor", hex.EncodeToString(must(protocol.Marshal(s))), v.CBOR))
}

func judgeOp(v vector) error {
	_, err := DecodeOp(unhex(v.Payload))
	return err
}

func judgeLog(v vector) error {
	var ops [][]byte
	for _, op := range v.Ops {
		ops = append(ops, unhex(op))
	}
	if v.Valid {
		return judgeState(v, ops)
	}
	l, err := Load(v.Brand, ops[:len(ops)-1])
	if err != nil {
		return fmt.Errorf("what stands before is refused: %s", err)
	}
	_, err = l.Append(ops[len(ops)-1])
	if _, together := Load(v.Brand, ops); errors.Is(together, ErrUnknownPrev) != errors.Is(err, ErrUnknownPrev) || errors.Is(together, ErrFull) != errors.Is(err, ErrFull) {
		return fmt.Errorf("taken together %v, but the last by itself %v", together, err)
	}
	return err
}

func judgeState(v vector, ops [][]byte) error {
	l, err := Load(v.Brand, ops)
	if err != nil {
		return err
	}
	s := l.State()
	wrong := differs("state", vectorState{s.Governing, s.N, s.Epoch, kids(s.Online), s.Domain, s.Next, s.Contested, s.Tips}, v.State)
	for _, o := range v.Online {
		epoch, keys, ok := s.OnlineAt(o.Op)
		if ok != o.Known || epoch != o.Epoch || ok && !reflect.DeepEqual(kids(keys), o.KIDs) {
			wrong = errors.Join(wrong, fmt.Errorf("online at %s: %d %v %v", o.Op, epoch, kids(keys), ok))
		}
	}
	for _, h := range v.Heads {
		wrong = errors.Join(wrong, differs(fmt.Sprintf("dispute of %+v", h), s.Disputed(h.HeadRef, h.KID), h.Disputed))
	}
	return wrong
}

func kids(keys []OnlineKey) []protocol.KeyID {
	ids := []protocol.KeyID{}
	for _, k := range keys {
		ids = append(ids, k.ID)
	}
	return ids
}
