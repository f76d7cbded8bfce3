package wire

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

func blobNamed(name string) protocol.CID { return protocol.Sum(protocol.Raw, []byte(name)) }

// mailOfBrand and mailOfRelay are one frame of each kind.
func mailOfBrand() []MailFrame {
	return []MailFrame{
		nil,
		&MailHello{Proof: []byte{1}},
		&MailAck{Items: []MailTaken{{Place: 3, State: MailReceived}, {Place: 7, State: MailCommitted}, {Place: 8, State: MailRefused, Reason: "unknown_epoch"}}},
		&MailPut{ID: 9, Thread: object("thread"), What: MailEnvelope, Bytes: []byte("sealed")},
		&MailPut{Thread: object("thread"), What: MailBlob, Bytes: make([]byte, MaxMailBlob)},
		&MailErase{ID: 10, Thread: object("thread")},
		&MailFound{ID: 4, Threads: []MailKnown{{Genesis: []byte("genesis"), Write: [32]byte{1}}}},
		&MailFound{ID: 5},
	}
}

func mailOfRelay() []MailFrame {
	return []MailFrame{
		nil,
		&MailOpen{Relay: object("relay"), Time: noon},
		&MailBye{Reason: ByeClock, Time: noon},
		&MailItem{Place: 1, Thread: object("thread"), N: 1, What: MailBegin, Bytes: []byte("genesis"), Time: noon},
		&MailItem{Place: 2, Thread: object("thread"), N: 2, What: MailBlob, Bytes: make([]byte, MaxMailBlob), Time: noon},
		&MailDone{ID: 9, State: MailStored, Receipt: []byte("receipt")},
		&MailDone{ID: 9, State: MailRefused, Reason: DoneFull},
		&MailRoom{Thread: object("thread")},
		&MailFind{ID: 4, Identities: [][32]byte{{1}, {2}}},
	}
}

func TestAMailFrameIsReadAsItWasWritten(t *testing.T) {
	for _, side := range []struct {
		frames []MailFrame
		decode func([]byte) (MailFrame, error)
	}{{mailOfBrand(), DecodeMailOfBrand}, {mailOfRelay(), DecodeMailOfRelay}} {
		for _, f := range side.frames {
			data, err := EncodeMail(f)
			if err != nil {
				t.Fatalf("%T: %v", f, err)
			}
			got, err := side.decode(data)
			if err != nil || !bytes.Equal(must(EncodeMail(got)), data) || reflect.TypeOf(got) != reflect.TypeOf(f) {
				t.Errorf("%T: %v", f, err)
			}
		}
	}
}

func TestAMailFrameOfTheOtherSideIsNotUnderstood(t *testing.T) {
	for _, f := range mailOfBrand()[1:] {
		if _, err := DecodeMailOfRelay(must(EncodeMail(f))); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%T: %v", f, err)
		}
	}
}

func TestMailFramesOutsideTheirLimitsAreInvalid(t *testing.T) {
	long := make([]MailTaken, MaxMailAcks+1)
	for i := range long {
		long[i] = MailTaken{Place: uint64(i + 1), State: MailReceived}
	}
	thread := object("thread")
	for name, f := range map[string]MailFrame{
		"a hello without proof":          &MailHello{},
		"an open without relay":          &MailOpen{Time: noon},
		"a bye without reason":           &MailBye{Time: noon},
		"a bye in sentences":             &MailBye{Reason: "Go away!", Time: noon},
		"an item at place 0":             &MailItem{Thread: thread, N: 1, What: MailBegin, Bytes: []byte{1}},
		"an item of nothing":             &MailItem{Place: 1, Thread: thread, N: 1, What: MailBegin},
		"an item of a kind unknown":      &MailItem{Place: 1, Thread: thread, N: 1, What: "parcel", Bytes: []byte{1}},
		"an envelope beyond the largest": &MailItem{Place: 1, Thread: thread, N: 1, What: MailEnvelope, Bytes: make([]byte, MaxMailBytes+1)},
		"a blob beyond the largest":      &MailPut{Thread: thread, What: MailBlob, Bytes: make([]byte, MaxMailBlob+1)},
		"a begin that goes down":         &MailPut{Thread: thread, What: MailBegin, Bytes: []byte{1}},
		"a thread named by a blob":       &MailPut{Thread: blobNamed("x"), What: MailEnvelope, Bytes: []byte{1}},
		"an ack of nothing":              &MailAck{},
		"an ack of too much":             &MailAck{Items: long},
		"an ack twice":                   &MailAck{Items: []MailTaken{{Place: 2, State: MailReceived}, {Place: 2, State: MailReceived}}},
		"an ack of no state":             &MailAck{Items: []MailTaken{{Place: 2, State: "lost"}}},
		"a refusal without reason":       &MailAck{Items: []MailTaken{{Place: 2, State: MailRefused}}},
		"a reason without refusal":       &MailAck{Items: []MailTaken{{Place: 2, State: MailReceived, Reason: "why"}}},
		"a done that isn't":              &MailDone{State: MailReceived},
		"a find of nobody":               &MailFind{},
		"a find of too many":             &MailFind{Identities: make([][32]byte, MaxMailFind+1)},
		"a found thread without genesis": &MailFound{Threads: []MailKnown{{}}},
	} {
		if _, err := EncodeMail(f); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAMailProofNamesBothPeersAndIsReadBack(t *testing.T) {
	p := MailProof{V: Version, Brand: object("brand"), Peer: []byte("peer"), Relay: []byte("relay"), Time: noon}
	if got := must(DecodeMailProof(must(p.Encode()))); !reflect.DeepEqual(got, p) {
		t.Errorf("%+v", got)
	}
	for name, bad := range map[string]MailProof{
		"no brand": {Peer: p.Peer, Relay: p.Relay}, "no peer": {Brand: p.Brand, Relay: p.Relay}, "no relay": {Brand: p.Brand, Peer: p.Peer},
		"a long peer": {Brand: p.Brand, Peer: make([]byte, 65), Relay: p.Relay}, "before time": {Brand: p.Brand, Peer: p.Peer, Relay: p.Relay, Time: -1},
	} {
		if _, err := bad.Encode(); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADepositReceiptIsReadBack(t *testing.T) {
	d := DepositReceipt{V: Version, Relay: object("relay"), Thread: object("thread"), Envelope: blobNamed("e"), Dir: "up", Time: noon, Until: noon + 1}
	if got := must(DecodeDepositReceipt(must(d.Encode()))); got != d {
		t.Errorf("%+v", got)
	}
	for name, change := range map[string]func(*DepositReceipt){
		"another way":       func(d *DepositReceipt) { d.Dir = "sideways" },
		"ends before":       func(d *DepositReceipt) { d.Until = d.Time - 1 },
		"an envelope's CID": func(d *DepositReceipt) { d.Envelope = object("e") },
	} {
		bad := d
		change(&bad)
		if _, err := bad.Encode(); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is read as a frame has one form, and an error says whose fault it is.
func FuzzDecodeMail(f *testing.F) {
	for _, frame := range append(mailOfBrand(), mailOfRelay()...) {
		if data := must(EncodeMail(frame)); len(data) < 1000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, decode := range []func([]byte) (MailFrame, error){DecodeMailOfBrand, DecodeMailOfRelay} {
			got, err := decode(data)
			if err != nil {
				if !errors.Is(err, protocol.ErrInvalid) && !errors.Is(err, ErrUnsupported) {
					t.Fatalf("unclassed: %v", err)
				}
				continue
			}
			if again := must(EncodeMail(got)); !bytes.Equal(again, data) {
				t.Fatalf("%x became %x", data, again)
			}
		}
	})
}

func FuzzDecodeMailProof(f *testing.F) {
	f.Add(must(MailProof{Brand: object("brand"), Peer: []byte("peer"), Relay: []byte("relay"), Time: noon}.Encode()))
	f.Add(must(DepositReceipt{Relay: object("relay"), Thread: object("thread"), Envelope: blobNamed("e"), Dir: "up"}.Encode()))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := DecodeMailProof(data); err == nil && !bytes.Equal(must(p.Encode()), data) {
			t.Fatalf("%x is read otherwise than written", data)
		}
		if d, err := DecodeDepositReceipt(data); err == nil && !bytes.Equal(must(d.Encode()), data) {
			t.Fatalf("%x is read otherwise than written", data)
		}
	})
}
