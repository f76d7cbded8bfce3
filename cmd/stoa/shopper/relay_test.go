package shopper

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// hostile is a gateway that does to envelopes what a bad relay could, as long as it is
// on: it loses, repeats, reorders, alters and makes up, upwards and downwards.
type hostile struct {
	mu     sync.Mutex
	on     bool
	dice   *rand.Rand
	before [][]byte // envelopes that came down earlier
}

// RoundTrip implements http.RoundTripper.
func (h *hostile) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || !strings.HasPrefix(r.URL.Path, "/api/threads") || res.StatusCode != http.StatusOK {
		return res, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	body = h.mangle(body)
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return res, nil
}

func (h *hostile) mangle(body []byte) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	var a wire.ThreadAnswer
	var page wire.ThreadPage
	switch {
	case !h.on:
	case wire.DecodeThread(body, &a) == nil:
		a.ThreadPage = h.page(a.ThreadPage)
		for i := range a.Results { // it can say what it likes of these
			a.Results[i] = wire.EnvelopeResult{State: wire.StateStored}
		}
		return mustEncode(wire.EncodeThread(&a))
	case wire.DecodeThread(body, &page) == nil:
		page = h.page(page)
		return mustEncode(wire.EncodeThread(&page))
	}
	return body
}

func mustEncode(data []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return data
}

func (h *hostile) page(p wire.ThreadPage) wire.ThreadPage {
	var out [][]byte
	for _, e := range p.Envelopes {
		h.before = append(h.before, e.Bytes)
		switch h.dice.IntN(5) {
		case 0: // lost
		case 1:
			out = append(out, e.Bytes, e.Bytes)
		case 2:
			bad := bytes.Clone(e.Bytes)
			bad[h.dice.IntN(len(bad))] ^= 1
			out = append(out, bad, e.Bytes)
		default:
			out = append(out, e.Bytes)
		}
	}
	if len(h.before) > 0 {
		out = append(out, h.before[h.dice.IntN(len(h.before))], []byte("made up"))
	}
	h.dice.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	q := wire.ThreadPage{Envelopes: []wire.NumberedEnvelope{}, Next: p.Next}
	for i, e := range out {
		q.Envelopes = append(q.Envelopes, wire.NumberedEnvelope{N: uint64(i + 1), Bytes: e})
	}
	return q
}

func TestARelayThatLosesRepeatsAndReordersChangesNothingOfWhatStands(t *testing.T) {
	p := newPlace(t)
	for seed := range uint64(8) {
		h := &hostile{dice: rand.New(rand.NewPCG(seed, 1))}
		client, err := NewClient(p.server.URL, h, p.clock.now)
		check(t, err)
		b, err := Meet(t.Context(), client, p.node.Brand())
		check(t, err)
		c, err := New().Conversation(b)
		check(t, err)
		says(t, c, "hello")
		h.on = true
		for i := range 12 {
			if i%3 == 0 {
				_, err := p.node.Say(t.Context(), c.Thread(), thread.Draft{Kind: thread.KindText, Body: &thread.Text{Text: "answer " + strconv.Itoa(i)}})
				check(t, err)
			}
			_, err := c.Write(thread.KindText, &thread.Text{Text: "words " + strconv.Itoa(i)})
			check(t, err)
			check(t, c.Sync(soon(t)))
			follows(t, c)
		}
		h.on = false
		check(t, c.Sync(soon(t)))
		for len(c.Outbox()) > 0 {
			check(t, c.Sync(soon(t)))
		}
		follows(t, c)
		if got := len(c.Entries()); got != 17 {
			t.Errorf("seed %d: %d entries", seed, got)
		}
	}
}

// follows checks that the entries stand in the brand's order without a gap, and what
// the shopper wrote in the order in which it was written.
func follows(t *testing.T, c *Conversation) {
	t.Helper()
	var mine []string
	for i, e := range c.Entries() {
		if e.Seq != uint64(i+1) {
			t.Fatalf("entry %d has number %d", i, e.Seq)
		}
		if b, ok := e.Body.(*thread.Text); ok && e.Mine && strings.HasPrefix(b.Text, "words ") {
			mine = append(mine, b.Text)
		}
	}
	for i, words := range mine {
		if words != "words "+strconv.Itoa(i) {
			t.Fatalf("%q stands at place %d", words, i)
		}
	}
}

// What a gateway makes up with a thread's key would need the brand's signature.
func TestAGatewayCantSpeakForTheBrand(t *testing.T) {
	p := newPlace(t)
	c := p.visitor()
	says(t, c, "hello")
	liar := thread.SigningKey(secret())
	n, under, _ := c.state.present()
	forge := func(dir thread.Direction, sealed thread.Parcel) []byte {
		return mustEncode(thread.Envelope{Thread: c.Thread(), Dir: dir, Epoch: n, Salt: secret()}.Seal(under, sealed))
	}
	pen := thread.Pen{Key: liar, Thread: c.Thread()}
	w, err := pen.Write(thread.Draft{Kind: thread.KindText, Body: &thread.Text{Text: "pay to this account"}}, nil, secret(), c.now())
	check(t, err)
	commit, err := c.chain.Next(w.ID, "", c.now()).Sign(liar)
	check(t, err)
	parcel, err := w.Parcel(mustEncode(commit.Encode()))
	check(t, err)
	for name, data := range map[string][]byte{
		"its own signature": forge(thread.Down, parcel), "the other direction": forge(thread.Up, parcel),
		"a welcome that answers nothing": forge(thread.Down, &thread.WelcomeParcel{Epoch: 9}),
	} {
		before := slices.Clone(c.state.Epochs)
		check(t, c.take(wire.ThreadPage{Envelopes: []wire.NumberedEnvelope{{N: 2, Bytes: data}}}))
		if len(c.Entries()) != 1 || len(c.state.Epochs) != len(before) {
			t.Errorf("%s is believed", name)
		}
	}
}

// Two commits of the brand for one place are the one thing that ends a conversation.
func TestABrandThatContradictsItselfIsCaught(t *testing.T) {
	p := newPlace(t)
	c := p.visitor()
	says(t, c, "hello")
	first := c.entries[0]
	// As if what was read before at this place had been another commit of the brand's.
	c.chain.Last = protocol.Sum(protocol.DagCBOR, []byte("another commit"))
	n, under, _ := c.state.present()
	again := mustEncode(thread.Envelope{Thread: c.Thread(), Dir: thread.Down, Epoch: n, Salt: secret()}.Seal(under,
		&thread.EntryParcel{Entry: first.kept.Entry, Commit: first.kept.Commit, Salt: first.kept.Salt, Body: first.kept.Body}))
	err := c.take(wire.ThreadPage{Envelopes: []wire.NumberedEnvelope{{N: 1, Bytes: again}}})
	if !errors.Is(err, thread.ErrContradiction) {
		t.Errorf("it is taken with %v", err)
	}
}
