package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/evanw/esbuild/pkg/api"
)

// entry is one line of the manifest: where a source ended up.
type entry struct {
	File      string `json:"file"`
	Integrity string `json:"integrity"` // subresource integrity, sha384
}

// bundle builds everything below root/src and returns the files of root/dist. The
// script of last resort comes first: the others name it with its hash.
func bundle(root string) (map[string][]byte, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	b := bundler{files: map[string][]byte{}, manifest: map[string]entry{}}
	o := options(root)
	o.EntryPoints = []string{filepath.Join(root, "src", "thread", "crypto", "plain.ts")}
	if err := b.build(o); err != nil {
		return nil, err
	}
	plain := b.manifest["plain.js"]
	o = options(root)
	o.EntryPoints, o.External = points(root), []string{"/assets/*"}
	o.Define = map[string]string{
		"PLAIN_APART": "true", "PLAIN_URL": strconv.Quote("/assets/" + plain.File), "PLAIN_INTEGRITY": strconv.Quote(plain.Integrity),
	}
	if err := b.build(o); err != nil {
		return nil, err
	}
	b.files["manifest.json"], err = json.MarshalIndent(b.manifest, "", " ")
	return b.files, err
}

// bundler collects what several builds give.
type bundler struct {
	files    map[string][]byte
	manifest map[string]entry
}

func (b *bundler) build(o api.BuildOptions) error {
	result := api.Build(o)
	if len(result.Errors) > 0 {
		lines := api.FormatMessages(result.Errors, api.FormatMessagesOptions{})
		return errors.New(strings.Join(lines, ""))
	}
	sources, err := sourcesOf(result.Metafile)
	if err != nil {
		return err
	}
	for _, out := range result.OutputFiles {
		name := filepath.Base(out.Path)
		sum := sha512.Sum384(out.Contents)
		b.manifest[sources[name]] = entry{name, "sha384-" + base64.StdEncoding.EncodeToString(sum[:])}
		if err := add(b.files, name, out.Contents); err != nil {
			return err
		}
	}
	return nil
}

// points are the sources that pages ask for by name.
func points(root string) []string {
	fonts, _ := filepath.Glob(filepath.Join(root, "src", "fonts", "*.woff2"))
	licences, _ := filepath.Glob(filepath.Join(root, "src", "fonts", "*.txt"))
	var all []string
	for _, name := range []string{"app.ts", "check.ts", "talk.ts", "push-worker.ts", "talk.css", "app.css"} {
		all = append(all, filepath.Join(root, "src", name))
	}
	return append(append(all, fonts...), licences...)
}

func options(root string) api.BuildOptions {
	return api.BuildOptions{
		AbsWorkingDir:     root, // names in hashes are relative to it
		Outdir:            filepath.Join(root, "dist"),
		EntryNames:        "[name]-[hash]",
		Bundle:            true,
		Metafile:          true,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		Charset:           api.CharsetUTF8,
		Format:            api.FormatESModule,
		LegalComments:     api.LegalCommentsNone,
		TsconfigRaw:       `{"compilerOptions":{"strict":true,"target":"ES2022"}}`,
		Engines: []api.Engine{
			{Name: api.EngineChrome, Version: "110"}, {Name: api.EngineFirefox, Version: "115"}, {Name: api.EngineSafari, Version: "16.4"},
		},
		Loader: map[string]api.Loader{".woff2": api.LoaderCopy, ".txt": api.LoaderCopy},
	}
}

// sourcesOf maps each built file to the name of the source it came from.
func sourcesOf(metafile string) (map[string]string, error) {
	var meta struct {
		Outputs map[string]struct {
			EntryPoint string
			Inputs     map[string]struct{}
		}
	}
	if err := json.Unmarshal([]byte(metafile), &meta); err != nil {
		return nil, fmt.Errorf("read metafile: %w", err)
	}
	sources := map[string]string{}
	for path, out := range meta.Outputs {
		source := out.EntryPoint
		for input := range out.Inputs {
			if source == "" && len(out.Inputs) == 1 {
				source = input
			}
		}
		sources[filepath.Base(path)] = strings.Replace(filepath.Base(source), ".ts", ".js", 1)
	}
	return sources, nil
}

// add files a built file and, unless it is compressed already, its two
// compressed copies.
func add(files map[string][]byte, name string, body []byte) error {
	files[name] = body
	if strings.HasSuffix(name, ".woff2") {
		return nil
	}
	var gz, br bytes.Buffer
	zw, err := gzip.NewWriterLevel(&gz, gzip.BestCompression)
	if err != nil {
		return err
	}
	bw := brotli.NewWriterLevel(&br, brotli.BestCompression)
	_, err = zw.Write(body)
	_, berr := bw.Write(body)
	if err := errors.Join(err, berr, zw.Close(), bw.Close()); err != nil {
		return fmt.Errorf("compress %s: %w", name, err)
	}
	files[name+".gz"], files[name+".br"] = gz.Bytes(), br.Bytes()
	return nil
}
