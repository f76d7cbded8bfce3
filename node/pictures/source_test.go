package pictures

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// fetch reads a picture to its end.
func fetch(s *Source, link string) ([]byte, error) {
	r, err := s.Fetch(context.Background(), link)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func TestAPictureArrivesAsItWasSent(t *testing.T) {
	want := bytes.Repeat([]byte("picture"), 100_000)
	var asked *http.Request
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r
		w.Write(want)
	})
	got, err := fetch(New(Options{AllowPrivate: true, UserAgent: "stoa/1 (test)"}), server.URL+"/a%20b.jpg?size=large")
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if asked.UserAgent() != "stoa/1 (test)" || asked.URL.RequestURI() != "/a%20b.jpg?size=large" {
		t.Errorf("asked for %s as %q", asked.URL.RequestURI(), asked.UserAgent())
	}
	if asked.Header.Get("Accept-Encoding") != "" {
		t.Error("asked for compression")
	}
}

func TestLinksOfTheWrongFormAreRefused(t *testing.T) {
	s := New(Options{})
	for _, c := range []struct {
		link string
		want error
	}{
		{"ftp://example.com/a.jpg", ErrRefused},
		{"file:///etc/passwd", ErrRefused},
		{"gopher://example.com/", ErrRefused},
		{"data:image/png;base64,AAAA", ErrRefused},
		{"//example.com/a.jpg", ErrRefused},
		{"a.jpg", ErrRefused},
		{"", ErrRefused},
		{"http://", ErrRefused},
		{"http://user@example.com/a.jpg", ErrRefused},
		{"http://user:pass@example.com/a.jpg", ErrRefused},
		{"http://exa mple.com/a.jpg", ErrRefused},
		{"http://example.com/\x00", ErrRefused},
		{"http://example.com/" + strings.Repeat("a", MaxURL), ErrRefused},
		{"http://example.com:22/a.jpg", ErrForbiddenAddress},
		{"https://example.com:8443/a.jpg", ErrForbiddenAddress},
		{"http://127.0.0.1/a.jpg", ErrForbiddenAddress},
		{"https://127.0.0.1/a.jpg", ErrForbiddenAddress},
		{"http://localhost/a.jpg", ErrForbiddenAddress},
		{"http://[::1]/a.jpg", ErrForbiddenAddress},
		{"http://[::ffff:127.0.0.1]/a.jpg", ErrForbiddenAddress},
		{"http://169.254.169.254/latest/meta-data", ErrForbiddenAddress},
		{"http://0.0.0.0/a.jpg", ErrForbiddenAddress},
	} {
		if _, err := fetch(s, c.link); !errors.Is(err, c.want) || Temporary(err) {
			t.Errorf("%.60q: %v (temporary: %v)", c.link, err, Temporary(err))
		}
	}
}

func TestProxiesOfTheEnvironmentAreNotUsed(t *testing.T) {
	if New(Options{}).transport().Proxy != nil {
		t.Error("there is a proxy: connections would be made elsewhere, unchecked")
	}
}

func TestRedirects(t *testing.T) {
	private := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Error("the private server was reached") })
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var n int
		switch _, err := fmt.Sscanf(r.URL.Path, "/%d", &n); {
		case r.URL.Path == "/private":
			http.Redirect(w, r, private.URL, http.StatusFound)
		case r.URL.Path == "/file":
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusFound)
		case r.URL.Path == "/login":
			http.Redirect(w, r, "http://me:secret@"+r.Host+"/0", http.StatusFound)
		case r.URL.Path == "/nowhere":
			w.WriteHeader(http.StatusFound)
		case err == nil && n > 0:
			http.Redirect(w, r, fmt.Sprintf("/%d", n-1), http.StatusFound)
		default:
			io.WriteString(w, "picture")
		}
	})
	only := netip.MustParseAddrPort(server.Listener.Addr().String())
	s := New(Options{AllowPrivate: true})
	s.allowed = func(a netip.AddrPort) bool { return a == only }
	for _, c := range []struct {
		path string
		want error
	}{
		{"/0", nil}, {"/1", nil}, {"/3", nil}, {"/4", ErrRefused},
		{"/private", ErrForbiddenAddress}, {"/file", ErrRefused}, {"/login", ErrRefused}, {"/nowhere", ErrRefused},
	} {
		got, err := fetch(s, server.URL+c.path)
		if !errors.Is(err, c.want) || err == nil && string(got) != "picture" || Temporary(err) {
			t.Errorf("%s: %q, %v", c.path, got, err)
		}
	}
}

func TestAnswersAreClassed(t *testing.T) {
	code := 0
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code) })
	s := New(Options{AllowPrivate: true})
	for _, c := range []struct {
		code      int
		temporary bool
	}{
		{201, false}, {204, false}, {206, false}, {304, false}, {400, false}, {401, false}, {403, false}, {404, false},
		{408, true}, {410, false}, {425, true}, {429, true}, {451, false}, {500, true}, {502, true}, {503, true},
	} {
		code = c.code
		_, err := fetch(s, server.URL)
		if err == nil || Temporary(err) != c.temporary || errors.Is(err, ErrRefused) == c.temporary {
			t.Errorf("%d: %v (temporary: %v)", c.code, err, Temporary(err))
		}
		if err != nil && !strings.Contains(err.Error(), fmt.Sprint(c.code)) {
			t.Errorf("%d isn't told: %v", c.code, err)
		}
	}
}

func TestAServerThatIsAwayIsTemporary(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := fetch(New(Options{AllowPrivate: true}), "http://"+l.Addr().String()); !Temporary(err) {
		t.Error(err)
	}
}

func TestLengthIsBoundedAloud(t *testing.T) {
	size, declared := 0, false
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if declared {
			w.Header().Set("Content-Length", fmt.Sprint(size))
		} else {
			w.(http.Flusher).Flush()
		}
		w.Write(make([]byte, size))
	})
	s := New(Options{AllowPrivate: true, MaxBytes: 1000})
	for _, declared = range []bool{true, false} {
		for _, size = range []int{0, 999, 1000, 1001, 100_000} {
			got, err := fetch(s, server.URL)
			if size <= 1000 && (err != nil || len(got) != size) {
				t.Errorf("%d bytes, declared %v: %d bytes, %v", size, declared, len(got), err)
			}
			if size > 1000 && (!errors.Is(err, ErrTooLong) || Temporary(err) || len(got) > 1000) {
				t.Errorf("%d bytes, declared %v: %d bytes, %v", size, declared, len(got), err)
			}
		}
	}
}

func TestABodyThatBreaksOffIsAnError(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Write(make([]byte, 500))
	})
	got, err := fetch(New(Options{AllowPrivate: true}), server.URL)
	if !Temporary(err) || len(got) != 500 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestUnaskedCompressionIsRefused(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write([]byte("\x1f\x8b"))
	})
	if _, err := fetch(New(Options{AllowPrivate: true}), server.URL); !errors.Is(err, ErrRefused) {
		t.Error(err)
	}
}

// hanging serves until the client goes or the test ends.
func hanging(t *testing.T, before func(http.ResponseWriter)) *httptest.Server {
	end := make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		before(w)
		select {
		case <-r.Context().Done():
		case <-end:
		}
	})
	t.Cleanup(func() { close(end) })
	return server
}

func TestAServerThatStandsStillIsLeft(t *testing.T) {
	server := hanging(t, func(w http.ResponseWriter) {
		io.WriteString(w, "begin")
		w.(http.Flusher).Flush()
	})
	s := New(Options{AllowPrivate: true})
	s.idle = 20 * time.Millisecond
	got, err := fetch(s, server.URL)
	if !errors.Is(err, errStalled) || !Temporary(err) || string(got) != "begin" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAServerThatNeverAnswersIsLeft(t *testing.T) {
	server := hanging(t, func(http.ResponseWriter) {})
	_, err := fetch(New(Options{AllowPrivate: true, Timeout: 20 * time.Millisecond}), server.URL)
	if !errors.Is(err, errSlow) || !Temporary(err) {
		t.Error(err)
	}
}

func TestTheCallersContextEndsAFetch(t *testing.T) {
	server := hanging(t, func(w http.ResponseWriter) { w.(http.Flusher).Flush() })
	ctx, cancel := context.WithCancel(context.Background())
	r, err := New(Options{AllowPrivate: true}).Fetch(ctx, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cancel()
	if _, err := io.ReadAll(r); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestHugeHeadersAreRefused(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("a", 2*maxHeader))
	})
	if _, err := fetch(New(Options{AllowPrivate: true}), server.URL); err == nil {
		t.Error("taken")
	}
}
