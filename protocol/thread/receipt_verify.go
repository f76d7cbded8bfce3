package thread

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
)

// Flaw names the part of a receipt that doesn't hold. It wraps protocol.ErrInvalid.
type Flaw struct {
	// Part is "form", "brand", "genesis", "device N", "commit N" or "entry N", where N
	// counts in the list of the receipt from 1.
	Part string
	Err  error
}

// Error implements error.
func (f *Flaw) Error() string { return f.Part + ": " + f.Err.Error() }

// Unwrap implements the interface of package errors.
func (f *Flaw) Unwrap() []error { return []error{f.Err, protocol.ErrInvalid} }

func flaw(part string, err error) error {
	if err == nil {
		return nil
	}
	return &Flaw{part, err}
}

// Proven is what a receipt proves.
type Proven struct {
	Brand  protocol.CID
	Thread protocol.CID
	// Contested says that the brand's identity has forked, Revoked that a commit is
	// signed by a key that the brand has replaced since: it may have been stolen.
	Contested, Revoked bool
	// Commits is how many the receipt holds; First and Last when they were signed.
	Commits     int
	First, Last protocol.Millis
	Entries     []ProvenEntry
	Ledger      Ledger
}

// ProvenEntry is one entry that a receipt shows.
type ProvenEntry struct {
	Committed
	// Hidden says that its body isn't shown.
	Hidden bool
	// Link says that the device was certified through a link that the brand mailed:
	// the brand could have made the entry itself.
	Link bool
}

// VerifyReceipt checks every byte of a receipt. brand is who is expected; undefined
// accepts any. Errors are *Flaw.
func VerifyReceipt(data []byte, brand protocol.CID) (Proven, error) {
	r, err := DecodeReceipt(data)
	if err != nil {
		return Proven{}, flaw("form", err)
	}
	v := verification{r: r}
	for _, step := range []func() error{v.brand, v.genesis, v.devices, v.commits, v.entries} {
		if err := step(); err != nil {
			return Proven{}, err
		}
	}
	if brand.Defined() && v.out.Brand != brand {
		return Proven{}, flaw("brand", protocol.Invalid("receipt", "is of %s, not of %s", v.out.Brand, brand))
	}
	return v.out, nil
}

// verification goes through a receipt from the brand's first key to the last entry.
type verification struct {
	r       Receipt
	out     Proven
	keys    BrandKeys
	opened  OpenedGenesis
	known   []Device
	chain   []SignedCommit
	authors map[[32]byte]Place
}

func (v *verification) brand() error {
	first, err := protocol.DecodeSigned(v.r.Log[0])
	if err != nil {
		return flaw("brand", err)
	}
	log, err := identity.Load(first.ID(), v.r.Log)
	if err != nil {
		return flaw("brand", err)
	}
	for i, op := range log.Signed() {
		op.Signatures = slices.SortedFunc(slices.Values(op.Signatures), compareSignatures)
		if data, err := op.Encode(); err != nil || i >= len(v.r.Log) || !bytes.Equal(data, v.r.Log[i]) {
			return flaw("brand", protocol.Invalid("receipt", "operations or their signatures are out of order"))
		}
	}
	if len(log.Signed()) != len(v.r.Log) {
		return flaw("brand", protocol.Invalid("receipt", "an operation stands in it twice"))
	}
	v.keys, v.out.Brand, v.out.Contested = KeysOf(log), first.ID(), log.State().Contested
	return nil
}

func compareSignatures(a, b protocol.Signature) int {
	return strings.Compare(string(a.Key), string(b.Key))
}

func (v *verification) genesis() (err error) {
	if v.opened, err = OpenGenesis(v.r.Genesis); err != nil {
		return flaw("genesis", err)
	}
	if v.opened.Brand != v.out.Brand {
		return flaw("genesis", protocol.Invalid("genesis", "of a thread with %s", v.opened.Brand))
	}
	v.out.Thread = v.opened.Thread
	v.known = []Device{{Certified: Certified{Key: v.opened.Device}}}
	return nil
}

func (v *verification) devices() error {
	for i, certs := range v.r.Devices {
		c, err := OpenCertificates(v.opened.Thread, v.opened.Identity, certs)
		if err != nil {
			return flaw(fmt.Sprint("device ", i+1), err)
		}
		v.known = append(v.known, Device{Certified: c})
	}
	return nil
}

func (v *verification) commits() error {
	var last protocol.CID
	for i, data := range v.r.Commits {
		c, err := DecodeCommit(data)
		if err == nil {
			err = c.Verify(v.keys)
		}
		if err == nil && (c.Thread != v.opened.Thread || c.Seq != uint64(i+1) || c.Prev != last) {
			err = protocol.Invalid("commit", "doesn't follow the one before")
		}
		if err != nil {
			return flaw(fmt.Sprint("commit ", i+1), err)
		}
		last = c.ID
		v.chain = append(v.chain, c)
		v.out.Revoked = v.out.Revoked || !v.keys.Present(c.Signed.Signatures[0].Key)
	}
	v.out.Commits, v.out.First, v.out.Last = len(v.chain), v.chain[0].Time, v.chain[len(v.chain)-1].Time
	return nil
}

func (v *verification) entries() error {
	v.authors = map[[32]byte]Place{}
	at := 0
	for i, shown := range v.r.Entries {
		e, err := DecodeEntry(shown.Entry)
		if err != nil {
			return flaw(fmt.Sprint("entry ", i+1), err)
		}
		for at < len(v.chain) && v.chain[at].Entry != e.ID {
			at++
		}
		if at == len(v.chain) {
			return flaw(fmt.Sprint("entry ", i+1), protocol.Invalid("entry", "no commit behind the last one names it"))
		}
		if err := v.entry(e, shown, v.chain[at]); err != nil {
			return flaw(fmt.Sprint("entry ", i+1), fmt.Errorf("%s of commit %d: %w", e.Kind, at+1, err))
		}
		at++
	}
	return nil
}

func (v *verification) entry(e SignedEntry, shown Shown, commit SignedCommit) error {
	p := ProvenEntry{Committed: Committed{Entry: e, Commit: commit}, Hidden: len(shown.Body) == 0}
	by, err := v.author(e, &p)
	if err != nil {
		return err
	}
	if err := e.Verify(by); err != nil {
		return err
	}
	if err := v.placed(e, commit, p.Brand); err != nil {
		return err
	}
	if !p.Hidden {
		if err := e.Matches([SecretSize]byte(shown.Salt), shown.Body); err != nil {
			return err
		}
		if value, err := DecodeBody(e.Kind, shown.Body); err == nil && commit.Refused == "" && May(e.Kind, p.Brand) {
			p.Value = value
		}
	}
	v.out.Entries = append(v.out.Entries, p)
	// What the brand should have refused is proven all the same; it has no effect.
	_ = v.out.Ledger.Take(p.Committed)
	return nil
}

func (v *verification) author(e SignedEntry, p *ProvenEntry) (protocol.PublicKey, error) {
	if e.Thread != v.opened.Thread {
		return protocol.PublicKey{}, protocol.Invalid("entry", "of another thread")
	}
	if by, brand := v.keys.Author(e.By); brand {
		p.Brand = true
		return by, nil
	}
	for _, d := range v.known {
		if [32]byte(d.Key.Bytes()) == e.By {
			p.Link = d.Link.Defined()
			return d.Key, nil
		}
	}
	return protocol.PublicKey{}, fmt.Errorf("entry %s: %w", e.ID, ErrStranger)
}

// placed checks what an entry says of those before it, as far as they are shown.
func (v *verification) placed(e SignedEntry, commit SignedCommit, brand bool) error {
	who := e.By
	if brand {
		who = [32]byte{} // all keys of the brand are one author
	}
	before := v.authors[who]
	if e.DSeq <= before.DSeq || e.DSeq == before.DSeq+1 && before.DSeq > 0 && e.DPrev != before.Last {
		return fmt.Errorf("entry %s: %w", e.ID, ErrForked)
	}
	if s := e.Seen; s != nil && (s.Seq >= commit.Seq || v.chain[s.Seq-1].ID != s.Commit) {
		return fmt.Errorf("entry %s: %w", e.ID, ErrContradiction)
	}
	v.authors[who] = Place{e.DSeq, e.ID}
	return nil
}
