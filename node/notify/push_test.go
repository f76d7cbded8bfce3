package notify

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/node/guard"
)

// service is a push service that remembers what it got.
type service struct {
	*httptest.Server
	status int
	header http.Header
	body   []byte
	calls  int
}

func newService(t *testing.T) *service {
	s := &service{status: http.StatusCreated}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.header, s.calls = r.Header.Clone(), s.calls+1
		s.body, _ = io.ReadAll(r.Body)
		if s.status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(s.status)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) pusher(t *testing.T, allowed func(netip.AddrPort) bool) *Pusher {
	t.Helper()
	key, err := LoadVAPID(filepath.Join(t.TempDir(), "vapid.key"))
	if err != nil {
		t.Fatal(err)
	}
	return NewPusher(PushOptions{Key: key, Contact: "mailto:shop@tea.example", Allowed: allowed, Transport: s.Client().Transport.(*http.Transport).Clone()})
}

// browser is the other end of a subscription.
type browser struct {
	key  *ecdh.PrivateKey
	auth []byte
}

func newBrowser(t *testing.T) browser {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return browser{key, []byte("sixteen bytes ok")}
}

func (b browser) at(endpoint string) Subscription {
	return Subscription{Endpoint: endpoint, Key: b.key.PublicKey().Bytes(), Auth: b.auth}
}

// open decrypts as a browser does, from the text of the RFC.
func (b browser) open(t *testing.T, body []byte) string {
	t.Helper()
	salt, id := body[:16], body[21:21+int(body[20])]
	sender, err := ecdh.P256().NewPublicKey(id)
	if err != nil {
		t.Fatal(err)
	}
	shared, err := b.key.ECDH(sender)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := agreed(shared, b.auth, b.key.PublicKey().Bytes(), id)
	if err != nil {
		t.Fatal(err)
	}
	aead, nonce, err := recordCipher(secret, salt)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := aead.Open(nil, nonce, body[21+len(id):], nil)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(plain), "\x02")
}

func TestABrowserReadsWhatItIsSent(t *testing.T) {
	s, b := newService(t), newBrowser(t)
	p := s.pusher(t, guard.Anywhere)
	err := p.Send(t.Context(), b.at(s.URL+"/push/1"), Push{Message: []byte("news"), Keep: time.Hour, Topic: "thread", Urgent: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := b.open(t, s.body); got != "news" {
		t.Errorf("the browser reads %q", got)
	}
	if s.header.Get("TTL") != "3600" || s.header.Get("Topic") != "thread" || s.header.Get("Urgency") != "high" || s.header.Get("Content-Encoding") != "aes128gcm" {
		t.Error(s.header)
	}
	checkToken(t, s.header.Get("Authorization"), s.URL, p.Public())
}

func checkToken(t *testing.T, header, audience string, public []byte) {
	t.Helper()
	token, key, _ := strings.Cut(strings.TrimPrefix(header, "vapid t="), ", k=")
	if key != encoding.EncodeToString(public) {
		t.Errorf("the key is %s", key)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("the token %q", token)
	}
	sig, digest := decode(t, parts[2]), sha256.Sum256([]byte(parts[0]+"."+parts[1]))
	k, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), public)
	if err != nil {
		t.Fatal(err)
	}
	if !ecdsa.Verify(k, digest[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		t.Error("the token isn't signed by the key")
	}
	var claims struct {
		Aud, Sub string
		Exp      int64
	}
	if err := json.Unmarshal(decode(t, parts[1]), &claims); err != nil {
		t.Fatal(err)
	}
	if left := time.Until(time.Unix(claims.Exp, 0)); claims.Aud != audience || claims.Sub != "mailto:shop@tea.example" || left > 24*time.Hour || left < time.Hour {
		t.Error(claims)
	}
}

func TestOneTokenServesForManyMessages(t *testing.T) {
	s, b := newService(t), newBrowser(t)
	p := s.pusher(t, guard.Anywhere)
	var tokens []string
	for range 2 {
		if err := p.Send(t.Context(), b.at(s.URL), Push{}); err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, s.header.Get("Authorization"))
	}
	if tokens[0] != tokens[1] {
		t.Error("a new token for each message")
	}
}

func TestWhatAPushServiceAnswers(t *testing.T) {
	for status, gone := range map[int]bool{404: true, 410: true, 429: false, 500: false, 302: false} {
		s, b := newService(t), newBrowser(t)
		s.status = status
		err := s.pusher(t, guard.Anywhere).Send(t.Context(), b.at(s.URL), Push{})
		if err == nil || errors.Is(err, ErrGone) != gone || s.calls != 1 {
			t.Errorf("%d: %v after %d calls", status, err, s.calls)
		}
	}
}

func TestNoSubscriptionLeadsIntoAPrivateNetwork(t *testing.T) {
	s, b := newService(t), newBrowser(t)
	err := s.pusher(t, nil).Send(t.Context(), b.at(s.URL), Push{})
	if !errors.Is(err, guard.ErrForbiddenAddress) || s.calls != 0 {
		t.Error(err, s.calls)
	}
}

func TestWhatIsNoSubscriptionIsRefused(t *testing.T) {
	good := newBrowser(t).at("https://push.example/1")
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Subscription){
		"plain http":         func(s *Subscription) { s.Endpoint = "http://push.example/1" },
		"a password":         func(s *Subscription) { s.Endpoint = "https://a:b@push.example/1" },
		"no host":            func(s *Subscription) { s.Endpoint = "https:///1" },
		"a long address":     func(s *Subscription) { s.Endpoint += strings.Repeat("x", MaxEndpoint) },
		"a short secret":     func(s *Subscription) { s.Auth = s.Auth[1:] },
		"a compressed key":   func(s *Subscription) { s.Key = append([]byte{2}, s.Key[1:33]...) },
		"a point off curve":  func(s *Subscription) { s.Key = append(append([]byte{}, s.Key[:64]...), s.Key[64]^1) },
		"the point infinity": func(s *Subscription) { s.Key = []byte{0} },
	} {
		bad := good
		change(&bad)
		if err := bad.Check(); !errors.Is(err, ErrSubscription) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAVAPIDKeyStaysTheSame(t *testing.T) {
	file := filepath.Join(t.TempDir(), "vapid.key")
	a, err := LoadVAPID(file)
	if err != nil {
		t.Fatal(err)
	}
	b, err := LoadVAPID(file)
	if err != nil || string(a.Public()) != string(b.Public()) {
		t.Error(err, "another key")
	}
}
