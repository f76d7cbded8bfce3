package web_test

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/specs/vectors"
)

// shipped is the most that checking may add to a page, compressed.
const shipped = 12 << 10

// bundled builds one script of which everything but the named imports is left out.
func bundled(t *testing.T, script string) []byte {
	t.Helper()
	dir, err := filepath.Abs("src/verify")
	if err != nil {
		t.Fatal(err)
	}
	result := api.Build(api.BuildOptions{
		Stdin:    &api.StdinOptions{Contents: script, ResolveDir: dir, Loader: api.LoaderTS},
		Bundle:   true,
		Format:   api.FormatESModule,
		Target:   api.ES2022,
		Platform: api.PlatformNeutral, MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true,
		Charset: api.CharsetUTF8, LegalComments: api.LegalCommentsNone,
		TsconfigRaw: `{"compilerOptions":{"strict":true,"target":"ES2022"}}`,
	})
	if len(result.Errors) > 0 {
		t.Fatal(strings.Join(api.FormatMessages(result.Errors, api.FormatMessagesOptions{}), ""))
	}
	return result.OutputFiles[0].Contents
}

// runner answers one question from its input.
const runner = `import { answer } from "./conformance/answer";
let text = "";
for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk;
process.stdout.write(JSON.stringify(await answer(JSON.parse(text))));`

// ask puts a question to the browser's code, run in Node. Without Node the test is
// skipped, or fails when STOA_BROWSER=required.
func ask[T any](t *testing.T, question any) T {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: the code that checks pages in browsers wasn't run")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("STOA_BROWSER") == "required" {
			t.Fatal("STOA_BROWSER=required, and node isn't installed")
		}
		t.Skip("node isn't installed: the code that checks pages in browsers wasn't run")
	}
	file := filepath.Join(t.TempDir(), "runner.mjs")
	if err := os.WriteFile(file, bundled(t, runner), 0o600); err != nil {
		t.Fatal(err)
	}
	input, err := json.Marshal(question)
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	command := exec.CommandContext(t.Context(), node, file)
	command.Stdin, command.Stderr = bytes.NewReader(input), &said
	output, err := command.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, said.String())
	}
	var answer T
	if err := json.Unmarshal(output, &answer); err != nil {
		t.Fatalf("%v: %.200s", err, output)
	}
	return answer
}

type object = map[string]any

// page reads the cases of one page's vectors.
func page(t *testing.T, name string) []object {
	t.Helper()
	raw, err := vectors.FS.ReadFile(name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []object }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	return file.Cases
}

// results lists, for each page and kind of case that concerns browsers, the results
// that must be those of the vector. The verdict and its class must be so always.
var results = map[string]map[string][]string{
	"encoding": {"cbor": {"value"}, "cid": {"text", "binary"}},
	"signed":   {"key": {"kid"}, "signed": {"payload", "id", "preimage", "holds"}},
	"values":   {"path": {"segments", "group"}},
	"identity": {"commitment": {"commitment"}, "op": nil, "log": {"state", "online", "heads"}},
	"trie": {"key": {"key", "below"}, "root": {"root"}, "way": nil, "record": nil, "group": nil,
		"absent": nil, "group-absent": nil},
	"head":  {"head": {"id", "json"}, "fresh": {"verdict"}, "contest": {"ends"}},
	"proof": {"": {"records", "scope", "path", "head", "expired"}},
}

func TestTheBrowserAgreesWithTheVectors(t *testing.T) {
	for name, kinds := range results {
		t.Run(name, func(t *testing.T) {
			cases := page(t, name)
			outcomes := ask[[]object](t, object{"ask": "vectors", "page": name, "cases": cases})
			compared := map[string]int{}
			for i, c := range cases {
				kind, _ := c["kind"].(string)
				if _, concerns := kinds[kind]; concerns {
					compared[kind]++
					compareCase(t, c, outcomes[i], kinds[kind])
				}
			}
			if len(compared) != len(kinds) {
				t.Errorf("compared only %v", compared)
			}
			t.Logf("compared %v", compared)
		})
	}
}

func compareCase(t *testing.T, c, outcome object, fields []string) {
	t.Helper()
	fields = append([]string{"valid"}, fields...)
	if c["valid"] == false {
		fields = []string{"valid", "error"}
	}
	for _, field := range fields {
		want, given := c[field]
		got, told := outcome[field]
		if field == "value" && !given {
			continue
		}
		if given != told || !reflect.DeepEqual(got, want) {
			t.Errorf("%v: %s is %v, want %v", c["name"], field, got, want)
		}
	}
}

func TestTheBrowserReadsTheOffersThatPagesShow(t *testing.T) {
	cases := page(t, "records")
	outcomes := ask[[]object](t, object{"ask": "vectors", "page": "records", "cases": cases})
	for i, c := range cases {
		isForm := c["error"] != "form"
		if outcomes[i]["valid"] != isForm {
			t.Errorf("%v: has the form of a record: %v", c["name"], outcomes[i]["valid"])
		}
		// Whether a currency exists is left to who compares prices.
		if !isForm || c["name"] == "a price in no currency" {
			continue
		}
		offers, _ := outcomes[i]["offers"].([]any)
		isOffer := c["valid"] == true && strings.HasPrefix(c["path"].(string), "offer/")
		if isOffer != (len(offers) == 1) {
			t.Errorf("%v: offers are %v", c["name"], offers)
		}
	}
	tea := outcomes[slices.IndexFunc(cases, func(c object) bool { return c["path"] == "offer/gyokuro/50-g" })]
	want := object{"product": "gyokuro", "variant": "50-g", "availability": "in-stock", "buyable": true,
		"price": object{"minor": 2490.0, "currency": "EUR"}}
	if got := tea["offers"].([]any)[0]; !reflect.DeepEqual(got, want) {
		t.Errorf("an offer reads as %v", got)
	}
}

// valid returns valid proof bundles by their names.
func valid(t *testing.T, names ...string) []object {
	t.Helper()
	found := slices.DeleteFunc(page(t, "proof"), func(c object) bool {
		return c["valid"] == false || !slices.Contains(names, c["name"].(string))
	})
	if len(found) != len(names) {
		t.Fatalf("found %d of %v", len(found), names)
	}
	return found
}

func TestEveryFlipAndCutOfABundleIsRefused(t *testing.T) {
	for _, c := range valid(t, "no such product", "a product with its offers") {
		accepted := ask[[]string](t, object{"ask": "changed", "bundle": c["bundle"], "now": c["now"]})
		for _, a := range accepted {
			t.Errorf("%v, %.120s", c["name"], a)
		}
	}
}

// judged is a bundle that browsers have judged: no reason says that it is sound.
type judged struct {
	Bundle, Brand, Reason, Detail string
	Contested                     bool
}

const bundleClock = 1_795_260_000_000

func TestBrowserAndNodeJudgeDamagedBundlesAlike(t *testing.T) {
	var bundles []string
	for _, c := range valid(t, "one offer", "no such product", "a product with its offers", "no such offer") {
		bundles = append(bundles, c["bundle"].(string))
	}
	question := object{"ask": "mutants", "bundles": bundles, "seed": 7, "count": 2000, "now": bundleClock}
	mutants := ask[[]judged](t, question)
	compareWithNode(t, mutants, 15)
	for _, m := range mutants {
		if m.Reason == "" && !slices.Contains(bundles, m.Bundle) {
			t.Errorf("a changed bundle is sound: %s", m.Bundle)
		}
	}
}

func TestBrowserAndNodeJudgeHistoriesOfBrandsAlike(t *testing.T) {
	question := object{"ask": "histories", "seed": 7, "count": 600, "now": bundleClock}
	compareWithNode(t, ask[[]judged](t, question), 9)
}

// compareWithNode holds the browser's verdicts to the node's, and makes sure that
// there are some sound bundles and as many reasons as given.
func compareWithNode(t *testing.T, all []judged, reasons int) {
	t.Helper()
	seen := map[string]int{}
	for _, b := range all {
		reason, contested, err := judgeByNode(t, b)
		if class(reason) != class(b.Reason) || contested != b.Contested {
			t.Errorf("browser %q (%s), node %q (%v), contested %v and %v: %s", b.Reason, b.Detail, reason, err, b.Contested, contested, b.Bundle)
		}
		seen[b.Reason]++
	}
	if len(seen) < reasons || seen[""] == 0 {
		t.Errorf("only %v", seen)
	}
	t.Logf("%d bundles: %v", len(all), seen)
}

func judgeByNode(t *testing.T, b judged) (reason string, contested bool, err error) {
	t.Helper()
	bundle, err := hex.DecodeString(b.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	brand, err := protocol.ParseCID(b.Brand)
	if err != nil {
		t.Fatal(err)
	}
	proven, err := catalog.VerifyBundle(bundle, brand, bundleClock)
	if err != nil {
		return string(catalog.ReasonOf(err)), false, err
	}
	return "", proven.State.Contested, nil
}

// class joins the reasons that bytes can have which are no canonical item: how far a
// reader gets before it notices is its own affair.
func class(reason string) string {
	if reason == "truncated" || reason == "trailing-bytes" {
		return "cbor"
	}
	return reason
}

func TestABrowserThatCannotCheckSaysSo(t *testing.T) {
	c := valid(t, "one offer")[0]
	got := ask[map[string]object](t, object{"ask": "without", "bundle": c["bundle"], "now": c["now"]})
	for browser, want := range map[string]object{
		"insecure": {"ok": "unavailable", "why": "insecure"},
		"old":      {"ok": "unavailable", "why": "old-browser"},
		"broken":   {"ok": "unavailable", "why": "failed"},
	} {
		if !reflect.DeepEqual(got[browser], want) {
			t.Errorf("%s: %v, want %v", browser, got[browser], want)
		}
	}
	if got["damaged"]["ok"] != false {
		t.Errorf("a damaged bundle needs no signature to be refused: %v", got["damaged"])
	}
}

// seen is a head as a page shows it.
func seen(epoch, seq int, cid string, heals ...string) object {
	head := object{"cid": cid, "epoch": epoch, "seq": seq, "time": seq, "expires": seq + 1, "heals": append([]string{}, heals...)}
	return object{"brand": "tea", "head": head, "superseded": false}
}

func history(shown object) object {
	shown["superseded"] = true
	return shown
}

type recalled struct {
	Verdict, Kept string
	Durable       bool
}

func TestTheBrowserRemembersTheHighestHead(t *testing.T) {
	for _, c := range []struct {
		name  string
		shown []object
		want  string // verdict:kept of each
	}{
		{"news is kept", []object{seen(0, 1, "a"), seen(0, 1, "a"), seen(0, 2, "b")}, "first:a same:a newer:b"},
		{"an older catalog", []object{seen(0, 2, "b"), seen(0, 1, "a"), seen(0, 2, "b")}, "first:b older:b same:b"},
		{"a new epoch starts over", []object{seen(0, 9, "a"), seen(1, 1, "b"), seen(0, 10, "c")}, "first:a newer:b older:b"},
		{"two heads at one place", []object{seen(0, 1, "a"), seen(0, 1, "b"), seen(0, 1, "a"), seen(0, 2, "c")},
			"first:a differs:a contested:a contested:a"},
		{"a head that heals", []object{seen(0, 1, "a"), seen(0, 1, "b"), seen(0, 2, "c", "a", "b"), seen(0, 3, "d")},
			"first:a differs:a newer:c newer:d"},
		{"a head that heals one contest of two", []object{seen(0, 1, "a"), seen(0, 1, "b"), seen(0, 1, "c"), seen(0, 2, "d", "a", "b"), seen(0, 3, "e", "a", "b", "c")},
			"first:a differs:a differs:a contested:a newer:e"},
		{"a new epoch ends a contest", []object{seen(0, 1, "a"), seen(0, 1, "b"), seen(1, 1, "c")}, "first:a differs:a newer:c"},
		{"history is no news", []object{history(seen(0, 1, "a")), seen(1, 1, "b"), history(seen(0, 2, "c"))}, "superseded: first:b older:b"},
	} {
		t.Run(c.name, func(t *testing.T) { expect(t, object{"shown": c.shown}, c.want, true) })
	}
}

func TestABrowserWithoutMemoryStillJudges(t *testing.T) {
	known := object{"tea": `{"epoch":0,"seq":5,"cid":"x","time":5,"rivals":[]}`}
	old := []object{seen(0, 1, "a")}
	expect(t, object{"shown": old, "state": known}, "older:x", true)
	expect(t, object{"shown": []object{seen(0, 6, "y")}, "state": known, "fails": "set"}, "newer:y", false)
	expect(t, object{"shown": old, "state": known, "fails": "get"}, "first:a", false)
	for _, damage := range []string{"", "nonsense", "7", "null", `{"epoch":0,"seq":"5","cid":"x","time":5,"rivals":[]}`, `{"epoch":0}`} {
		expect(t, object{"shown": old, "state": object{"tea": damage}}, "first:a", true)
	}
}

func expect(t *testing.T, question object, want string, durable bool) {
	t.Helper()
	question["ask"] = "recall"
	var got []string
	for _, r := range ask[[]recalled](t, question) {
		got = append(got, fmt.Sprintf("%s:%s", r.Verdict, r.Kept))
		if r.Durable != durable {
			t.Errorf("durable is %v", r.Durable)
		}
	}
	if strings.Join(got, " ") != want {
		t.Errorf("%s, want %s", strings.Join(got, " "), want)
	}
}

func TestCheckingAddsLittleToAPage(t *testing.T) {
	script := bundled(t, `export { verifyBundle, offers, remember, localMemory } from "./index";`)
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(script); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, %d compressed", len(script), packed.Len())
	if packed.Len() > shipped {
		t.Errorf("%d bytes compressed, may be %d", packed.Len(), shipped)
	}
}
