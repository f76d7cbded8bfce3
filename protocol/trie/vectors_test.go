package trie

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/specs/vectors"
)

// vector is one case of specs/vectors/trie.json; specs/05-trie.md §10 says what
// its fields mean.
type vector struct {
	Name, Kind, Error        string
	Valid                    bool
	Path, Record, Key, Below string
	Prefix, Proof            string
	Root, After              Hash
	Leaves                   []vectorLeaf
	Changes                  []vectorLeaf
	Children                 []Digest
}

type vectorLeaf struct{ Key, Path, Record string }

// classes says how this package words each class of errors.
var classes = map[string]string{
	"absent":  "is not there",
	"count":   "leaves",
	"empty":   "empty",
	"form":    "",
	"group":   "group",
	"inside":  "inside a group",
	"key":     "not its own",
	"order":   "out of order",
	"path":    "path",
	"prefix":  "prefix",
	"present": "is present",
	"root":    " instead of ",
	"side":    "another side",
	"twice":   "changed twice",
}

func TestVectors(t *testing.T) {
	data, err := vectors.FS.ReadFile("trie.json")
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Cases []vector }
	if err := json.Unmarshal(data, &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Cases) < 80 {
		t.Fatalf("%d cases", len(set.Cases))
	}
	for _, c := range set.Cases {
		t.Run(c.Kind+"/"+c.Name, func(t *testing.T) { c.check(t) })
	}
}

func (c vector) check(t *testing.T) {
	err := c.run()
	switch words, known := classes[c.Error]; {
	case c.Valid != (c.Error == ""):
		t.Error("the vector contradicts itself")
	case c.Valid && err != nil:
		t.Errorf("valid, but: %v", err)
	case !c.Valid && !errors.Is(err, protocol.ErrInvalid):
		t.Errorf("invalid (%s), but: %v", c.Error, err)
	case !c.Valid && (!known || !strings.Contains(err.Error(), words)):
		t.Errorf("class %s, but: %v", c.Error, err)
	}
}

var errDiffers = errors.New("result differs")

func (c vector) run() error {
	switch c.Kind {
	case "key":
		l := NewLeaf(protocol.Path(c.Path), cidOf(c.Record))
		return same(hex.EncodeToString(l.Key[:])+l.Hash().String(), c.Key+c.Below)
	case "root":
		root, err := Root(leavesOf(c.Leaves))
		return errors.Join(err, same(root, c.Root))
	case "way":
		p, err := DecodeProof(bytesOf(c.Proof))
		return errors.Join(err, leadsTo(c.Root, p, Key(bytesOf(c.Key)), Hash(bytesOf(c.Below))))
	case "edit":
		return c.edit()
	case "record", "group":
		return c.present()
	case "absent", "group-absent":
		return c.absent()
	case "descent":
		return VerifyDescent(c.Root, bytesOf(c.Prefix), c.Children)
	case "leaves":
		return VerifyLeaves(c.Root, bytesOf(c.Prefix), leavesOf(c.Leaves))
	}
	return errors.New("unknown kind")
}

func (c vector) edit() error {
	m, before, err := Build(leavesOf(c.Leaves))
	if err = errors.Join(err, same(before.Root, c.Root)); err != nil {
		return err
	}
	var changes []Change
	for _, l := range c.Changes {
		changes = append(changes, Change{Leaf: NewLeaf(protocol.Path(l.Path), cidOf(l.Record)), Delete: l.Record == ""})
	}
	e, err := m.Apply(changes)
	if err != nil {
		return err
	}
	return same(e.Root, c.After)
}

func (c vector) present() error {
	p, err := DecodeProof(bytesOf(c.Proof))
	if err != nil {
		return err
	}
	if c.Kind == "group" {
		return VerifyGroup(c.Root, protocol.Path(c.Path), leavesOf(c.Leaves), p)
	}
	return VerifyRecord(c.Root, protocol.Path(c.Path), cidOf(c.Record), p)
}

func (c vector) absent() error {
	a, err := DecodeAbsence(bytesOf(c.Proof))
	if err != nil {
		return err
	}
	if c.Kind == "group-absent" {
		return VerifyGroupAbsent(c.Root, protocol.Path(c.Path), a)
	}
	return VerifyAbsent(c.Root, protocol.Path(c.Path), a)
}

func same[T comparable](got, want T) error {
	if got != want {
		return errDiffers
	}
	return nil
}

func bytesOf(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// cidOf reads an identifier; "" is none.
func cidOf(s string) protocol.CID {
	var id protocol.CID
	if err := id.UnmarshalText([]byte(s)); err != nil {
		panic(err)
	}
	return id
}

func leavesOf(list []vectorLeaf) []Leaf {
	var leaves []Leaf
	for _, l := range list {
		leaves = append(leaves, Leaf{Key: Key(bytesOf(l.Key)), Path: protocol.Path(l.Path), Record: cidOf(l.Record)})
	}
	return slices.Clip(leaves)
}
