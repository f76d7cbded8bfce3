package shop

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// Page is a kind of answer.
type Page int

// What can be asked for.
const (
	Home Page = iota
	Product
	Collection
	Collections
	Text
	TextOfKind
	Texts
	Journal
	Post
	Search
	Sitemap
	Robots
	Manifest
	Icon
	Theme
	Brands // all on this server: the gateway answers, with what it knows of them
	Talk   // the conversation with the brand
	MyShops
)

// Request is what of an address matters to the answer: two addresses with one
// Request get the same answer. It is comparable.
type Request struct {
	Page   Page
	Name   string // handle, kind of text, hash of a stylesheet, or name of an icon
	Number int    // page of a list, from 1; part of a sitemap, from 0; side of an icon in pixels
	Words  string // of a search
	Choice protocol.VariantID
}

// MaxQuery is the longest search in bytes; more is cut off.
const MaxQuery = 120

// MaxNumber is the highest page of a list that can be asked for.
const MaxNumber = 100_000

// Parse reads an address. It is false for addresses that no shop has.
func Parse(path string, query url.Values) (Request, bool) {
	if r, ok := fixed[path]; ok {
		return r.withQuery(query)
	}
	first, rest, _ := strings.Cut(path[1:], "/")
	if page, ok := named[first]; ok {
		_, err := protocol.ParseHandle(rest)
		r, valid := Request{Page: page, Name: rest}.withQuery(query)
		return r, err == nil && valid
	}
	return parseFile(path)
}

var fixed = map[string]Request{
	"/": {Page: Home}, "/c": {Page: Collections}, "/pages": {Page: Texts}, "/journal": {Page: Journal}, "/search": {Page: Search}, DirectoryPath: {Page: Brands},
	TalkPath: {Page: Talk}, ShopsPath: {Page: MyShops},
	"/about": {Page: TextOfKind, Name: "about"}, "/shipping": {Page: TextOfKind, Name: "shipping"},
	"/returns": {Page: TextOfKind, Name: "returns"}, "/privacy": {Page: TextOfKind, Name: "privacy"},
	"/imprint": {Page: TextOfKind, Name: "imprint"}, "/sitemap.xml": {Page: Sitemap}, "/robots.txt": {Page: Robots},
	"/manifest.webmanifest": {Page: Manifest}, "/favicon.svg": {Page: Icon, Name: "svg"}, "/favicon.ico": {Page: Icon, Number: 48},
	"/apple-touch-icon.png": {Page: Icon, Number: 180}, "/icon-192.png": {Page: Icon, Number: 192}, "/icon-512.png": {Page: Icon, Number: 512},
}

var named = map[string]Page{"p": Product, "c": Collection, "pages": Text, "journal": Post}

func parseFile(path string) (Request, bool) {
	if part, ok := between(path, "/sitemap-", ".xml"); ok {
		n, err := strconv.Atoi(part)
		return Request{Page: Sitemap, Number: n}, err == nil && n > 0 && n < MaxNumber && strconv.Itoa(n) == part
	}
	hash, ok := between(path, "/theme-", ".css")
	return Request{Page: Theme, Name: hash}, ok && len(hash) == 16
}

func between(s, before, after string) (string, bool) {
	s, ok := strings.CutPrefix(s, before)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(s, after)
}

// withQuery takes the parameters that the page knows and ignores all others.
func (r Request) withQuery(query url.Values) (Request, bool) {
	switch r.Page {
	case Product:
		if id, err := protocol.ParseVariantID(query.Get("variant")); err == nil {
			r.Choice = id
		}
	case Search, Brands:
		r.Words = clean(query.Get("q"))
		fallthrough
	case Collection, Journal:
		r.Number = 1
		if text := query.Get("page"); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > MaxNumber {
				return r, false
			}
			r.Number = n
		}
	}
	return r, true
}

// Bare reports whether the answer needs no catalog.
func (r Request) Bare() bool {
	return r.Page == Theme || r.Page == Icon || r.Page == Manifest || r.Page == Robots
}

// clean brings a search to one form: valid text, single spaces, bounded.
func clean(q string) string {
	q = strings.Join(strings.Fields(strings.ToValidUTF8(q, "")), " ")
	return strings.ToValidUTF8(q[:min(len(q), MaxQuery)], "")
}
