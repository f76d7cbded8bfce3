package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/specs/vectors"
)

// newThreadBody returns an empty body by its name in specs/20-thread-http.md §9.
func newThreadBody(of string) threadBody {
	switch of {
	case "begin":
		return new(ThreadBegin)
	case "post":
		return new(ThreadPost)
	case "answer":
		return new(ThreadAnswer)
	case "page":
		return new(ThreadPage)
	case "join":
		return new(JoinRequest)
	case "joined":
		return new(JoinAnswer)
	case "find":
		return new(FindRequest)
	case "found":
		return new(FindAnswer)
	case "blob":
		return new(BlobAnswer)
	case "events":
		return new(EventsRequest)
	case "ticket":
		return new(EventsAnswer)
	case "error":
		return new(ErrorBody)
	}
	return nil
}

type threadVector struct {
	Name, Of string
	Valid    bool
	CBOR     hexBytes
}

func TestThreadHTTPVectors(t *testing.T) {
	eachVector(t, "threadhttp.json", 30, func(v threadVector) string { return v.Name }, func(t *testing.T, v threadVector) {
		b := newThreadBody(v.Of)
		err := DecodeThread(v.CBOR, b)
		if (err == nil) != v.Valid || err != nil && !errors.Is(err, protocol.ErrInvalid) {
			t.Fatal(err)
		}
		if v.Valid && !bytes.Equal(must(EncodeThread(b)), v.CBOR) {
			t.Error("encodes to other bytes")
		}
	})
}

func TestWhatAThreadErrorSaysCanBeReadBack(t *testing.T) {
	some := object("thread")
	for _, err := range []error{ErrUnknownThread, ErrUnknownBrand, ErrBusy, ErrQuota, ErrNotAllowed, ErrUnknownEpoch, ErrTooLarge, protocol.ErrInvalid, ErrExists{some}, ErrClock{noon}} {
		status, body := ErrorOf(fmt.Errorf("post: %w", err), noon)
		if status < 400 || status > 499 {
			t.Errorf("%v: status %d", err, status)
		}
		var again ErrorBody
		if e := DecodeThread(must(EncodeThread(&body)), &again); e != nil || !errors.Is(again.Err(), err) {
			t.Errorf("%v came back as %v: %v", err, again.Err(), e)
		}
	}
}

func TestTheNodesOwnTroubleIsNotTold(t *testing.T) {
	status, body := ErrorOf(errors.New("disk /home/kim/secret is full"), noon)
	if status != 503 || strings.Contains(body.Message, "kim") {
		t.Errorf("%d %+v", status, body)
	}
}

func TestALongErrorIsCutBetweenCharacters(t *testing.T) {
	_, body := ErrorOf(fmt.Errorf("%s: %w", strings.Repeat("ä", MaxErrorText), ErrBusy), noon)
	if len(body.Message) > MaxErrorText || !utf8.ValidString(body.Message) {
		t.Errorf("%d bytes", len(body.Message))
	}
}

func threadVectors(f *testing.F) []threadVector {
	data, err := vectors.FS.ReadFile("threadhttp.json")
	if err != nil {
		f.Fatal(err)
	}
	var set struct{ Cases []threadVector }
	if err := json.Unmarshal(data, &set); err != nil {
		f.Fatal(err)
	}
	return slices.DeleteFunc(set.Cases, func(v threadVector) bool { return len(v.CBOR) > 8<<10 })
}

// Every body has one form, and what is refused is the asker's fault.
func FuzzDecodeThread(f *testing.F) {
	names := []string{"begin", "post", "answer", "page", "join", "joined", "find", "found", "blob", "events", "ticket", "error"}
	for _, v := range threadVectors(f) {
		f.Add(v.Of, []byte(v.CBOR))
	}
	f.Fuzz(func(t *testing.T, of string, data []byte) {
		b := newThreadBody(of)
		if b == nil {
			b = newThreadBody(names[len(data)%len(names)])
		}
		if err := DecodeThread(data, b); err != nil {
			if !errors.Is(err, protocol.ErrInvalid) {
				t.Fatalf("unclassed: %v", err)
			}
			return
		}
		if again := must(EncodeThread(b)); !bytes.Equal(again, data) {
			t.Fatalf("%x became %x", data, again)
		}
	})
}
