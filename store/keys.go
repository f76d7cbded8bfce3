package store

import (
	"encoding/binary"

	"github.com/stoa-commerce/stoa/protocol"
)

// brandNo stands for a brand in keys. Numbers are given in order and never reused,
// also when a brand is removed.
type brandNo uint32

// generation counts full builds of one brand's catalog.
type generation uint32

var (
	keySchema  = []byte("m/schema")
	keyBrands  = []byte("m/brands")
	keyPending = []byte("p/pending")
)

func keyBrand(b protocol.CID) []byte { return b.Append([]byte("b/")) }

func keyState(b brandNo) []byte { return b.append([]byte("h/")) }

func keyStanding(b brandNo) []byte { return b.append([]byte("a/")) }

func keyFollow(b brandNo) []byte { return b.append([]byte("f/")) }

func keyName(name string) []byte { return []byte("k/" + name) }

func keyRemoved(b brandNo) []byte { return b.append([]byte("z/")) }

func keyIdentities(b brandNo) []byte { return b.append([]byte("i/")) }

func keyIdentity(b brandNo, n uint64, op protocol.CID) []byte {
	return op.Append(binary.BigEndian.AppendUint64(keyIdentities(b), n))
}

func keyGenerations(b brandNo) []byte { return b.append([]byte("g/")) }

func keyGeneration(r realm) []byte { return r.append("g/") }

func keyLeaves(r realm) []byte { return r.append("l/") }

func keyLeaf(r realm, key [32]byte) []byte { return append(r.append("l/"), key[:]...) }

func keyDigests(r realm, prefix []byte) []byte { return append(r.append("t/"), prefix...) }

func keyIndex(r realm, suffix string) []byte { return append(r.append("x/"), suffix...) }

func keyPages(r realm) []byte { return r.append("y/") }

func keyRuns(r realm) []byte { return r.append("j/") }

func keyRun(r realm, run int) []byte { return binary.BigEndian.AppendUint16(keyRuns(r), uint16(run)) }

func keyOwn(h protocol.Handle) []byte { return []byte("o/" + string(h)) }

func keyStaged(run importRun, h protocol.Handle) []byte {
	return append(keyStagedAll(run), h...)
}

func keyStagedAll(run importRun) []byte {
	return binary.BigEndian.AppendUint64([]byte("s/"), uint64(run))
}

func keyVariant(id protocol.VariantID) []byte { return []byte("v/" + string(id)) }

func keyPicture(source string) []byte { return []byte("q/" + source) }

func keyMissing(source string) []byte { return []byte("r/" + source) }

func keyRedirect(path string) []byte { return []byte("u/" + path) }

func keySetting(name string) []byte { return []byte("n/" + name) }

// realm is one generation of one brand: the prefix of everything its catalog
// holds.
type realm struct {
	brand brandNo
	gen   generation
}

func (r realm) append(prefix string) []byte {
	return binary.BigEndian.AppendUint32(r.brand.append([]byte(prefix)), uint32(r.gen))
}

func (b brandNo) append(key []byte) []byte { return binary.BigEndian.AppendUint32(key, uint32(b)) }

// importRun numbers imports; their rows wait apart until the head is live.
type importRun uint64

func keySigned(epoch, seq uint64) []byte {
	return appendPlace([]byte("w/"), epoch, seq)
}

func keyDeltas(b brandNo) []byte { return b.append([]byte("d/")) }

func keyDelta(b brandNo, epoch, seq uint64) []byte { return appendPlace(keyDeltas(b), epoch, seq) }

func keyDeltaParts(b brandNo, epoch, seq uint64) []byte {
	return appendPlace(b.append([]byte("e/")), epoch, seq)
}

func keyDeltaPart(b brandNo, epoch, seq uint64, part int) []byte {
	return binary.BigEndian.AppendUint16(keyDeltaParts(b, epoch, seq), uint16(part))
}

func appendPlace(key []byte, epoch, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(key, epoch), seq)
}

// readDeltaKey reads the place of the head from the end of a delta's key.
func readDeltaKey(key []byte) (epoch, seq uint64) {
	place := key[len(key)-16:]
	return binary.BigEndian.Uint64(place), binary.BigEndian.Uint64(place[8:])
}
