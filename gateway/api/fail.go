package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// What is wrong with a request before it reaches a Threads.
var (
	errForeign  = errors.New("only pages of this gateway may ask here")
	errNowhere  = errors.New("nothing is at this address")
	errMethod   = errors.New("the address doesn't take this method")
	errNoTicket = errors.New("the ticket is unknown or has run out: ask for another")
	errNoKey    = errors.New("the header with the right to ask is missing or malformed")
	errClosing  = errors.New("the gateway is closing")
)

// refusals are the errors of this package with their status and machine word.
var refusals = []struct {
	err    error
	status int
	word   string
}{
	{errForeign, http.StatusForbidden, "foreign_origin"},
	{errNowhere, http.StatusNotFound, "not_found"},
	{errMethod, http.StatusMethodNotAllowed, "method"},
	{errNoTicket, http.StatusNotFound, "unknown_ticket"},
	{errNoKey, http.StatusBadRequest, wire.WordForm},
	{errMediaType, http.StatusUnsupportedMediaType, "media_type"},
	{errTooLarge, http.StatusRequestEntityTooLarge, wire.WordTooLarge},
	{errSlowBody, http.StatusRequestTimeout, "timeout"},
	{errCutBody, http.StatusBadRequest, wire.WordForm},
	{errNoMemory, http.StatusServiceUnavailable, wire.WordBusy},
	{errClosing, http.StatusServiceUnavailable, wire.WordUnavailable},
}

// fail answers an error. What is the node's own trouble goes to the log, not to the
// asker.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return // nobody listens any more
	}
	status, body := a.told(err)
	if body.Error == wire.WordUnavailable {
		a.log.Error("request of a conversation failed", "path", r.URL.Path, "error", err)
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	data, encodeErr := wire.EncodeThread(&body)
	if encodeErr != nil {
		a.log.Error("error can't be told", "path", r.URL.Path, "error", encodeErr)
	}
	send(w, status, wire.ThreadMediaType, data)
}

// retryAfter is how many seconds a busy gateway asks for.
const retryAfter = 2

func (a *API) told(err error) (int, wire.ErrorBody) {
	now := protocol.MillisOf(a.now())
	for _, k := range refusals {
		if errors.Is(err, k.err) {
			return k.status, wire.ErrorBody{Error: k.word, Message: k.err.Error(), Time: now}
		}
	}
	return wire.ErrorOf(err, now)
}

// send answers with bytes of a conversation, which nobody may keep.
func send(w http.ResponseWriter, status int, mediaType string, data []byte) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	_, _ = w.Write(data) // an error means that nobody listens any more
}
