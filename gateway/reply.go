package gateway

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"

	"github.com/stoa-commerce/stoa/gateway/shop"
)

// reply is an answer ready to be sent, with compressed forms made when first
// asked for. It may be sent many times at once.
type reply struct {
	status    int
	mediaType string
	location  string
	forever   bool
	built     bool // compressed forms are final
	tag       string
	body      []byte
	sent      atomic.Int64

	mu           sync.Mutex
	gzip, brotli []byte
}

func newReply(a shop.Answer) *reply {
	p := &reply{status: a.Status, mediaType: a.Type, location: a.Location, forever: a.Forever, body: a.Body}
	if p.status == http.StatusOK {
		sum := sha256.Sum256(a.Body)
		p.tag = hex.EncodeToString(sum[:12])
	}
	return p
}

// size is the memory that the reply takes, roughly.
func (p *reply) size() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int64(len(p.body) + len(p.gzip) + len(p.brotli) + 1024)
}

// serve sends the reply and reports by how many bytes it grew.
func (p *reply) serve(w http.ResponseWriter, r *http.Request) (grown int64) {
	h := w.Header()
	if p.location != "" {
		h.Set("Location", p.location)
		h["Cache-Control"] = revalidate
		w.WriteHeader(p.status)
		return 0
	}
	body, coding, grown := p.encoded(r.Header.Get("Accept-Encoding"))
	h["Cache-Control"] = revalidate
	if p.forever {
		h["Cache-Control"] = forever
	}
	h["Vary"] = varyByEncoding
	if coding != "" {
		h["Content-Encoding"] = []string{coding}
	}
	if p.tag != "" {
		tag := `"` + p.tag + coding + `"`
		h["Etag"] = []string{tag}
		if matches(r.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return grown
		}
	}
	h["Content-Type"] = []string{p.mediaType}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(p.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // an error means that nobody listens any more
	}
	return grown
}

var (
	revalidate     = []string{"no-cache"}
	forever        = []string{"public, max-age=31536000, immutable"}
	varyByEncoding = []string{"Accept-Encoding"}
)

// compressible is how many bytes compressing must have to work on.
const compressible = 512

// encoded picks the form for an Accept-Encoding header. The first reader of a
// page gets gzip, which is made quickly; brotli, which is smaller and slower to
// make, is for pages that are asked for again.
func (p *reply) encoded(accept string) (body []byte, coding string, grown int64) {
	if len(p.body) < compressible || !p.built && !isText(p.mediaType) {
		return p.body, "", 0
	}
	again := p.sent.Add(1) > 1 || p.built
	p.mu.Lock()
	defer p.mu.Unlock()
	switch br, gz := accepts(accept, "br"), accepts(accept, "gzip"); {
	case br && (again || !gz):
		if p.brotli == nil && !p.built {
			p.brotli = withBrotli(p.body)
			grown = int64(len(p.brotli))
		}
		if p.brotli != nil {
			return p.brotli, "br", grown
		}
	case gz:
		if p.gzip == nil && !p.built {
			p.gzip = withGzip(p.body)
			grown = int64(len(p.gzip))
		}
		if p.gzip != nil {
			return p.gzip, "gzip", grown
		}
	}
	return p.body, "", 0
}

func isText(mediaType string) bool {
	return strings.HasPrefix(mediaType, "text/") || strings.Contains(mediaType, "xml") || strings.Contains(mediaType, "json")
}

// accepts reports whether an Accept-Encoding header names the coding with a
// quality above 0.
func accepts(header, coding string) bool {
	for header != "" {
		var part string
		part, header, _ = strings.Cut(header, ",")
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(name) != coding {
			continue
		}
		quality, ok := strings.CutPrefix(strings.TrimSpace(params), "q=")
		return !ok || strings.Trim(quality, "0.") != ""
	}
	return false
}

// matches reports whether an If-None-Match header names the tag.
func matches(header, tag string) bool {
	for header != "" {
		var part string
		part, header, _ = strings.Cut(header, ",")
		if part = strings.TrimSpace(part); part == "*" || strings.TrimPrefix(part, "W/") == tag {
			return true
		}
	}
	return false
}

var gzipWriters = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, 4) // the level is valid
	return w
}}

func withGzip(body []byte) []byte {
	w := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(w)
	var b bytes.Buffer
	b.Grow(len(body) / 4)
	w.Reset(&b)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

func withBrotli(body []byte) []byte {
	var b bytes.Buffer
	w := brotli.NewWriterLevel(&b, 5)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}
