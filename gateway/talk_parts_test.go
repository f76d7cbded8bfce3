package gateway_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
)

// parts opens a page with the tested parts of the scripts in it.
func parts(t *testing.T) func(script string) string {
	t.Helper()
	ctx := browser(t)
	entry, err := filepath.Abs("web/src/talk/dev/parts.ts")
	must(t, err)
	built := api.Build(api.BuildOptions{EntryPoints: []string{entry}, Bundle: true, Format: api.FormatIIFE, Outdir: t.TempDir()})
	if len(built.Errors) > 0 {
		t.Fatal(built.Errors)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "<!doctype html><script>"+string(built.OutputFiles[0].Contents)+"</script>")
	}))
	t.Cleanup(s.Close)
	open(t, ctx, s.URL)
	return func(script string) string { t.Helper(); return eval[string](t, ctx, "String("+script+")") }
}

func TestPostcodesAreThoseOfTheCountry(t *testing.T) {
	run := parts(t)
	if odd := run("odd"); odd != "" {
		t.Errorf("these countries' own examples don't fit: %s", odd)
	}
	for postcode, want := range map[string]bool{
		"DE 28195": true, "DE 2819": false, "DE ": false, "DE D-28195": false, "GB sw1a 1aa": true, "GB SW1A1AA": true, "GB M1 1AE": true, "GB 12345": false,
		"NL 1012ab": true, "NL 1012": false, "CA k1a 0b1": true, "US 10001": true, "US 10001-1234": true, "US 1000": false, "PL 00-001": true, "PL 00–001": true,
		"IE D02 X285": true, "IE D6W XY00": true, "IE 1234567": false, "JP 1000001": true, "HK ": true, "AE ": true, "KE ": true, "KE 00100": true, "SE 11120": true, "PT 1000-001": true,
	} {
		country, code, _ := strings.Cut(postcode, " ")
		if got := run(fmt.Sprintf("isPostcode(%q, %q)", country, code)); got != fmt.Sprint(want) {
			t.Errorf("%s: %s", postcode, got)
		}
	}
}

// TestCodesAreTheOnesThatReadersRead holds the codes to what they were when every length
// from 1 to 412 bytes was read back by a reader of somebody else's (jsQR 1.4.0).
func TestCodesAreTheOnesThatReadersRead(t *testing.T) {
	run := parts(t)
	for text, want := range map[string]string{
		"stoa": "6735c408974dfbd9", "https://shop.example/t/#k=" + strings.Repeat("AWkA", 22): "147aab13607cda0b", strings.Repeat("x", 400): "3ed4282a72f331b1",
	} {
		rows := run(fmt.Sprintf("code(%q)", text))
		sum := sha256.Sum256([]byte(rows))
		if got := hex.EncodeToString(sum[:8]); got != want {
			t.Errorf("%.12q in %d squares a side: %s, want %s", text, strings.Count(rows, "\n")+1, got, want)
		}
	}
	if got := run(`(() => { try { code("x".repeat(413)); return "" } catch (e) { return e.name } })()`); got != "RangeError" {
		t.Errorf("what doesn't fit gives %q", got)
	}
}
