package wire

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

func brandsNamed(n int) (list []protocol.CID) {
	for i := range n {
		list = append(list, object(fmt.Sprint(i)))
	}
	return list
}

func TestBrandsToFollowGoInOneFrameOfEach96(t *testing.T) {
	for _, c := range []struct {
		name   string
		brands []protocol.CID
		want   int // 0: refused
	}{
		{"none", nil, 0}, {"one", brandsNamed(1), 1}, {"96", brandsNamed(96), 96}, {"97", brandsNamed(97), 0},
		{"one twice", append(brandsNamed(2), brandsNamed(1)...), 2},
		{"a blob", []protocol.CID{protocol.Sum(protocol.Raw, nil)}, 0},
	} {
		data, err := EncodeFollow(c.brands)
		if (err == nil) != (c.want > 0) || len(data) > MaxAnnouncement {
			t.Errorf("%s: %d bytes: %v", c.name, len(data), err)
			continue
		}
		if err != nil {
			continue
		}
		got := must(DecodeFollow(data))
		if len(got) != c.want || !slices.IsSortedFunc(got, compareIDs) {
			t.Errorf("%s: %d brands", c.name, len(got))
		}
	}
}

func TestAPushFrameIsAnAnnouncementOrABeat(t *testing.T) {
	b := newBrand("tea")
	data := must(must(Announce(b.log, b.head(plain))).Encode())
	got := must(DecodePush(PushFrame{Announcement: data}.Encode()))
	if got.IsBeat() || !bytes.Equal(got.Announcement, data) {
		t.Errorf("an announcement is %x", got.Announcement)
	}
	if got := must(DecodePush(PushFrame{}.Encode())); !got.IsBeat() {
		t.Errorf("a beat is %x", got.Announcement)
	}
	for _, bad := range [][]byte{nil, make([]byte, MaxAnnouncement+1)} {
		if _, err := DecodePush(bad); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
}

// pushVector holds the fields of all kinds; specs/13-push.md §6 says what they
// mean.
type pushVector struct {
	Name, Kind, Error string
	Valid             bool
	CBOR, Bytes       hexBytes
	Brands            []protocol.CID
	Frames            []struct {
		Beat         bool
		Announcement hexBytes
	}
}

func TestPushVectors(t *testing.T) {
	name := func(v pushVector) string { return v.Kind + " " + v.Name }
	eachVector(t, "push.json", 15, name, func(t *testing.T, v pushVector) {
		switch v.Kind {
		case "follow":
			got, err := DecodeFollow(v.CBOR)
			if (err == nil) != v.Valid || !slices.Equal(got, v.Brands) || errors.Is(err, ErrUnsupported) != (v.Error == "unsupported") {
				t.Fatalf("%v: %v", got, err)
			}
			if v.Valid && !bytes.Equal(must(EncodeFollow(got)), v.CBOR) {
				t.Error("encodes to other bytes")
			}
		case "pushed":
			v.pushed(t)
		default:
			t.Errorf("kind %s", v.Kind)
		}
	})
}

func (v pushVector) pushed(t *testing.T) {
	r := bytes.NewReader(v.Bytes)
	for i, want := range v.Frames {
		got, err := DecodePush(must(ReadFrame(r, MaxAnnouncement)))
		if err != nil || got.IsBeat() != want.Beat || !bytes.Equal(got.Announcement, want.Announcement) {
			t.Errorf("frame %d: %x: %v", i, got.Announcement, err)
		}
	}
	if _, err := ReadFrame(r, MaxAnnouncement); errors.Is(err, protocol.ErrInvalid) == v.Valid {
		t.Errorf("behind the frames: %v", err)
	}
}

// What asks for brands has one form, and an error says whose fault it is.
func FuzzDecodeFollow(f *testing.F) {
	f.Add(must(EncodeFollow(brandsNamed(2))))
	f.Add(must(EncodeFollow(brandsNamed(96))))
	f.Fuzz(func(t *testing.T, data []byte) {
		brands, err := DecodeFollow(data)
		if err != nil {
			if !errors.Is(err, protocol.ErrInvalid) && !errors.Is(err, ErrUnsupported) {
				t.Fatalf("unclassed: %v", err)
			}
			return
		}
		if again := must(EncodeFollow(brands)); !bytes.Equal(again, data) {
			t.Fatalf("%x became %x", data, again)
		}
	})
}

// What comes on a push stream is a beat, or goes to Judge as it is; it is judged
// without a standing, so that nothing of it is taken for news of a known brand.
func FuzzDecodePush(f *testing.F) {
	b := newBrand("tea")
	f.Add(PushFrame{}.Encode())
	f.Add(must(must(Announce(b.log, b.head(plain), hint)).Encode()))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := DecodePush(data)
		if err != nil {
			return
		}
		if !bytes.Equal(got.Encode(), data) {
			t.Fatalf("%x became %x", data, got.Encode())
		}
		if got.IsBeat() {
			return
		}
		j := Judge(got.Announcement, func(protocol.CID) Standing { return Standing{} }, noon)
		if j.Verdict != Accept && j.Err == nil {
			t.Fatalf("%s without a word", j.Verdict)
		}
	})
}
