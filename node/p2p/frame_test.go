package p2p

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/record"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

func cbor(t testing.TB, v any) []byte {
	t.Helper()
	data, err := protocol.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRequestsOfPeerExchangeKeepTheirForm(t *testing.T) {
	for _, limit := range []int{1, 16} {
		data, err := encodeAsked(limit)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := decodeAsked(data); err != nil || got != limit {
			t.Error(got, err)
		}
	}
	type m = map[string]any
	for name, c := range map[string]struct {
		data []byte
		err  error
	}{
		"none":        {cbor(t, m{"v": 1, "kind": "peers", "limit": 0}), protocol.ErrInvalid},
		"too many":    {cbor(t, m{"v": 1, "kind": "peers", "limit": 17}), protocol.ErrInvalid},
		"no limit":    {cbor(t, m{"v": 1, "kind": "peers"}), protocol.ErrInvalid},
		"more fields": {cbor(t, m{"v": 1, "kind": "peers", "limit": 1, "x": 1}), protocol.ErrInvalid},
		"newer":       {cbor(t, m{"v": 2, "kind": "peers", "what": 1}), wire.ErrUnsupported},
		"other kind":  {cbor(t, m{"v": 1, "kind": "friends"}), wire.ErrUnsupported},
		"no version":  {cbor(t, m{"kind": "peers", "limit": 1}), protocol.ErrInvalid},
		"not a map":   {cbor(t, "peers"), protocol.ErrInvalid},
		"too large":   {cbor(t, m{"v": 1, "kind": "peers", "limit": 1, "x": make([]byte, maxAsked)}), protocol.ErrInvalid},
		"nothing":     {nil, protocol.ErrInvalid},
	} {
		if got, err := decodeAsked(c.data); !errors.Is(err, c.err) {
			t.Error(name, got, err)
		}
	}
}

func TestAnswersOfPeerExchangeKeepTheirForm(t *testing.T) {
	full := make([][]byte, maxRecords)
	for i := range full {
		full[i] = bytes.Repeat([]byte{byte(i)}, maxRecord)
	}
	for _, records := range [][][]byte{{}, {{1}}, full} {
		data, err := encodeTold(records)
		if err != nil || len(data) > maxTold {
			t.Fatal(len(data), err)
		}
		got, err := decodeTold(data)
		if err != nil || len(got) != len(records) {
			t.Error(len(got), err)
		}
	}
	for name, records := range map[string][][]byte{
		"an empty record": {{}}, "a large record": {make([]byte, maxRecord+1)},
		"too many": append(append([][]byte{}, full[0][:1]), make([][]byte, maxRecords)...),
	} {
		if _, err := decodeTold(cbor(t, toldPeers{envelope(), records})); !errors.Is(err, protocol.ErrInvalid) {
			t.Error(name, err)
		}
	}
	if _, err := decodeTold(cbor(t, envelope())); !errors.Is(err, protocol.ErrInvalid) {
		t.Error("no list:", err)
	}
}

func TestARecordThatAnotherPeerSignedIsNotBelieved(t *testing.T) {
	mine, other := testKey(t), testKey(t)
	if info, err := openRecord(signedBy(t, mine, mine)); err != nil || len(info.Addrs) != 1 {
		t.Error(info, err)
	}
	if info, err := openRecord(signedBy(t, mine, other)); err == nil {
		t.Error(info)
	}
}

func testKey(t testing.TB) crypto.PrivKey {
	t.Helper()
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// signedBy is a record of one peer, signed by another.
func signedBy(t testing.TB, of, by crypto.PrivKey) []byte {
	t.Helper()
	id, err := peer.IDFromPrivateKey(of)
	if err != nil {
		t.Fatal(err)
	}
	rec := peer.PeerRecordFromAddrInfo(peer.AddrInfo{ID: id, Addrs: []ma.Multiaddr{ma.StringCast("/ip4/1.1.1.1/tcp/4001")}})
	envelope, err := record.Seal(rec, by)
	if err != nil {
		t.Fatal(err)
	}
	data, err := envelope.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func FuzzDecodeAsked(f *testing.F) {
	data, err := encodeAsked(16)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		limit, err := decodeAsked(data)
		if err != nil {
			return
		}
		if again, err := encodeAsked(limit); err != nil || !bytes.Equal(again, data) {
			t.Errorf("%x is read as %x: %v", data, again, err)
		}
	})
}

func FuzzDecodeTold(f *testing.F) {
	key := testKey(f)
	for _, records := range [][][]byte{{}, {signedBy(f, key, key)}, {{1}, {2}}} {
		data, err := encodeTold(records)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		records, err := decodeTold(data)
		if err != nil {
			return
		}
		if again, err := encodeTold(records); err != nil || !bytes.Equal(again, data) {
			t.Errorf("%x is read as %x: %v", data, again, err)
		}
		for _, r := range records {
			info, err := openRecord(r)
			if err == nil && info.ID.Validate() != nil {
				t.Errorf("%x names nobody", r)
			}
		}
	})
}

func FuzzStrangersHints(f *testing.F) {
	f.Add("/ip4/1.1.1.1/tcp/4001/p2p/12D3KooWKKVDXyJGPEG1AwB7pJk1TvnETQAvy9N6ZhXUEN4vJBpq")
	f.Add("/ip6/::ffff:127.0.0.1/udp/4001/quic-v1/p2p/12D3KooWKKVDXyJGPEG1AwB7pJk1TvnETQAvy9N6ZhXUEN4vJBpq")
	f.Add("/dns4/example.com/tcp/4001/p2p/12D3KooWKKVDXyJGPEG1AwB7pJk1TvnETQAvy9N6ZhXUEN4vJBpq/p2p-circuit/p2p/12D3KooWKKVDXyJGPEG1AwB7pJk1TvnETQAvy9N6ZhXUEN4vJBpq")
	f.Fuzz(func(t *testing.T, hint string) {
		infos, err := strangers([]string{hint}, false)
		if err == nil && (len(infos) != 1 || infos[0].ID.Validate() != nil || len(infos[0].Addrs) != 1 || !public(infos[0].Addrs[0])) {
			t.Errorf("%q: %v", hint, infos)
		}
	})
}

// The examples of specs/14-discovery.md §4 and §5.
func TestTheExamplesOfTheSpecHold(t *testing.T) {
	var request, answer bytes.Buffer
	data, err := encodeAsked(16)
	if err = errors.Join(err, wire.WriteFrame(&request, data, maxAsked)); err != nil {
		t.Fatal(err)
	}
	data, err = encodeTold([][]byte{})
	if err = errors.Join(err, wire.WriteFrame(&answer, data, maxTold)); err != nil {
		t.Fatal(err)
	}
	key, err := brandKey(protocol.Sum(protocol.DagCBOR, []byte{0xa0}))
	if err != nil {
		t.Fatal(err)
	}
	spec, err := os.ReadFile("../../specs/14-discovery.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		hex.EncodeToString(request.Bytes()), hex.EncodeToString(answer.Bytes()),
		protocol.Sum(protocol.DagCBOR, []byte{0xa0}).String(), key.String(),
	} {
		if !strings.Contains(string(spec), want) {
			t.Error("not in the spec: ", want)
		}
	}
}
