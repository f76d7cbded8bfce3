package store_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store"
)

func TestSegmentsAreTheRecordsUnderAPrefixInKeyOrder(t *testing.T) {
	s := stocked(t, 300)
	s.view(func(v *store.View) {
		for _, prefix := range []trie.Prefix{nil, {3}, {15}, {0, 15}, {15, 15}, {4, 0, 1}, {1, 2, 3, 4, 5}} {
			want, err := v.Leaves(prefix, 10_000)
			s.check(err)
			got := segment(t, v, prefix, "")
			if !slices.EqualFunc(got, want, func(c store.Change, l trie.Leaf) bool {
				return c.Path == l.Path && protocol.Sum(protocol.DagCBOR, c.Record) == l.Record
			}) {
				t.Errorf("%q: %d records, %d leaves, or others", prefix, len(got), len(want))
			}
			if len(got) > 1 {
				n := len(got) / 2
				if rest := segment(t, v, prefix, got[n].Path); !slices.EqualFunc(rest, got[n+1:], sameChange) {
					t.Errorf("%q behind %s: %d records of %d", prefix, got[n].Path, len(rest), len(got))
				}
			}
			if _, err := v.Leaves(prefix, len(want)-1); len(want) > 0 && !errors.Is(err, store.ErrTooMany) {
				t.Errorf("%q: one leaf too many: %v", prefix, err)
			}
		}
		total := 0
		for i := range byte(16) {
			total += len(segment(t, v, trie.Prefix{i}, ""))
		}
		if total != len(s.model) {
			t.Errorf("the 16 parts have %d records of %d", total, len(s.model))
		}
	})
}

func segment(t *testing.T, v *store.View, prefix trie.Prefix, after protocol.Path) (list []store.Change) {
	t.Helper()
	for c, err := range v.Segment(prefix, after) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, c)
	}
	return list
}

func TestABadPrefixIsRefused(t *testing.T) {
	s := stocked(t, 1)
	bad := trie.Prefix{16}
	s.view(func(v *store.View) {
		_, err := v.Digests(bad)
		_, err2 := v.Leaves(bad, 1)
		var err3 error
		for _, err3 = range v.Segment(bad, "") {
		}
		for _, err := range []error{err, err2, err3} {
			if !errors.Is(err, protocol.ErrInvalid) {
				t.Errorf("got %v", err)
			}
		}
	})
}

func TestRecordsAreFoundByKeyAndLargeOnesByCID(t *testing.T) {
	s := stocked(t, 3)
	large := page(t, "about", 49_900)
	unread := store.Change{Path: "offer/p1/unread", Record: unreadable(t, 50_000)}
	small := page(t, "small", 10)
	s.publish(large, small, unread)
	find := func(c store.Change) (err error) {
		s.view(func(v *store.View) {
			path, record, errKey := v.RecordByKey(trie.KeyOf(c.Path))
			if c.Record != nil && (errKey != nil || path != c.Path || string(record) != string(c.Record)) {
				t.Errorf("by key there is %s, %v", path, errKey)
			}
			record, err = v.LargeRecord(protocol.Sum(protocol.DagCBOR, c.Record))
			if err == nil && string(record) != string(c.Record) {
				t.Errorf("the large record of %s is another", c.Path)
			}
		})
		return err
	}
	for _, c := range []store.Change{large, unread} {
		if err := find(c); err != nil {
			t.Errorf("%s: %v", c.Path, err)
		}
	}
	if err := find(small); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("small record: %v", err)
	}
	s.publish(store.Change{Path: large.Path}, store.Change{Path: unread.Path, Record: unreadable(t, 10)})
	s.view(func(v *store.View) {
		for _, c := range []store.Change{large, unread} {
			if _, err := v.LargeRecord(protocol.Sum(protocol.DagCBOR, c.Record)); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s after it went: %v", c.Path, err)
			}
		}
		if _, _, err := v.RecordByKey(trie.KeyOf(large.Path)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("by key, after it went: %v", err)
		}
	})
}

func page(t *testing.T, handle string, size int) store.Change {
	t.Helper()
	p := &catalog.Page{Header: catalog.HeaderOf(catalog.TypePage), Handle: protocol.Handle(handle), Title: handle, Kind: "page"}
	p.Body = "<p>" + strings.Repeat("a", size) + "</p>"
	return put(t, p)
}

// unreadable is a record of a type that nobody knows yet.
func unreadable(t *testing.T, size int) []byte {
	t.Helper()
	b, err := protocol.Marshal(map[string]any{"type": "hologram", "v": 1, "data": strings.Repeat("a", size)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPicturesAndCoversAreWhatRecordsShow(t *testing.T) {
	s := stocked(t, 2)
	blobs := make([]protocol.CID, 6)
	for i := range blobs {
		blobs[i] = protocol.Sum(protocol.Raw, []byte{byte(i)})
	}
	shown := func(handle string, pictures ...protocol.CID) store.Change {
		changes := product(t, handle, "Shown", nil, 1, 5)
		record, err := catalog.Decode(changes[1].Path, changes[1].Record)
		s.check(err)
		for _, blob := range pictures {
			record.(*catalog.Product).Media = append(record.(*catalog.Product).Media, catalog.MediaRef{Blob: blob})
		}
		s.publish(changes[0])
		return put(t, record)
	}
	profile := &catalog.Profile{Header: catalog.HeaderOf(catalog.TypeProfile), Name: "Tea", Currency: "EUR", Language: "en", Country: "DE"}
	profile.Logo = &catalog.MediaRef{Blob: blobs[5]}
	s.publish(shown("a", blobs[0], blobs[1]), shown("b", blobs[0], blobs[2]), shown("c", blobs[3], blobs[4]), put(t, profile))
	s.view(func(v *store.View) {
		got := cids(t, v.Pictures(protocol.CID{}))
		want := slices.SortedFunc(slices.Values(blobs), func(a, b protocol.CID) int { return strings.Compare(a.String(), b.String()) })
		if !slices.Equal(got, want) {
			t.Errorf("pictures are %v, want %v", got, want)
		}
		if rest := cids(t, v.Pictures(want[2])); !slices.Equal(rest, want[3:]) {
			t.Errorf("behind the third there are %v", rest)
		}
		if got, want := cids(t, v.Covers()), []protocol.CID{blobs[5], blobs[0], blobs[0], blobs[3]}; !slices.Equal(got, want) {
			t.Errorf("covers are %v, want %v", got, want)
		}
	})
}

func cids(t *testing.T, seq func(func(protocol.CID, error) bool)) (list []protocol.CID) {
	t.Helper()
	for id, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, id)
	}
	return list
}
