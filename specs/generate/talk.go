package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// encapsulations were made once and are kept: HPKE draws on the system's randomness,
// so that they can't be made again. One that is missing is added to the file.
//
//go:embed encapsulations.json
var encapsulations []byte

// fixed returns 32 bytes that follow from a name: a salt, a seed, a secret.
func fixed(name string) [32]byte { return sha256.Sum256([]byte(name)) }

// talk is a conversation of a shopper with the tea stall.
type talk struct {
	*stall
	code     thread.Code
	identity ed25519.PrivateKey
	device   ed25519.PrivateKey
	prekey   thread.PrekeySecret
	record   []byte // of the prekey
	prekeyID protocol.CID

	genesis thread.OpenedGenesis
	signed  []byte // genesis
	roots   thread.Roots
	epoch   [32]byte
}

// talkStart is when the conversation begins.
const talkStart = stallNow + 60_000

func prekeyRecord(secret thread.PrekeySecret) []byte {
	return sure(catalog.Encode(&catalog.Prekey{
		Header: catalog.HeaderOf(catalog.TypePrekey), Suite: catalog.PrekeySuite, Key: secret.Public(), From: stallNow, Until: stallNow + 14*24*hour,
	}))
}

func teaTalk() *talk {
	seed := fixed("the shopper's code")
	t := &talk{stall: teaStall(), code: thread.Code(seed[:16]), device: namedKey("the shopper's phone")}
	t.identity = thread.SigningKey(thread.IdentitySeed(t.code.Seed(), t.log.Brand()))
	t.prekey = sure(thread.PrekeyOf(fixed("the stall's prekey")))
	t.record = prekeyRecord(t.prekey)
	t.prekeyID = protocol.Sum(protocol.DagCBOR, t.record)
	nonce := fixed("nonce")
	enc, roots := t.encapsulated("genesis")
	var thr protocol.CID
	var err error
	t.signed, thr, err = thread.Genesis{
		Brand: t.log.Brand(), Prekey: t.prekeyID, Enc: enc, Device: protocol.PublicKeyOf(t.device), Home: t.log.Brand(), Nonce: [16]byte(nonce[:16]), Time: talkStart,
	}.Sign(t.identity)
	t.genesis, t.roots = sure(thread.OpenGenesis(sure(t.signed, err))), roots
	t.epoch = thread.FirstEpoch(roots.Root, thr)
	return t
}

// encapsulated returns the encapsulation with the name to the stall's prekey.
func (t *talk) encapsulated(name string) ([]byte, thread.Roots) {
	kept := map[string]string{}
	sure(0, json.Unmarshal(encapsulations, &kept))
	enc := unhex(kept[name])
	if len(enc) == 0 {
		enc = sure(t.encapsulate(name, kept))
	}
	return enc, sure(t.prekey.Decapsulate(t.log.Brand(), t.prekeyID, enc))
}

// encapsulate makes one that is missing, and keeps it.
func (t *talk) encapsulate(name string, kept map[string]string) ([]byte, error) {
	enc, _, err := thread.Encapsulate(t.log.Brand(), t.prekeyID, t.prekey.Public())
	kept[name] = hexed(sure(enc, err))
	encapsulations = append(sure(json.MarshalIndent(kept, "", " ")), '\n')
	return enc, os.WriteFile(filepath.Join("specs", "generate", "encapsulations.json"), encapsulations, 0o644)
}
