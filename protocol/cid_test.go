package protocol_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multihash"
	"github.com/stoa-commerce/stoa/protocol"
	"pgregory.net/rapid"
)

func TestCIDsAreThoseOfGoCID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOf(rapid.Byte()).Draw(t, "data")
		codec := rapid.SampledFrom([]protocol.Codec{protocol.Raw, protocol.DagCBOR}).Draw(t, "codec")
		ours := protocol.Sum(codec, data)
		theirs := cid.NewCidV1(uint64(codec), must(multihash.Sum(data, multihash.SHA2_256, -1)))
		if ours.String() != theirs.String() || !bytes.Equal(ours.Bytes(), theirs.Bytes()) {
			t.Fatalf("%s and %s", ours, theirs)
		}
		if !ours.Matches(data) || must(protocol.ParseCID(theirs.String())) != ours {
			t.Fatalf("%s does not read back", ours)
		}
		if protocol.CIDFromDigest(codec, ours.Digest()) != ours || ours.Codec() != codec {
			t.Fatalf("%s does not come apart", ours)
		}
	})
}

func TestOtherIdentifiersAreRefused(t *testing.T) {
	good := protocol.Sum(protocol.Raw, []byte("x"))
	text := good.String()
	sha512 := cid.NewCidV1(cid.Raw, must(multihash.Sum(nil, multihash.SHA2_512, -1)))
	v0 := cid.NewCidV0(must(multihash.Sum(nil, multihash.SHA2_256, -1)))
	dagPB := cid.NewCidV1(cid.DagProtobuf, v0.Hash())
	identity := cid.NewCidV1(cid.Raw, must(multihash.Sum([]byte("x"), multihash.IDENTITY, -1)))
	for _, s := range []string{
		"", "b", text[:58], text + "a", "B" + text[1:], "z" + text[1:], text[:58] + "1",
		text[:58] + string(text[58]+1), sha512.String(), v0.String(), dagPB.String(), identity.String(),
	} {
		if c, err := protocol.ParseCID(s); err == nil {
			t.Errorf("%q is read as %s", s, c)
		}
	}
}

func TestACIDInJSONIsTextAndTheZeroValueIsEmpty(t *testing.T) {
	for _, c := range []protocol.CID{{}, protocol.Sum(protocol.DagCBOR, nil)} {
		b := must(json.Marshal(c))
		var back protocol.CID
		if err := json.Unmarshal(b, &back); err != nil || back != c {
			t.Errorf("%s: %v", b, err)
		}
	}
}

func FuzzParseCID(f *testing.F) {
	f.Add(protocol.Sum(protocol.Raw, nil).String())
	f.Add("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku")
	f.Fuzz(func(t *testing.T, s string) {
		ours, err := protocol.ParseCID(s)
		if err != nil {
			return
		}
		theirs, err := cid.Decode(s)
		if err != nil || ours.String() != s || !bytes.Equal(theirs.Bytes(), ours.Bytes()) {
			t.Fatalf("%q is read as %s, by go-cid as %s (%v)", s, ours, theirs, err)
		}
	})
}
