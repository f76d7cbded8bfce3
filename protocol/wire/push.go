package wire

import (
	"bytes"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
)

// PushProtocol names the stream protocol by which a peer tells a connected one of
// new heads (specs/13-push.md).
const PushProtocol = "/stoa/push/1"

// Limits of a push stream. Frames of both sides hold at most MaxAnnouncement
// bytes.
const (
	// MaxFollow is the largest number of brands in one frame of an asker.
	MaxFollow = 96
	// MaxFollows is the largest number of such frames on a stream.
	MaxFollows = 64
	// PushBeat is how long a responder is silent at most, PushSilence after how long
	// without a frame an asker gives a stream up.
	PushBeat, PushSilence protocol.Millis = 30_000, 90_000
)

// follow is what an asker writes.
type follow struct {
	Envelope
	Brands []protocol.CID `cbor:"brands"`
}

func (*follow) kind() string { return "follow" }

func (f *follow) check() error {
	if n := len(f.Brands); n == 0 || n > MaxFollow {
		return protocol.Invalid("follow", "%d brands, allowed are 1 to %d", n, MaxFollow)
	}
	for i := 1; i < len(f.Brands); i++ {
		if compareIDs(f.Brands[i-1], f.Brands[i]) >= 0 {
			return protocol.Invalid("follow", "%s is out of order, or twice", f.Brands[i])
		}
	}
	return objects("follow", f.Brands...)
}

func compareIDs(a, b protocol.CID) int { return bytes.Compare(a.Bytes(), b.Bytes()) }

// EncodeFollow returns the frame that asks for announcements of 1 to MaxFollow
// brands, in whatever order.
func EncodeFollow(brands []protocol.CID) ([]byte, error) {
	sorted := slices.Compact(slices.SortedFunc(slices.Values(brands), compareIDs))
	return encodeFrame(&follow{Brands: sorted}, MaxAnnouncement)
}

// DecodeFollow reads such a frame: brands ascending, each once. An error wraps
// protocol.ErrInvalid, or ErrUnsupported.
func DecodeFollow(data []byte) ([]protocol.CID, error) {
	f, err := decodeFrame(data, MaxAnnouncement, &follow{})
	if err != nil {
		return nil, err
	}
	return f.(*follow).Brands, nil
}

// PushFrame is what a responder writes: an announcement as it goes through gossip,
// or a beat, which says only that the stream lives. The zero value is a beat.
type PushFrame struct {
	Announcement []byte // nil: a beat
}

// beat is CBOR's null, so that no announcement looks like it.
const beat = 0xf6

// IsBeat reports whether the frame holds no announcement.
func (f PushFrame) IsBeat() bool { return f.Announcement == nil }

// Encode returns the bytes of the frame.
func (f PushFrame) Encode() []byte {
	if f.IsBeat() {
		return []byte{beat}
	}
	return f.Announcement
}

// DecodePush reads a frame of a responder. An announcement is not looked at: that
// is for Judge. An error wraps protocol.ErrInvalid.
func DecodePush(data []byte) (PushFrame, error) {
	if len(data) == 0 || len(data) > MaxAnnouncement {
		return PushFrame{}, protocol.Invalid("push", "%d bytes, allowed are 1 to %d", len(data), MaxAnnouncement)
	}
	if len(data) == 1 && data[0] == beat {
		return PushFrame{}, nil
	}
	return PushFrame{Announcement: data}, nil
}
