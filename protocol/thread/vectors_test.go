package thread

import (
	"bytes"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// threadVector holds the fields of all kinds; specs/16-thread.md §14 says what
// they mean.
type threadVector struct {
	Name, Kind, Error, Text, Typed, LinkKind, For string
	Valid                                         bool
	Code, Seed, IdentitySeed, Identity            hexBytes
	Brand, Prekey, Thread, ID, Join               protocol.CID
	PrekeySeed, Record, Enc, Root, Write          hexBytes
	Before, Secret, Salt, Body, Commitment        hexBytes
	Object                                        protocol.Object
	Bytes, Key, CBOR, Parcel, Device, Link        hexBytes
	Certs, Links                                  []hexBytes
	Dir                                           Direction
	Epoch                                         uint64
}

func TestThreadVectors(t *testing.T) {
	run := map[string]func(threadVector, *testing.T){
		"code": threadVector.code, "identity": threadVector.identity, "link": threadVector.link, "schedule": threadVector.schedule,
		"commitment": threadVector.commitment, "object": threadVector.object, "certificates": threadVector.certificates,
		"parcel": threadVector.parcel, "envelope": threadVector.envelope,
	}
	eachVector(t, "thread.json", 150, func(v threadVector) string { return v.Kind + " " + v.Name }, func(t *testing.T, v threadVector) {
		if v.Kind == "story" {
			t.SkipNow() // see TestAThreadIsFollowedAsItsStoriesTell
		}
		if run[v.Kind] == nil {
			t.Fatalf("kind %s", v.Kind)
		}
		run[v.Kind](v, t)
	})
}

func (v threadVector) code(t *testing.T) {
	typed := v.Text
	if v.Typed != "" {
		typed = v.Typed
	}
	c, err := ParseCode(typed)
	verdictOf(t, v.Valid, v.Error, err)
	if seed := c.Seed(); v.Valid && (!bytes.Equal(c[:], v.Code) || c.String() != v.Text || !bytes.Equal(seed[:], v.Seed)) {
		t.Errorf("%x, %s, seed %x", c, c, seed)
	}
}

func (v threadVector) identity(t *testing.T) {
	seed := IdentitySeed(v.Seed.secret(), v.Brand)
	if !bytes.Equal(seed[:], v.IdentitySeed) || !bytes.Equal(protocol.PublicKeyOf(SigningKey(seed)).Bytes(), v.hexIdentity()) {
		t.Errorf("%x", seed)
	}
}

func (v threadVector) hexIdentity() []byte { return v.Identity }

func (v threadVector) link(t *testing.T) {
	l, err := ParseLink(v.Text)
	verdictOf(t, v.Valid, v.Error, err)
	if v.Valid && (l.String() != v.Text || l.Thread != v.Thread || string(rune(l.Kind)) != v.LinkKind || !bytes.Equal(l.Seed[:], v.Seed)) {
		t.Errorf("%+v", l)
	}
}

func (v threadVector) schedule(t *testing.T) {
	secret := must(PrekeyOf(v.PrekeySeed.secret()))
	record := must(catalog.Decode(catalog.PrekeyPath, v.Record)).(*catalog.Prekey)
	if !bytes.Equal(secret.Public(), record.Key) || protocol.Sum(protocol.DagCBOR, v.Record) != v.Prekey {
		t.Error("the record isn't the prekey's")
	}
	roots := must(secret.Decapsulate(v.Brand, v.Prekey, v.Enc))
	var got [32]byte
	switch v.For {
	case "genesis":
		got = FirstEpoch(roots.Root, v.Thread)
		if !bytes.Equal(roots.Write[:], v.Write) {
			t.Errorf("write capability %x", roots.Write)
		}
	case "rekey":
		got = NextEpoch(v.Before.secret(), roots.Root, v.Thread)
	case "join":
		got = JoinSecret(roots.Root, v.Thread)
	}
	if !bytes.Equal(roots.Root[:], v.Root) || !bytes.Equal(got[:], v.Secret) {
		t.Errorf("root %x, secret %x", roots.Root, got)
	}
}

func (v threadVector) commitment(t *testing.T) {
	if sum := Commitment(v.Salt.secret(), v.Body); !bytes.Equal(sum[:], v.Commitment) {
		t.Errorf("%x", sum)
	}
}

// open reads an object of any kind and returns its name.
func (v threadVector) open() (protocol.CID, error) {
	key := must(protocol.ParsePublicKey(v.Key))
	switch v.Object {
	case protocol.ObjectGenesis:
		g, err := OpenGenesis(v.Bytes)
		return g.Thread, err
	case protocol.ObjectDevice:
		_, _, err := openCertificate(v.Bytes, []protocol.PublicKey{key})
		if err != nil {
			return protocol.CID{}, err
		}
		return must(protocol.DecodeSigned(v.Bytes)).ID(), nil
	case protocol.ObjectEntry:
		e, err := DecodeEntry(v.Bytes)
		if err == nil {
			err = e.Verify(key)
		}
		return e.ID, err
	case protocol.ObjectCommit:
		c, err := DecodeCommit(v.Bytes)
		if err == nil {
			err = c.Verify(BrandKeys{keys: []brandKey{{id: key.ID(), key: key}}})
		}
		return c.ID, err
	case protocol.ObjectJoin:
		j, err := OpenJoin(v.Bytes)
		return j.ID, err
	}
	s, err := protocol.DecodeSigned(v.Bytes)
	if err == nil {
		_, err = OpenRequest(s)
	}
	return s.ID(), err
}

func (v threadVector) object(t *testing.T) {
	id, err := v.open()
	verdictOf(t, v.Valid, v.Error, err)
	if v.Valid && id != v.ID {
		t.Errorf("is named %s", id)
	}
}

func (v threadVector) certificates(t *testing.T) {
	var certs [][]byte
	for _, c := range v.Certs {
		certs = append(certs, c)
	}
	var links []protocol.PublicKey
	for _, l := range v.Links {
		links = append(links, must(protocol.ParsePublicKey(l)))
	}
	got, err := OpenCertificates(v.Thread, must(protocol.ParsePublicKey(v.Identity)), certs, links...)
	verdictOf(t, v.Valid, v.Error, err)
	if v.Valid && (!bytes.Equal(got.Key.Bytes(), v.Device) || got.Link.Defined() != (len(v.Link) > 0)) {
		t.Errorf("%+v", got)
	}
}

func (v threadVector) parcel(t *testing.T) {
	p, err := DecodeParcel(v.CBOR)
	verdictOf(t, v.Valid, v.Error, err)
	if v.Valid && !bytes.Equal(must(EncodeParcel(p)), v.CBOR) {
		t.Error("encodes to other bytes")
	}
}

func (v threadVector) envelope(t *testing.T) {
	e, err := DecodeEnvelope(v.Bytes)
	var parcel []byte
	if err == nil {
		parcel, err = e.OpenBytes(v.Secret.secret())
	}
	verdictOf(t, v.Valid, v.Error, err)
	if !v.Valid {
		return
	}
	if !bytes.Equal(parcel, v.Parcel) || e.Thread != v.Thread || e.Dir != v.Dir || e.Epoch != v.Epoch || e.Join != v.Join || EnvelopeID(v.Bytes) != v.ID {
		t.Errorf("%+v", e)
	}
	again := Envelope{Thread: v.Thread, Dir: v.Dir, Epoch: v.Epoch, Salt: v.Salt.secret(), Join: v.Join}
	if !bytes.Equal(must(again.SealBytes(v.Secret.secret(), v.Parcel)), v.Bytes) {
		t.Error("is sealed to other bytes")
	}
}
