package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// signedFiles returns an archive and proofs of a small shop, by name.
func signedFiles(t *testing.T) map[string][]byte {
	t.Helper()
	home, dir := t.TempDir(), t.TempDir()
	stoa(t, home, "init", "--name", "Corner Tea")
	stoa(t, home, "import", priceList(t, 5, 7))
	files := map[string][]byte{}
	read := func(name string, args ...string) {
		t.Helper()
		file := filepath.Join(dir, name)
		stoa(t, home, append(args, file)...)
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = b
	}
	read("archive", "export")
	read("proof of a product", "proof", "product/p3")
	read("proof of nothing", "proof", "product/nothing")
	read("proof of the profile", "proof", "profile")
	return files
}

// tampering is one way to change a file, as a function of where.
type tampering struct {
	name string
	do   func(b []byte, at int) []byte
}

func tamperings() []tampering {
	return []tampering{
		{"lowest bit flipped", func(b []byte, at int) []byte { b[at] ^= 1; return b }},
		{"highest bit flipped", func(b []byte, at int) []byte { b[at] ^= 0x80; return b }},
		{"byte set to zero", func(b []byte, at int) []byte { b[at] = 0; return b }},
		{"byte inserted", func(b []byte, at int) []byte { return slices.Insert(b, at, 0x61) }},
		{"byte doubled", func(b []byte, at int) []byte { return slices.Insert(b, at, b[at]) }},
		{"byte cut out", func(b []byte, at int) []byte { return slices.Delete(b, at, at+1) }},
		{"cut off here", func(b []byte, at int) []byte { return b[:at] }},
		{"beginning cut off", func(b []byte, at int) []byte { return b[at+1:] }},
		{"neighbours swapped", func(b []byte, at int) []byte {
			b[at], b[(at+1)%len(b)] = b[(at+1)%len(b)], b[at]
			return b
		}},
		{"halves swapped", func(b []byte, at int) []byte { return append(slices.Clone(b[at:]), b[:at]...) }},
		{"sixteen bytes swapped with the next", func(b []byte, at int) []byte {
			if at+32 > len(b) {
				return b
			}
			return slices.Concat(b[:at], b[at+16:at+32], b[at:at+16], b[at+32:])
		}},
		{"byte behind the end", func(b []byte, at int) []byte { return append(b, byte(at)) }},
		{"the file twice", func(b []byte, at int) []byte { return append(b, b...) }},
	}
}

// places are positions all over a file of n bytes.
func placesIn(n int) []int {
	out := []int{0, 1, 2, n - 2, n - 1}
	for i := range 60 {
		out = append(out, i*n/60)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestTamperingIsFoundAndNamed(t *testing.T) {
	reasons := map[catalog.Reason]bool{}
	for name, good := range signedFiles(t) {
		file := filepath.Join(t.TempDir(), "file")
		for _, way := range tamperings() {
			for _, at := range placesIn(len(good)) {
				bad := way.do(slices.Clone(good), at)
				if bytes.Equal(bad, good) {
					continue
				}
				write(t, file, bad)
				v := verifyFile(file, protocol.CID{}, 1<<42)
				if v.Valid || v.Reason == "" || v.Reason == "unreadable" || v.Detail == "" {
					t.Errorf("%s, %s at %d of %d: %+v", name, way.name, at, len(good), v)
				}
				reasons[v.Reason] = true
			}
		}
	}
	if len(reasons) < 10 {
		t.Errorf("only %d reasons were given: %v", len(reasons), reasons)
	}
}

func TestBlocksOfAnArchiveCannotBeMovedAround(t *testing.T) {
	good := signedFiles(t)["archive"]
	blocks := sections(t, good)
	join := func(b [][]byte) []byte { return slices.Concat(b...) }
	cases := map[string][]byte{}
	for i := 1; i < len(blocks); i++ {
		cases[fmt.Sprintf("block %d left out", i)] = join(slices.Delete(slices.Clone(blocks), i, i+1))
		cases[fmt.Sprintf("block %d twice", i)] = join(slices.Insert(slices.Clone(blocks), i, blocks[i]))
		if i+1 < len(blocks) {
			swapped := slices.Clone(blocks)
			swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
			cases[fmt.Sprintf("blocks %d and %d swapped", i, i+1)] = join(swapped)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	for name, bad := range cases {
		write(t, file, bad)
		if v := verifyFile(file, protocol.CID{}, 1<<42); v.Valid || v.Reason == "" {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if len(cases) < 20 {
		t.Errorf("the archive has only %d blocks", len(blocks))
	}
}

// sections cuts a CARv1 file at the lengths that stand before its parts.
func sections(t *testing.T, b []byte) [][]byte {
	t.Helper()
	var out [][]byte
	for len(b) > 0 {
		n, size := uint64(0), 0
		for shift := 0; ; shift += 7 {
			n |= uint64(b[size]&0x7f) << shift
			size++
			if b[size-1] < 0x80 {
				break
			}
		}
		end := size + int(n)
		out = append(out, b[:end])
		b = b[end:]
	}
	return out
}

func TestAFileOfAnotherShopIsNotTaken(t *testing.T) {
	mine, theirs := signedFiles(t), signedFiles(t)
	dir := t.TempDir()
	brand := map[string]protocol.CID{}
	for owner, files := range map[string]map[string][]byte{"mine": mine, "theirs": theirs} {
		file := filepath.Join(dir, owner)
		write(t, file, files["archive"])
		v := verifyFile(file, protocol.CID{}, 1<<42)
		id, err := protocol.ParseCID(v.Brand)
		if err != nil || !v.Valid {
			t.Fatalf("%s: %+v", owner, v)
		}
		brand[owner] = id
	}
	for name, b := range theirs {
		file := filepath.Join(dir, "file")
		write(t, file, b)
		if v := verifyFile(file, brand["mine"], 1<<42); v.Valid || v.Reason != catalog.BrandMismatch {
			t.Errorf("their %s as mine: %+v", name, v)
		}
		if v := verifyFile(file, brand["theirs"], 1<<42); !v.Valid {
			t.Errorf("their %s as theirs: %+v", name, v)
		}
	}
}

func TestWhatHasExpiredIsValidAndSaysSo(t *testing.T) {
	dir := t.TempDir()
	for name, b := range signedFiles(t) {
		file := filepath.Join(dir, "file")
		write(t, file, b)
		if v := verifyFile(file, protocol.CID{}, 1<<42); !v.Valid || !v.Expired {
			t.Errorf("%s, long after: %+v", name, v)
		}
		if v := verifyFile(file, protocol.CID{}, protocol.Millis(1)); v.Valid || v.Reason != catalog.HeadFuture {
			t.Errorf("%s, before it was signed: %+v", name, v)
		}
	}
}

func TestVerifySpeaksJSONWithItsExitCode(t *testing.T) {
	dir := t.TempDir()
	files := signedFiles(t)
	bad := slices.Clone(files["archive"])
	bad[len(bad)-3] ^= 1
	for _, c := range []struct {
		name  string
		bytes []byte
		code  int
	}{{"good", files["archive"], exitDone}, {"bad", bad, exitFailed}, {"empty", nil, exitFailed}, {"noise", []byte("hello"), exitFailed}} {
		file := filepath.Join(dir, c.name)
		write(t, file, c.bytes)
		var out, errs strings.Builder
		code := run(t.Context(), []string{"verify", file, "--json", "--home", dir}, tty{in: strings.NewReader(""), out: &out, err: &errs})
		var v struct {
			Kind, Brand, Reason *string
			Epoch, Seq          *uint64
			Records             *int
			Valid, Expired      *bool
		}
		if err := json.Unmarshal([]byte(out.String()), &v); err != nil {
			t.Fatal(err)
		}
		if code != c.code || v.Valid == nil || *v.Valid != (code == exitDone) || (*v.Reason == "") != *v.Valid {
			t.Errorf("%s: exit %d\n%s%s", c.name, code, out.String(), errs.String())
		}
		if v.Kind == nil || v.Brand == nil || v.Reason == nil || v.Epoch == nil || v.Seq == nil || v.Records == nil || v.Expired == nil {
			t.Errorf("%s: a field is missing\n%s", c.name, out.String())
		}
	}
}
