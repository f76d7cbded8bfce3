package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Threads is what the gateway asks of the node about conversations, of the own brand
// and of those that it relays for. depositor is the address prefix that quotas go
// by; write is the capability that the shopper and the brand know of a thread.
//
// Errors: wire.ErrUnknownThread, wire.ErrUnknownBrand, wire.ErrExists, wire.ErrBusy,
// wire.ErrQuota, wire.ErrClock, wire.ErrNotAllowed, wire.ErrUnknownEpoch,
// wire.ErrTooLarge, and whatever wraps protocol.ErrInvalid for what is no valid form.
// Anything else is the node's own trouble.
type Threads interface {
	// Begin opens a thread, or goes on as Post for the one that there is.
	Begin(ctx context.Context, depositor string, write [32]byte, b wire.ThreadBegin) (wire.ThreadAnswer, error)
	// Post takes envelopes and waits at most wait for what the brand makes of them.
	Post(ctx context.Context, depositor string, thread protocol.CID, write [32]byte, p wire.ThreadPost, wait time.Duration) (wire.ThreadAnswer, error)
	// Read returns what came down to a device after a number.
	Read(ctx context.Context, thread protocol.CID, req protocol.Signed, after uint64) (wire.ThreadPage, error)
	// Join lets in a browser that doesn't have the present key.
	Join(ctx context.Context, depositor string, thread protocol.CID, j wire.JoinRequest) (wire.JoinAnswer, error)
	// Find returns the thread of each identity, undefined where there is none.
	Find(ctx context.Context, brand protocol.CID, identities [][32]byte) ([]protocol.CID, error)
	// Genesis returns the signed genesis of a thread.
	Genesis(ctx context.Context, thread protocol.CID) ([]byte, error)
	PutBlob(ctx context.Context, depositor string, thread protocol.CID, write [32]byte, blob []byte) (protocol.CID, error)
	Blob(ctx context.Context, thread protocol.CID, req protocol.Signed, id protocol.CID) ([]byte, error)
	// Watch tells what happens in the threads of the requests until ctx ends. The
	// channel is bounded and closed when its reader is too slow.
	Watch(ctx context.Context, reqs []protocol.Signed) (<-chan wire.ThreadEvent, error)
}

// Options is what an API needs.
type Options struct {
	Threads Threads
	Log     *slog.Logger
	// Proxies are whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
	// Now is the clock of error bodies; nil is the machine's.
	Now func() time.Time
	// Beat is how often a quiet stream says that it lives; 0 is every 15 s.
	Beat time.Duration
}

// Bounds of what is under way at once.
const (
	// maxRequests is how many requests may be under way, waiting ones among them.
	maxRequests = 8192
	// requestCeiling is from how many on an address gets no more than requestShare.
	requestCeiling = maxRequests / 2
	requestShare   = 128
	// bodyMemory is what bodies may take together, in bytes.
	bodyMemory = 256 << 20
)

// API answers below /api/.
type API struct {
	threads Threads
	log     *slog.Logger
	proxies []netip.Prefix
	now     func() time.Time
	beat    time.Duration

	entry   *admission
	memory  budget
	tickets *tickets
	ctx     context.Context // of subscriptions, which outlive the request that opened them
	stop    context.CancelFunc
}

// New builds the handler. Close ends what it holds open.
func New(o Options) *API {
	a := &API{threads: o.Threads, log: o.Log, proxies: o.Proxies, now: o.Now, beat: o.Beat, memory: budget{left: bodyMemory}}
	if a.now == nil {
		a.now = time.Now
	}
	if a.beat == 0 {
		a.beat = beatTime
	}
	a.entry = newAdmission(maxRequests, requestCeiling, requestShare)
	a.tickets = newTickets()
	a.ctx, a.stop = context.WithCancel(context.Background())
	return a
}

// Close ends every event stream and every wait. Requests that come later are
// answered as far as they go without waiting.
func (a *API) Close() {
	a.stop()
	a.tickets.closeAll()
}

// Handles reports whether a path is the API's.
func Handles(path string) bool { return strings.HasPrefix(path, "/api/") }

// Route names what stands at a path of the API, for counting.
func Route(path string) string {
	if path == eventsPath {
		return "events"
	}
	return "thread"
}

// eventsPath is where event streams are.
const eventsPath = "/api/events"

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who := a.depositorOf(r)
	err := a.admitted(w, r, who)
	if err != nil {
		a.fail(w, r, err)
	}
}

func (a *API) admitted(w http.ResponseWriter, r *http.Request, who string) error {
	if !sameOrigin(r) {
		return errForeign
	}
	if r.Method == http.MethodGet && r.URL.Path == eventsPath {
		return a.stream(w, r) // counted by its ticket
	}
	if !a.entry.enter(who) {
		return wire.ErrBusy
	}
	defer a.entry.leave(who)
	return a.route(w, r, who)
}
