package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
)

// weight adds up what a browser loads before it can show and run a product page:
// the document, its stylesheets and its scripts with all that they import.
// Pictures and fonts are left out, and told apart.
func weight(ctx context.Context, l *lab) ([]row, error) {
	var rows []row
	err := l.withShop(ctx, func(s *served) error {
		for _, p := range []struct {
			about   string
			product int
		}{{"ordinary", 1}, {"with 24 variants, 6 pictures and a long text", 0}} {
			for _, c := range []coding{{"gzip", "gzip"}, {"brotli", "br"}} {
				parts, err := loaded(ctx, s.places.Shop, pathOf(p.product), c.accept)
				if err != nil {
					return err
				}
				l.say("weight: %s, %s: %s", p.about, c.name, parts)
				name := fmt.Sprintf("product page, %s: HTML, CSS and JS as %s", p.about, c.name)
				rows = append(rows, absolute(name, parts.page(), "KB", lower, 60))
			}
		}
		talk, err := weighTalk(ctx, l, s)
		rows = append(rows, talk...)
		return err
	})
	return rows, err
}

// weighTalk adds up the scripts of an opened conversation, its cryptography among them.
func weighTalk(ctx context.Context, l *lab, s *served) (rows []row, err error) {
	for _, c := range []coding{{"gzip", "gzip"}, {"brotli", "br"}} {
		parts, err := loaded(ctx, s.places.Shop, "/t/", c.accept)
		if err != nil {
			return nil, err
		}
		l.say("weight: conversation, %s: %s", c.name, parts)
		rows = append(rows, absolute("an opened conversation: JS as "+c.name, float64(parts.js)/kilo, "KB", lower, 60))
	}
	return rows, nil
}

// parts are the compressed bytes of a page.
type parts struct{ html, css, js, fonts int }

func (p parts) page() float64 { return float64(p.html+p.css+p.js) / kilo }

func (p parts) String() string {
	return fmt.Sprintf("HTML %d, CSS %d, JS %d bytes; fonts that are preloaded %d", p.html, p.css, p.js, p.fonts)
}

var (
	linkTag   = regexp.MustCompile(`<link\s[^>]*>`)
	scriptTag = regexp.MustCompile(`<script\s[^>]*\bsrc="([^"]+)"`)
	href      = regexp.MustCompile(`\bhref="([^"]+)"`)
	imports   = regexp.MustCompile(`(?:\bfrom|\bimport|@import(?:\s+url\()?)\s*["']((?:\.{0,2}/)[^"']+)["']`)
)

// loaded fetches a page and what it asks for.
func loaded(ctx context.Context, origin, path, accept string) (p parts, err error) {
	plain, err := fetchGood(ctx, origin+path, "")
	if err != nil {
		return p, err
	}
	encoded, err := fetchGood(ctx, origin+path, accept)
	if err != nil {
		return p, err
	}
	p.html = len(encoded.body)
	seen := map[string]bool{}
	add := func(to *int, path string) {
		if err == nil {
			err = addFile(ctx, origin, path, accept, seen, to)
		}
	}
	html := string(plain.body)
	for _, tag := range linkTag.FindAllString(html, -1) {
		ref := href.FindStringSubmatch(tag)
		switch {
		case ref == nil:
		case strings.Contains(tag, `rel="stylesheet"`):
			add(&p.css, ref[1])
		case strings.Contains(tag, `rel="modulepreload"`), strings.Contains(tag, `as="script"`):
			add(&p.js, ref[1])
		case strings.Contains(tag, `as="font"`):
			add(&p.fonts, ref[1])
		}
	}
	for _, script := range scriptTag.FindAllStringSubmatch(html, -1) {
		add(&p.js, script[1])
	}
	return p, err
}

// addFile adds the compressed size of a file, and of those it imports by the
// names of siblings or paths, each once.
func addFile(ctx context.Context, origin, path, accept string, seen map[string]bool, to *int) error {
	if seen[path] {
		return nil
	}
	seen[path] = true
	encoded, err := fetchGood(ctx, origin+path, accept)
	if err != nil {
		return err
	}
	*to += len(encoded.body)
	if strings.Contains(encoded.header.Get("Content-Type"), "font") {
		return nil
	}
	plain, err := fetchGood(ctx, origin+path, "")
	if err != nil {
		return err
	}
	for _, ref := range imports.FindAllStringSubmatch(string(plain.body), -1) {
		if err := addFile(ctx, origin, resolve(path, ref[1]), accept, seen, to); err != nil {
			return err
		}
	}
	return nil
}

// resolve returns the path that a file at base means by ref.
func resolve(base, ref string) string {
	if strings.HasPrefix(ref, "/") {
		return ref
	}
	return base[:strings.LastIndexByte(base, '/')+1] + strings.TrimPrefix(ref, "./")
}
