package web_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/stoa-commerce/stoa/gateway/web"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// bundledThread builds a script of the conversation's engine, with the cryptography of
// last resort in it.
func bundledThread(t *testing.T, script string) []byte {
	t.Helper()
	dir, err := filepath.Abs("src/thread")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("node_modules/@noble"); err != nil {
		t.Skip("the noble libraries aren't installed: run npm ci in gateway/web")
	}
	result := api.Build(api.BuildOptions{
		Stdin:    &api.StdinOptions{Contents: script, ResolveDir: dir, Loader: api.LoaderTS},
		Bundle:   true,
		Format:   api.FormatESModule,
		Target:   api.ES2022,
		Platform: api.PlatformNeutral, Charset: api.CharsetUTF8, LegalComments: api.LegalCommentsNone,
		Define:      map[string]string{"PLAIN_APART": "false", "PLAIN_URL": `"/assets/plain.js"`, "PLAIN_INTEGRITY": `""`},
		External:    []string{"/assets/*"},
		TsconfigRaw: `{"compilerOptions":{"strict":true,"target":"ES2022"}}`,
	})
	if len(result.Errors) > 0 {
		t.Fatal(strings.Join(api.FormatMessages(result.Errors, api.FormatMessagesOptions{}), ""))
	}
	return result.OutputFiles[0].Contents
}

// askThread puts a question to the engine, run in Node. before runs first.
func askThread[T any](t *testing.T, before string, question any) T {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: the engine of conversations wasn't run")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("STOA_BROWSER") == "required" {
			t.Fatal("STOA_BROWSER=required, and node isn't installed")
		}
		t.Skip("node isn't installed: the engine of conversations wasn't run")
	}
	file := filepath.Join(t.TempDir(), "runner.mjs")
	if err := os.WriteFile(file, bundledThread(t, before+runner), 0o600); err != nil {
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

// insecure takes away what browsers don't have on plain http, as the engine sees it.
const insecure = `Object.defineProperty(globalThis.crypto, "subtle", { value: undefined });
`

// threadResults lists what must be as in the vector, of each kind of case.
var threadResults = map[string][]string{
	"code": {"text", "code", "seed"}, "identity": {"identity", "identitySeed"}, "link": {"linkKind", "seed", "thread", "text"},
	"schedule": {"root", "secret", "write"}, "commitment": {"commitment"}, "object": {"id"}, "certificates": {"device", "link"},
	"parcel": nil, "envelope": {"bytes", "parcel", "id", "thread", "dir", "epoch", "salt", "join"}, "story": {"seq"},
}

func TestTheEngineAgreesWithTheVectorsOfThreads(t *testing.T) {
	for name, before := range map[string]string{"on https": "", "on plain http": insecure} {
		t.Run(name, func(t *testing.T) {
			cases := page(t, "thread")
			outcomes := askThread[[]object](t, before, object{"ask": "vectors", "cases": cases})
			compared := map[string]int{}
			for i, c := range cases {
				compared[c["kind"].(string)]++
				compareThread(t, c, outcomes[i])
			}
			if len(compared) != len(threadResults) {
				t.Errorf("compared only %v", compared)
			}
			t.Logf("compared %v", compared)
		})
	}
}

func compareThread(t *testing.T, c, outcome object) {
	t.Helper()
	if c["kind"] == "parcel" && outcome["kind"] == "other" {
		return // browsers write these and never get them
	}
	if outcome["valid"] != c["valid"] {
		t.Errorf("%v: valid is %v (%v), want %v (%v)", c["name"], outcome["valid"], outcome["error"], c["valid"], c["error"])
		return
	}
	if c["valid"] == false {
		return
	}
	for _, field := range threadResults[c["kind"].(string)] {
		if want, given := c[field]; given && !reflect.DeepEqual(outcome[field], want) {
			t.Errorf("%v: %s is %v, want %v", c["name"], field, outcome[field], want)
		}
	}
	if steps, ok := c["steps"].([]any); ok {
		compareSteps(t, c["name"], steps, outcome["steps"].([]any))
	}
}

func compareSteps(t *testing.T, name any, want, got []any) {
	t.Helper()
	for i := range want {
		w, g := want[i].(object), got[i].(object)
		if g["verdict"] == "order" {
			g["verdict"] = "form" // of a key
		}
		if w["verdict"] != g["verdict"] || w["effect"] != g["effect"] {
			t.Errorf("%v: step %d is %v with effect %v, want %v, %v", name, i, g["verdict"], g["effect"], w["verdict"], w["effect"])
		}
	}
}

func TestWhatIsWrittenIsWhatWasRead(t *testing.T) {
	cases := page(t, "encoding")
	for i, got := range askThread[[]*string](t, "", object{"ask": "cbor", "cases": pick(cases, "cbor")}) {
		c := pick(cases, "cbor")[i]
		if c["valid"] == true && c["repeat"] == nil && *got != c["bytes"] {
			t.Errorf("%v is written as %s", c["name"], *got)
		}
	}
}

func pick(cases []object, kind string) []object {
	var picked []object
	for _, c := range cases {
		if c["kind"] == kind && c["repeat"] == nil {
			picked = append(picked, c)
		}
	}
	return picked
}

// written is what the browser's side wrote, in hex but for the names.
type written struct {
	Thread, Entry                                                                               protocol.CID
	Genesis, Secret, Write, Envelope, Sync, Handback, Join, JoinSecret, Next, RekeyEnc, Request string
	LinkCert, DeviceCert                                                                        string
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestGoOpensWhatTheBrowserSealed(t *testing.T) {
	for name, before := range map[string]string{"on https": "", "on plain http": insecure} {
		t.Run(name, func(t *testing.T) { goOpens(t, before) })
	}
}

func goOpens(t *testing.T, before string) {
	const now = 1_795_260_060_000
	brand := protocol.Sum(protocol.DagCBOR, []byte("a brand"))
	prekey, err := thread.PrekeyOf([32]byte{1})
	must(t, err)
	id := protocol.Sum(protocol.DagCBOR, []byte("its prekey's record"))
	code := thread.Code{1, 2, 3}
	w := askThread[written](t, before, object{
		"ask": "across", "brand": brand.String(), "prekey": id.String(), "key": hex.EncodeToString(prekey.Public()),
		"code": hex.EncodeToString(code[:]), "time": now,
	})
	g, err := thread.OpenGenesis(unhex(t, w.Genesis))
	must(t, err)
	identity := protocol.PublicKeyOf(thread.SigningKey(thread.IdentitySeed(code.Seed(), brand)))
	if g.Thread != w.Thread || g.Brand != brand || g.Prekey != id || g.Identity != identity {
		t.Errorf("the genesis is %+v", g)
	}
	roots, err := prekey.Decapsulate(brand, id, g.Enc)
	must(t, err)
	secret := thread.FirstEpoch(roots.Root, g.Thread)
	if hex.EncodeToString(secret[:]) != w.Secret || hex.EncodeToString(roots.Write[:]) != w.Write {
		t.Fatal("both sides have other secrets")
	}
	goReads(t, g, secret, w)
	goOpensTheRest(t, g, prekey, secret, w)
}

// goReads reads the entry and the parcels that carry none.
func goReads(t *testing.T, g thread.OpenedGenesis, secret [32]byte, w written) {
	t.Helper()
	p := parcel[*thread.EntryParcel](t, secret, w.Envelope)
	e, err := thread.DecodeEntry(p.Entry)
	must(t, err)
	must(t, e.Verify(g.Device))
	must(t, e.Matches([32]byte(p.Salt), p.Body))
	body, err := thread.DecodeBody(e.Kind, p.Body)
	must(t, err)
	if said := body.(*thread.Text).Text; said != "Grüße, 你好 👋" || e.ID != w.Entry {
		t.Errorf("entry %s says %q", e.ID, said)
	}
	must(t, thread.NewChain(g).Judge(e, body))
	if s := parcel[*thread.SyncParcel](t, secret, w.Sync); s.After != 7 {
		t.Errorf("sync behind %d", s.After)
	}
	if h := parcel[*thread.HandbackParcel](t, secret, w.Handback); len(h.Items) != 2 || !bytes.Equal(h.Items[1].Body, p.Body) {
		t.Errorf("hands back %+v", h)
	}
}

func goOpensTheRest(t *testing.T, g thread.OpenedGenesis, prekey thread.PrekeySecret, secret [32]byte, w written) {
	t.Helper()
	j, err := thread.OpenJoin(unhex(t, w.Join))
	must(t, err)
	roots, err := prekey.Decapsulate(g.Brand, j.Prekey, j.Enc)
	must(t, err)
	next, joined := thread.NextEpoch(secret, roots.Root, g.Thread), thread.JoinSecret(roots.Root, g.Thread)
	if hex.EncodeToString(next[:]) != w.Next || hex.EncodeToString(joined[:]) != w.JoinSecret || j.Device != g.Device {
		t.Error("a rekey or a join gives another secret")
	}
	s, err := protocol.DecodeSigned(unhex(t, w.Request))
	must(t, err)
	if r, err := thread.OpenRequest(s); err != nil || r.Device != g.Device || !r.Timely(g.Time) {
		t.Errorf("request %+v: %v", r, err)
	}
	chain, err := thread.OpenCertificates(g.Thread, g.Identity, [][]byte{unhex(t, w.LinkCert), unhex(t, w.DeviceCert)})
	if err != nil || !chain.Link.Defined() {
		t.Errorf("certificates %+v: %v", chain, err)
	}
}

func parcel[P thread.Parcel](t *testing.T, secret [32]byte, envelope string) P {
	t.Helper()
	e, err := thread.DecodeEnvelope(unhex(t, envelope))
	must(t, err)
	p, err := e.Open(secret)
	must(t, err)
	return p.(P)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheBrowserOpensWhatGoSealed(t *testing.T) {
	thr, commit := protocol.Sum(protocol.DagCBOR, []byte("thread")), protocol.Sum(protocol.DagCBOR, []byte("commit"))
	for _, c := range []struct {
		parcel thread.Parcel
		want   object
	}{
		{&thread.EntryParcel{Entry: []byte{1}, Commit: []byte{2}, Salt: bytes.Repeat([]byte{3}, 32), Body: bytes.Repeat([]byte{4}, thread.MaxBody)},
			object{"kind": "entry", "entry": "01", "commit": "02", "salt": strings.Repeat("03", 32), "body": strings.Repeat("04", thread.MaxBody)}},
		{&thread.WelcomeParcel{Epoch: 3, Secret: [32]byte{5}, Write: [32]byte{6}, Seq: 9, Commit: commit},
			object{"kind": "welcome", "epoch": 3.0, "secret": "05" + strings.Repeat("00", 31), "write": "06" + strings.Repeat("00", 31), "seq": 9.0, "commit": commit.String()}},
		{&thread.ResyncParcel{}, object{"kind": "resync", "have": 0.0, "commit": nil}},
	} {
		secret := [32]byte{7}
		sealed, err := thread.Envelope{Thread: thr, Dir: thread.Down, Epoch: 2, Salt: [32]byte{8}}.Seal(secret, c.parcel)
		must(t, err)
		got := askThread[object](t, "", object{"ask": "across", "envelope": hex.EncodeToString(sealed), "secret": hex.EncodeToString(secret[:])})
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("opened %.300v", got)
		}
	}
	if catalog.PrekeySize != thread.PrekeySize {
		t.Error("two sizes of a prekey")
	}
}

func TestTheEngineReadsBodiesAsTheVectorsSay(t *testing.T) {
	cases := page(t, "bodies")
	outcomes := askThread[[]object](t, "", object{"ask": "bodies", "cases": cases})
	compared := 0
	for i, c := range cases {
		fields := []string{"valid"}
		if c["kind"] == "kind" {
			fields = []string{"shopper", "brand"}
		}
		for _, field := range fields {
			compared++
			if c["name"] == "no quote.ask (15)" {
				continue // whether a country exists is for who ships there
			}
			if want, given := c[field]; given && outcomes[i][field] != want {
				t.Errorf("%v: %s is %v, want %v (%v)", c["name"], field, outcomes[i][field], want, c["error"])
			}
		}
	}
	t.Logf("compared %d", compared)
}

func TestTheEngineFoldsOrdersAsTheVectorsSay(t *testing.T) {
	cases := page(t, "orders")
	outcomes := askThread[[]object](t, "", object{"ask": "orders", "cases": cases})
	for i, c := range cases {
		sameFields(t, c["name"], -1, c["begins"], outcomes[i]["begins"])
		for j, step := range c["steps"].([]any) {
			want, got := step.(object), outcomes[i]["steps"].([]any)[j].(object)
			if want["error"] != got["error"] {
				t.Errorf("%v: step %d is refused as %v, want %v", c["name"], j, got["error"], want["error"])
			}
			sameFields(t, c["name"], j, want["then"], got["then"])
		}
	}
	if len(cases) < 10 {
		t.Errorf("%d orders", len(cases))
	}
}

// sameFields compares what is told of an order, but for how its returns are told.
func sameFields(t *testing.T, name any, step int, want, got any) {
	t.Helper()
	w, _ := want.(object)
	g, _ := got.(object)
	for field := range w {
		if field != "returns" && !reflect.DeepEqual(w[field], g[field]) {
			t.Errorf("%v: after step %d %s is %v, want %v", name, step, field, g[field], w[field])
		}
	}
}

// converged is what two browsers and the brand hold after a run of the model.
type converged struct {
	Texts         [][]string // of both browsers; then how far the brand's chain and theirs go
	Trouble       []string
	Steps, Faults int
}

func TestTwoBrowsersConvergeOverABrokenLine(t *testing.T) {
	const count = 25
	for name, restores := range map[string]bool{"a brand that forgets nothing": false, "a brand that goes back to backups": true} {
		t.Run(name, func(t *testing.T) {
			runs := askThread[[]converged](t, "", object{"ask": "model", "seeds": []int{1, 2, 3, 4}, "count": count, "restores": restores})
			for i, r := range runs {
				if !reflect.DeepEqual(r.Texts[0], r.Texts[1]) || r.Texts[2][0] != r.Texts[2][1] || r.Texts[2][1] != r.Texts[2][2] {
					t.Errorf("run %d: %v", i, r.Texts)
				}
				if len(r.Texts[0]) != count || len(r.Trouble) > 0 || r.Faults < 10 {
					t.Errorf("run %d: %d texts, trouble %v, %d faults", i, len(r.Texts[0]), r.Trouble, r.Faults)
				}
				t.Logf("run %d: %d steps, %d faults, chains %v", i, r.Steps, r.Faults, r.Texts[2])
			}
		})
	}
}

// shippedTalk is the most that the script of an opened conversation may weigh as browsers
// get it, pages and engine and cryptography together.
const shippedTalk = 60 << 10

func TestAnOpenedConversationLoadsLittleScript(t *testing.T) {
	assets, err := web.Load()
	must(t, err)
	talk, plain := assets.Named("talk.js"), assets.Named("plain.js")
	t.Logf("%d bytes, %d as brotli, %d as gzip; where a browser lacks cryptography %d more", len(talk.Body), len(talk.Brotli), len(talk.Gzip), len(plain.Brotli))
	if len(talk.Brotli) > shippedTalk {
		t.Errorf("%d bytes compressed, may be %d", len(talk.Brotli), shippedTalk)
	}
}
