package main

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// recall asks the real binary for whole conversations, chosen by chance among very
// many, most of which nobody has asked for before: each is found, opened, and sealed
// anew for its shopper.
func recall(ctx context.Context, l *lab) (rows []row, err error) {
	home := filepath.Join(l.dir, "archive")
	begin := time.Now()
	if err := found(ctx, home, 1); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(home)) }()
	n, err := node.Open(ctx, nodeOptions(home))
	if err != nil {
		return nil, err
	}
	a := archive{store: n.Store(), brand: n.Brand(), key: testKey("brand", 0), now: protocol.MillisOf(time.Now())}
	err = a.fill(ctx, l.scale.threads)
	if err = errors.Join(err, n.Close()); err != nil {
		return nil, err
	}
	l.say("%s conversations took %.0f s to make", count(l.scale.threads), time.Since(begin).Seconds())
	s, err := l.serve(ctx, home)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	took, err := a.ask(ctx, "http://"+s.address(), l.scale)
	if err != nil {
		return nil, err
	}
	l.say("recall: half within %.1f ms", median(took))
	return []row{absolute("a conversation among "+count(l.scale.threads)+" is answered, 99th percentile", percentile(took, 99), "ms", lower, 30)}, nil
}

// archive is a store full of conversations whose keys follow from their numbers.
type archive struct {
	store *store.Store
	brand protocol.CID
	key   ed25519.PrivateKey
	now   protocol.Millis
	ids   []protocol.CID
}

func testKey(purpose string, n int) ed25519.PrivateKey {
	seed := sha256.Sum256(fmt.Append(nil, purpose, "/", n))
	return ed25519.NewKeyFromSeed(seed[:])
}

// entriesOf is how long a conversation is: each hundredth has 50 entries.
func entriesOf(i int) int {
	if i%100 == 0 {
		return 50
	}
	return 3 + i%2
}

func (a *archive) fill(ctx context.Context, n int) error {
	a.ids = make([]protocol.CID, n)
	for i := 0; i < n; {
		from := i
		err := a.store.Trade(ctx, func(tx *store.TradeTxn) error {
			for i = from; i < n && tx.Room() > 512<<10; i++ {
				if err := a.put(tx, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *archive) put(tx *store.TradeTxn, i int) error {
	device, identity := testKey("device", i), testKey("identity", i)
	g := thread.Genesis{Suite: thread.Suite, Brand: a.brand, Prekey: a.brand, Enc: make([]byte, thread.EncSize), Home: a.brand, Time: a.now}
	g.Identity, g.Device = protocol.PublicKeyOf(identity), protocol.PublicKeyOf(device)
	genesis, id, err := g.Sign(identity)
	if err != nil {
		return err
	}
	a.ids[i] = id
	t := &store.Thread{ID: id, Brand: a.brand, Home: a.brand, Genesis: genesis, Created: a.now, Touched: a.now, Name: "Ada Moss"}
	t.Identity, t.Device = [32]byte(g.Identity.Bytes()), [32]byte(g.Device.Bytes())
	t.Devices = []store.ThreadDevice{{Key: t.Device, FirstSeen: a.now}}
	t.Secrets = []store.EpochSecret{{Secret: [32]byte{1}}}
	var entries []*store.ThreadEntry
	pen := &thread.Pen{Key: device, Thread: id}
	for range entriesOf(i) {
		e, err := a.say(t, pen)
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	if err := tx.PutThread(t); err != nil {
		return err
	}
	for _, e := range entries {
		if err := tx.PutEntry(id, e); err != nil {
			return err
		}
	}
	return nil
}

// say writes one more entry of the device's, and commits it.
func (a *archive) say(t *store.Thread, pen *thread.Pen) (*store.ThreadEntry, error) {
	var salt [32]byte
	binary.BigEndian.PutUint64(salt[:], t.Seq)
	w, err := pen.Write(thread.Draft{Kind: thread.KindText, Body: &thread.Text{Text: "Is the green one still there, and would it come by Friday?"}}, nil, salt, a.now)
	if err != nil {
		return nil, err
	}
	c, err := thread.Commit{Thread: t.ID, Seq: t.Seq + 1, Prev: t.Last, Entry: w.ID, Time: a.now}.Sign(a.key)
	if err != nil {
		return nil, err
	}
	t.Seq, t.Last = t.Seq+1, c.ID
	e := &store.ThreadEntry{Seq: t.Seq, ID: w.ID, Kind: thread.KindText, Salt: w.Salt[:], Body: w.Body, Time: a.now}
	if e.Entry, err = w.Encode(); err == nil {
		e.Commit, err = c.Encode()
	}
	return e, err
}

// ask returns how many milliseconds each answer took.
func (a *archive) ask(ctx context.Context, base string, s scale) (took []float64, err error) {
	client, rnd := &http.Client{}, rand.New(rand.NewPCG(4, 4))
	for range s.recalls {
		i := rnd.IntN(len(a.ids))
		r := thread.Request{Thread: a.ids[i], Device: protocol.PublicKeyOf(testKey("device", i)), Time: protocol.MillisOf(time.Now())}
		signed, err := r.Sign(testKey("device", i))
		if err != nil {
			return nil, err
		}
		token, err := signed.Encode()
		if err != nil {
			return nil, err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/api/threads/"+a.ids[i].String()+"/entries?after=0", nil)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Stoa-Device", base64.RawURLEncoding.EncodeToString(token))
		begin := time.Now()
		page, err := readPage(client, req)
		if err != nil {
			return nil, err
		}
		took = append(took, milliseconds(time.Since(begin)))
		if len(page.Envelopes) != entriesOf(i) {
			return nil, fmt.Errorf("%d entries of %d came: %w", len(page.Envelopes), entriesOf(i), errUnexpected)
		}
	}
	return took, nil
}

func readPage(client *http.Client, req *http.Request) (page wire.ThreadPage, err error) {
	res, err := client.Do(req)
	if err != nil {
		return page, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %w", res.Status, errUnexpected)
	}
	if err == nil {
		err = wire.DecodeThread(body, &page)
	}
	return page, err
}
