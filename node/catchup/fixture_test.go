package catchup

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

const noon protocol.Millis = 1_790_000_000_000

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func key(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// shelf is the plain model of a catalog.
type shelf map[protocol.Path][]byte

func record(n, size int) []byte {
	return must(protocol.Marshal(map[string]any{"type": "post", "v": 1, "n": n, "text": string(bytes.Repeat([]byte("x"), size))}))
}

// shelfOf has groups and single records.
func shelfOf(n int) shelf {
	s := shelf{}
	for i := range n {
		if i%4 == 0 {
			s[protocol.Path(fmt.Sprintf("offer/tea%d/v%d", i/64, i))] = record(i, 60)
			continue
		}
		s[protocol.Path(fmt.Sprintf("post/p%d", i))] = record(i, 100)
	}
	return s
}

// with returns the shelf after n changes, a fifth of them new and a tenth gone.
func (s shelf) with(n int) shelf {
	next := maps.Clone(s)
	paths := slices.Sorted(maps.Keys(s))
	for i := range n {
		path := paths[i*len(paths)/n]
		switch {
		case i%5 == 0:
			next[protocol.Path(fmt.Sprintf("post/new%d", i))] = record(i, 120)
		case i%10 == 1:
			delete(next, path)
		default:
			next[path] = record(1_000_000+i, 80)
		}
	}
	return next
}

func (s shelf) changes() iter.Seq2[store.Change, error] {
	return func(yield func(store.Change, error) bool) {
		for path, data := range s {
			if !yield(store.Change{Path: path, Record: data}, nil) {
				return
			}
		}
	}
}

// since yields what makes another shelf into this one.
func (s shelf) since(was shelf) iter.Seq2[store.Change, error] {
	next := shelf{}
	for path, data := range s {
		if !bytes.Equal(was[path], data) {
			next[path] = data
		}
	}
	for path := range was {
		if s[path] == nil {
			next[path] = nil
		}
	}
	return next.changes()
}

// brand signs heads of shelves.
type brand struct {
	id     protocol.CID
	ops    [][]byte
	online ed25519.PrivateKey
	last   *catalog.SignedHead
}

func newBrand(name string) *brand {
	root, online := key(name), key(name+" online")
	signers := identity.Solo(protocol.PublicKeyOf(root))
	op := must(identity.Genesis(signers, must(signers.Commitment()), identity.Online(protocol.PublicKeyOf(online)), noon).Sign(root))
	return &brand{id: op.ID(), ops: [][]byte{must(op.Encode())}, online: online}
}

// leavesOf returns the leaves of a shelf in key order.
func leavesOf(s shelf) (leaves []trie.Leaf) {
	for path, data := range s {
		leaves = append(leaves, trie.NewLeaf(path, protocol.Sum(protocol.DagCBOR, data)))
	}
	slices.SortFunc(leaves, func(a, b trie.Leaf) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	return leaves
}

// sign signs the head of a shelf, above the last one.
func (b *brand) sign(s shelf) catalog.SignedHead { return b.signAt(s, noon) }

func (b *brand) signAt(s shelf, now protocol.Millis) catalog.SignedHead {
	var size uint64
	for _, data := range s {
		size += uint64(len(data))
	}
	h := must(catalog.Next(b.last, 0, now))
	h.Brand, h.ID, h.Root, h.Count, h.Bytes = b.id, b.id, must(trie.Root(leavesOf(s))), uint64(len(s)), size
	head := must(catalog.SignHead(h, b.online))
	b.last = &head
	return head
}

// node is a host with a store.
type node struct {
	t *testing.T
	host.Host
	store  *store.Store
	server *Server
	client *Client

	mu     sync.Mutex
	blamed map[peer.ID]int
	claims []identity.HeadRef
}

// newHost listens on loopback, within the limits of a real resource manager.
func newHost(t testing.TB, limits Limits) host.Host { return newHostAt(t, limits, "127.0.0.1") }

func newHostAt(t testing.TB, limits Limits, ip string) host.Host {
	cfg := rcmgr.DefaultLimits
	libp2p.SetDefaultServiceLimits(&cfg)
	limits.Register(&cfg)
	resources := must(rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(cfg.Scale(256<<20, 1024)), rcmgr.WithMetricsDisabled()))
	h := must(libp2p.New(libp2p.ListenAddrStrings("/ip4/"+ip+"/tcp/0"), libp2p.ResourceManager(resources),
		libp2p.DisableRelay(), libp2p.DisableMetrics(), libp2p.Ping(false)))
	t.Cleanup(func() { h.Close() })
	return h
}

func newNode(t *testing.T) *node { return newNodeOver(t, memkv.New()) }

func newNodeOver(t *testing.T, engine kv.Engine) *node {
	n := &node{t: t, Host: newHost(t, Limits{}), store: must(store.Open(t.Context(), engine)), blamed: map[peer.ID]int{}}
	n.client = NewClient(ClientOptions{Host: n.Host, Blame: n.blame})
	return n
}

func (n *node) blame(p peer.ID, _ string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.blamed[p]++
}

func (n *node) blames() []peer.ID {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Collect(maps.Keys(n.blamed))
}

// serve answers for all brands in the store.
func (n *node) serve(limits Limits) *node {
	n.t.Helper()
	server, err := Serve(Options{
		Host: n.Host, Store: n.store, Limits: limits,
		Serves: func(protocol.CID) bool { return true },
		Brands: n.store.Brands,
		Seen: func(_ protocol.CID, _ peer.ID, have identity.HeadRef) {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.claims = append(n.claims, have)
		},
	})
	n.check(err)
	n.server = server
	n.t.Cleanup(func() { server.Close() })
	return n
}

func (n *node) check(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

// put applies changes to the store under a head.
func (n *node) put(b *brand, head catalog.SignedHead, changes iter.Seq2[store.Change, error]) {
	n.t.Helper()
	n.knows(b)
	p, err := n.store.Prepare(n.t.Context(), b.id, changes)
	n.check(err)
	n.check(n.store.Apply(n.t.Context(), p, must(head.Encode())))
}

func (n *node) knows(b *brand) {
	n.t.Helper()
	_, err := n.store.PutIdentity(n.t.Context(), b.id, b.ops...)
	n.check(err)
}

// meet lets the node know where others are.
func (n *node) meet(others ...host.Host) *node {
	for _, o := range others {
		n.check(n.Connect(n.t.Context(), peer.AddrInfo{ID: o.ID(), Addrs: o.Addrs()}))
	}
	return n
}

func hosts(nodes []*node) (all []host.Host) {
	for _, n := range nodes {
		all = append(all, n)
	}
	return all
}

func ids(hosts ...host.Host) (all []peer.ID) {
	for _, h := range hosts {
		all = append(all, h.ID())
	}
	return all
}

// sync fetches a head from peers and makes it live.
func (n *node) sync(ctx context.Context, b *brand, head catalog.SignedHead, base *catalog.SignedHead, peers ...host.Host) (Report, error) {
	return n.syncWith(ctx, b, head, base, nil, peers...)
}

func (n *node) syncWith(ctx context.Context, b *brand, head catalog.SignedHead, base *catalog.SignedHead, progress func(done, total uint64), peers ...host.Host) (Report, error) {
	n.knows(b)
	stage, err := n.store.Stage(ctx, b.id)
	if err != nil {
		return Report{}, err
	}
	defer stage.Close()
	prepared, report, err := n.client.Sync(ctx, Job{
		Brand: b.id, Head: head, Base: base, Stage: stage,
		Peers: func() []peer.ID { return ids(peers...) }, Progress: progress,
	})
	if err != nil {
		return report, err
	}
	return report, n.store.Apply(ctx, prepared, must(head.Encode()))
}

// has compares the live catalog with the model.
func (n *node) has(b *brand, head catalog.SignedHead, want shelf) {
	n.t.Helper()
	n.check(n.store.View(n.t.Context(), b.id, func(v *store.View) error {
		if v.Tip().Head != head.CID {
			return fmt.Errorf("at %s instead of %s", v.Tip().Head, head.CID)
		}
		for path, data := range want {
			if got, err := v.Record(path); err != nil || !bytes.Equal(got, data) {
				return fmt.Errorf("%s differs: %w", path, err)
			}
		}
		return nil
	}))
}
