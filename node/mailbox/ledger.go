package mailbox

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// Rows of the brand's side in the store, by name:
//
//	mail/relay/PEER          what is remembered of a relay
//	mail/sent/PEER/THREAD    up to which commit the relay was given the thread
//	mail/erase/PEER/THREAD   that the relay is to delete it, and the last envelopes
const (
	rowRelay = "mail/relay/"
	rowSent  = "mail/sent/"
	rowErase = "mail/erase/"
	// maxRelays is how many relays are remembered, maxAddrs how many addresses of one.
	maxRelays, maxAddrs = 1024, 8
)

// row is a row as it is to be; no value: it goes.
type row struct {
	name  string
	value any
}

func (r row) put(tx *store.BoxTxn) error {
	if r.value == nil {
		return tx.DeleteSetting(r.name)
	}
	data, err := protocol.Marshal(r.value)
	if err != nil {
		return err
	}
	return tx.PutSetting(r.name, data)
}

// relayRow is what is remembered of a relay.
type relayRow struct {
	Addrs []string `cbor:"addrs"` // multiaddrs with /p2p/ID
}

// sentRow is up to which commit a relay was given a thread.
type sentRow struct {
	Seq uint64 `cbor:"seq"`
}

// eraseRow is what a relay is still to be told of a thread that was erased.
type eraseRow struct {
	Last [][]byte `cbor:"last"`
}

// pair is a thread at a relay.
type pair struct {
	peer   peer.ID
	thread protocol.CID
}

// ledger is what the brand's side remembers of relays: which threads have boxes where,
// how much of them was left there, and what is due. What is durable of it is in rows.
type ledger struct {
	mu     sync.Mutex
	relays map[peer.ID]relayRow
	sent   map[pair]uint64
	at     map[protocol.CID][]peer.ID // that hold a box of the thread
	due    map[peer.ID]map[protocol.CID]bool
	erased map[peer.ID]map[protocol.CID][][]byte
	dirty  map[string]any // rows to be written
}

func newLedger() *ledger {
	return &ledger{
		relays: map[peer.ID]relayRow{}, sent: map[pair]uint64{}, at: map[protocol.CID][]peer.ID{},
		due: map[peer.ID]map[protocol.CID]bool{}, erased: map[peer.ID]map[protocol.CID][][]byte{}, dirty: map[string]any{},
	}
}

// loadLedger reads the rows. Everything is due then: what was said while the node was
// stopped is nowhere else.
func loadLedger(ctx context.Context, s *store.Store) (*ledger, error) {
	l := newLedger()
	for prefix, take := range map[string]func(name string, data []byte) error{rowRelay: l.loadRelay, rowSent: l.loadSent, rowErase: l.loadErase} {
		if err := eachRow(ctx, s, prefix, take); err != nil {
			return nil, err
		}
	}
	return l, nil
}

const rowsAtOnce = 512

func eachRow(ctx context.Context, s *store.Store, prefix string, take func(name string, data []byte) error) error {
	after := ""
	for {
		n := 0
		err := s.ReadBoxes(ctx, func(v *store.BoxView) error {
			names, values, err := v.Settings(prefix, after, rowsAtOnce)
			n = len(names)
			for i, name := range names {
				if err := take(strings.TrimPrefix(name, prefix), values[i]); err != nil {
					return fmt.Errorf("row %s: %w", name, err)
				}
				after = name
			}
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

func (l *ledger) loadRelay(name string, data []byte) error {
	id, err := peer.Decode(name)
	if err != nil {
		return err
	}
	var r relayRow
	err = protocol.Unmarshal(data, &r)
	l.relays[id] = r
	return err
}

func parsePair(name string) (pair, error) {
	who, what, _ := strings.Cut(name, "/")
	id, err := peer.Decode(who)
	if err != nil {
		return pair{}, err
	}
	thread, err := protocol.ParseCID(what)
	return pair{id, thread}, err
}

func (p pair) String() string { return p.peer.String() + "/" + p.thread.String() }

func (l *ledger) loadSent(name string, data []byte) error {
	p, err := parsePair(name)
	if err != nil {
		return err
	}
	var r sentRow
	err = protocol.Unmarshal(data, &r)
	l.add(p, r.Seq)
	return err
}

func (l *ledger) loadErase(name string, data []byte) error {
	p, err := parsePair(name)
	if err != nil {
		return err
	}
	var r eraseRow
	err = protocol.Unmarshal(data, &r)
	set(l.erased, p.peer, p.thread, r.Last)
	return err
}

func set[V any](m map[peer.ID]map[protocol.CID]V, id peer.ID, thread protocol.CID, v V) {
	if m[id] == nil {
		m[id] = map[protocol.CID]V{}
	}
	m[id][thread] = v
}

// add notes that a relay holds a box. l.mu is held, or the ledger is being loaded.
func (l *ledger) add(p pair, seq uint64) {
	if _, is := l.sent[p]; !is {
		l.at[p.thread] = append(l.at[p.thread], p.peer)
	}
	l.sent[p] = seq
	set(l.due, p.peer, p.thread, true)
}

// bind notes that relay holds boxes of threads, and returns the rows that must be
// durable before anything of it is acknowledged.
func (l *ledger) bind(id peer.ID, threads []protocol.CID) (rows []row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, thread := range threads {
		p := pair{id, thread}
		if _, is := l.sent[p]; is {
			continue
		}
		l.add(p, 0)
		rows = append(rows, row{rowSent + p.String(), sentRow{}})
	}
	return rows
}

// unbind forgets that a relay holds a box.
func (l *ledger) unbind(p pair) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remove(p)
}

func (l *ledger) remove(p pair) {
	if _, is := l.sent[p]; !is {
		return
	}
	delete(l.sent, p)
	delete(l.due[p.peer], p.thread)
	l.dirty[rowSent+p.String()] = nil
	var left []peer.ID
	for _, id := range l.at[p.thread] {
		if id != p.peer {
			left = append(left, id)
		}
	}
	if l.at[p.thread] = left; len(left) == 0 {
		delete(l.at, p.thread)
	}
}

// meet remembers a relay and where it is.
func (l *ledger) meet(id peer.ID, addrs []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, is := l.relays[id]; !is && len(l.relays) >= maxRelays {
		return
	}
	r := relayRow{addrs[:min(len(addrs), maxAddrs)]}
	l.relays[id] = r
	l.dirty[rowRelay+id.String()] = r
}

// known returns the relays that are remembered, with their addresses.
func (l *ledger) known() map[peer.ID][]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[peer.ID][]string{}
	for id, r := range l.relays {
		out[id] = r.Addrs
	}
	return out
}

// stir makes a thread due wherever it has a box, and returns where.
func (l *ledger) stir(thread protocol.CID) []peer.ID {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range l.at[thread] {
		set(l.due, id, thread, true)
	}
	return l.at[thread]
}

// takeDue returns what is due at a relay, at most limit, which isn't due any more.
func (l *ledger) takeDue(id peer.ID, limit int) (threads []protocol.CID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for thread := range l.due[id] {
		if len(threads) == limit {
			break
		}
		threads = append(threads, thread)
		delete(l.due[id], thread)
	}
	return threads
}

// again makes a thread due at a relay.
func (l *ledger) again(p pair) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, is := l.sent[p]; is {
		set(l.due, p.peer, p.thread, true)
	}
}

// given returns up to which commit a relay has a thread.
func (l *ledger) given(p pair) (seq uint64, bound bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	seq, bound = l.sent[p]
	return seq, bound
}

// give notes up to which commit a relay has a thread.
func (l *ledger) give(p pair, seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if was, is := l.sent[p]; is && was != seq {
		l.sent[p] = seq
		l.dirty[rowSent+p.String()] = sentRow{seq}
	}
}

// changed takes the rows that are to be written.
func (l *ledger) changed() (rows []row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, value := range l.dirty {
		rows = append(rows, row{name, value})
	}
	clear(l.dirty)
	return rows
}

// erase notes that relays are to delete a thread, and returns who and the rows that
// must be durable.
func (l *ledger) erase(thread protocol.CID, last [][]byte) (peers []peer.ID, rows []row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	peers = append(peers, l.at[thread]...)
	for _, id := range peers {
		p := pair{id, thread}
		set(l.erased, id, thread, last)
		rows = append(rows, row{rowErase + p.String(), eraseRow{last}})
		l.remove(p)
	}
	return peers, rows
}

// toErase returns what a relay is to delete.
func (l *ledger) toErase(id peer.ID) map[protocol.CID][][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[protocol.CID][][]byte{}
	for thread, last := range l.erased[id] {
		out[thread] = last
	}
	return out
}

// wasErased notes that the relay deleted a thread.
func (l *ledger) wasErased(p pair) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.erased[p.peer], p.thread)
	l.dirty[rowErase+p.String()] = nil
}
