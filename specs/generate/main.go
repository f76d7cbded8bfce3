// Command generate writes specs/vectors anew from the Go implementation. It is
// run from the root of the project; CI checks that nothing changes:
//
//	go run ./specs/generate
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// sets lists every file of vectors with the function that makes its contents.
// The functions are deterministic: keys and times are fixed.
var sets = []struct {
	file string
	make func() (any, error)
}{
	{"encoding.json", encodingVectors},
	{"signed.json", signedVectors},
	{"values.json", valuesVectors},
	{"identity.json", identityVectors},
	{"trie.json", trieVectors},
	{"records.json", recordVectors},
	{"head.json", headVectors},
	{"proof.json", proofVectors},
	{"archive.json", archiveVectors},
	{"announcement.json", announcementVectors},
	{"catchup.json", catchupVectors},
	{"push.json", pushVectors},
	{"mirror.json", mirrorVectors},
	{"thread.json", threadVectors},
	{"bodies.json", bodyVectors},
	{"threadhttp.json", threadHTTPVectors},
	{"receipt.json", receiptVectors},
	{"mail.json", mailVectors},
	{"price.json", priceVectors},
	{"orders.json", orderVectors},
}

func main() {
	for _, set := range sets {
		if err := write(set.file, set.make); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func write(file string, build func() (any, error)) error {
	v, err := build()
	if err != nil {
		return fmt.Errorf("make %s: %w", file, err)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("encode %s: %w", file, err)
	}
	return os.WriteFile(filepath.Join("specs", "vectors", file), out.Bytes(), 0o644)
}
