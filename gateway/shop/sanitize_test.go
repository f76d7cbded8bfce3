package shop

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
)

func TestRichTextHoldsNothingThatRuns(t *testing.T) {
	for _, evil := range []string{
		`<script>alert(1)</script>`, `<scr<script>ipt>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<svg onload=alert(1)>`,
		`<svg><script href="data:,alert(1)"/></svg>`, `<a href="javascript:alert(1)">x</a>`, `<a href="&#106;avascript:alert(1)">x</a>`,
		`<a href="java` + "\t" + `script:alert(1)">x</a>`, `<a href="data:text/html,<script>1</script>">x</a>`, `<a href="vbscript:x">x</a>`,
		`<iframe src="https://evil.example"></iframe>`, `<object data="x"></object>`, `<embed src="x">`, `<base href="//evil.example">`,
		`<p style="background:url(//evil.example)">x</p>`, `<style>*{background:url(//evil.example)}</style>`, `<link rel=stylesheet href=//evil.example>`,
		`<form action="//evil.example"><input name=a><button>go</button></form>`, `<img src="//evil.example/x.jpg">`, `<img src="https://evil.example/x.jpg">`,
		`<img src="/m/../../x.svg">`, `<video src=x onerror=alert(1)>`, `<math><mi xlink:href="javascript:alert(1)">x</mi></math>`,
		`<meta http-equiv="refresh" content="0;url=//evil.example">`, `<p id="buy-bar" class="button">x</p>`, `<details ontoggle=alert(1) open>`,
		`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<!--><img src=x onerror=alert(1)>-->`, `<template><img src=x onerror=1></template>`,
		`<h1>own headline</h1>`, "<img src=\"x` `<script>alert(1)</script>\"` `>", `<a target="_blank" href="https://a.example">x</a>`,
	} {
		if bad := forbidden(string(rich(evil))); bad != "" {
			t.Errorf("%s\n became %s\n which holds %s", evil, rich(evil), bad)
		}
	}
}

// forbidden reads HTML as a browser does and names the first thing that the
// policy promises to keep out.
func forbidden(text string) string {
	elements := strings.Fields("script style iframe object embed base link form input button svg math video audio meta template noscript h1 details")
	z := html.NewTokenizer(strings.NewReader(text))
	for z.Next() != html.ErrorToken {
		token := z.Token()
		for _, name := range elements {
			if token.Type != html.TextToken && token.Data == name {
				return "<" + name + ">"
			}
		}
		for _, a := range token.Attr {
			if bad := forbiddenAttribute(token.Data, a); bad != "" {
				return bad
			}
		}
	}
	return ""
}

func forbiddenAttribute(element string, a html.Attribute) string {
	value := strings.ToLower(a.Val)
	switch {
	case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "class", a.Key == "id", a.Key == "target":
		return a.Key
	case a.Key == "src" && !strings.HasPrefix(a.Val, "/m/b"):
		return "src " + a.Val
	case a.Key == "href" && (strings.Contains(value, "script:") || strings.HasPrefix(value, "data:")):
		return "href of " + element + " " + a.Val
	}
	return ""
}

func FuzzRichTextHoldsNothingThatRuns(f *testing.F) {
	for _, seed := range []string{`<p>ok</p>`, `<a href="/p/x">x</a>`, `<img src=x onerror=1>`, `<svg><a xlink:href="javascript:1">`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if bad := forbidden(string(rich(text))); bad != "" {
			t.Errorf("%q became %q which holds %s", text, rich(text), bad)
		}
		if utf8.ValidString(text) && utf8.RuneCountInString(plain(text, 50)) > 50 {
			t.Errorf("plain(%q) is too long", text)
		}
	})
}

func TestRichTextKeepsWhatPeopleWrite(t *testing.T) {
	for give, want := range map[string]string{
		"One.\n\nTwo\nlines & more":                                "<p>One.</p><p>Two<br>lines &amp; more</p>",
		`<h2>A</h2><ul><li><strong>b</strong></li></ul>`:           `<h2>A</h2><ul><li><strong>b</strong></li></ul>`,
		`<a href="/p/x">x</a>`:                                     `<a href="/p/x">x</a>`,
		`<a href="https://a.example/">x</a>`:                       `<a href="https://a.example/" rel="nofollow noreferrer">x</a>`,
		`<table><tr><th scope="row">a</th><td>b</td></tr></table>`: `<table><tr><th scope="row">a</th><td>b</td></tr></table>`,
		`<span lang="zh">玉露</span>`:                                `<span lang="zh">玉露</span>`,
	} {
		if got := string(rich(give)); got != want {
			t.Errorf("%s\n got %s\nwant %s", give, got, want)
		}
	}
}

func TestPlainTextHasTheWordsOnly(t *testing.T) {
	for give, want := range map[string]string{
		"<p>A <b>fine</b> tea</p><p>Second&nbsp;part</p>": "A fine tea Second part",
		"<style>x{}</style><p>words</p>":                  "words",
		"plain words stay":                                "plain words stay",
		"a &lt;b&gt; c":                                   "a <b> c",
	} {
		if got := plain(give, 100); got != want {
			t.Errorf("%q: got %q, want %q", give, got, want)
		}
	}
	if got := plain(strings.Repeat("word ", 100), 30); got != "word word word word word word…" {
		t.Errorf("got %q", got)
	}
}

func TestLinksOfABrandStayInBounds(t *testing.T) {
	for href, want := range map[string]bool{
		"/c/tea": true, "https://a.example": true, "//evil.example": false, "/\\evil.example": false, "javascript:alert(1)": false,
		"http://a.example": false, "": false, "/c/\ttea": false, "c/tea": false, "tel:+49": true, "mailto:a@b.example": true, "data:text/html,x": false,
	} {
		if got := safeHref(href) != ""; got != want {
			t.Errorf("%q: %v", href, got)
		}
	}
}
