package main

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// pushVectors makes the cases of specs/13-push.md §6.
func pushVectors() (any, error) {
	return vecSet{"13-push", "Frames of a push stream; specs/13-push.md §6 says what each kind holds.", slices.Concat(follows(), badFollows(), pushes())}, nil
}

func brandIDs(n int) (list []protocol.CID) {
	for i := range n {
		list = append(list, object(fmt.Sprint("brand ", i)))
	}
	slices.SortFunc(list, func(a, b protocol.CID) int { return bytes.Compare(a.Bytes(), b.Bytes()) })
	return list
}

func follows() []vec {
	var cases []vec
	for _, n := range []int{1, 2, wire.MaxFollow} {
		ids := brandIDs(n)
		cases = append(cases, vec{"name": fmt.Sprint("brands: ", n), "kind": "follow", "valid": true, "cbor": hexed(sure(wire.EncodeFollow(ids))), "brands": ids})
	}
	return cases
}

func badFollows() []vec {
	type m = map[string]any
	two := brandIDs(2)
	var cases []vec
	for _, c := range []struct {
		name, class string
		frame       m
	}{
		{"of tomorrow", "unsupported", m{"v": 2, "kind": "follow", "brands": two}},
		{"of another kind", "unsupported", m{"v": 1, "kind": "unfollow", "brands": two}},
		{"no version", "form", m{"kind": "follow", "brands": two}},
		{"no kind", "form", m{"v": 1, "brands": two}},
		{"no brands", "form", m{"v": 1, "kind": "follow"}},
		{"an empty list", "form", m{"v": 1, "kind": "follow", "brands": []any{}}},
		{"97 brands", "form", m{"v": 1, "kind": "follow", "brands": brandIDs(97)}},
		{"a brand twice", "form", m{"v": 1, "kind": "follow", "brands": []any{two[0], two[0]}}},
		{"out of order", "form", m{"v": 1, "kind": "follow", "brands": []any{two[1], two[0]}}},
		{"a blob", "form", m{"v": 1, "kind": "follow", "brands": []any{blobNamed("x")}}},
		{"a text", "form", m{"v": 1, "kind": "follow", "brands": []any{two[0].String()}}},
		{"a field too many", "form", m{"v": 1, "kind": "follow", "brands": two, "x": 1}},
	} {
		cases = append(cases, vec{"name": c.name, "kind": "follow", "valid": false, "error": c.class, "cbor": hexed(sure(protocol.Marshal(c.frame)))})
	}
	return cases
}

// pushes are what responders write.
func pushes() []vec {
	s := teaStall()
	first := wire.PushFrame{Announcement: sure(sure(wire.Announce(s.log, s.head)).Encode())}
	second := wire.PushFrame{Announcement: sure(sure(wire.Announce(s.log, s.next(1))).Encode())}
	story := []wire.PushFrame{first, {}, second, {}, {}}
	return []vec{
		pushed("the present head, a beat, the next head, two beats", story, ""),
		pushed("a brand that is not known: only a beat", []wire.PushFrame{{}}, ""),
		pushed("an empty frame behind a beat", []wire.PushFrame{{}}, "00"),
		pushed("a frame of 4097 bytes", []wire.PushFrame{first}, "8120"+hexed(make([]byte, 4097))),
	}
}

// pushed has what comes behind the frames, if anything, break page 12 §2.
func pushed(name string, frames []wire.PushFrame, behind string) vec {
	var out bytes.Buffer
	var told []vec
	for _, f := range frames {
		sure(0, wire.WriteFrame(&out, f.Encode(), wire.MaxAnnouncement))
		if f.IsBeat() {
			told = append(told, vec{"beat": true})
		} else {
			told = append(told, vec{"announcement": hexed(f.Announcement)})
		}
	}
	v := vec{"name": name, "kind": "pushed", "valid": behind == "", "bytes": hexed(out.Bytes()) + behind, "frames": told}
	if behind != "" {
		v["error"] = "size"
	}
	return v
}
