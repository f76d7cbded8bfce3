package shopper

import (
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Refused is the error of what the brand refuses: it stands in the conversation
// without effect.
type Refused struct {
	Reason string // a machine word (specs/16-thread.md, specs/18-trade.md)
	Detail string // the brand's words, if it has any
}

// Error implements error.
func (r *Refused) Error() string {
	if r.Detail != "" {
		return fmt.Sprintf("the brand refuses: %s (%s)", r.Reason, r.Detail)
	}
	return "the brand refuses: " + r.Reason
}

// The state of what hasn't left this machine; those further on are wire's.
const stateSending = "sending"

// Pending is the error of what the brand hasn't committed in time. It stays in the
// outbox and is sent again.
type Pending struct {
	State string // sending, stored or received
	Cause error  // what went wrong last; nil if nothing did
}

// Error implements error.
func (p *Pending) Error() string {
	words := map[string]string{
		stateSending:       "it hasn't been sent yet",
		wire.StateStored:   "a gateway keeps it until the brand fetches it",
		wire.StateReceived: "the brand has it and hasn't answered yet",
	}[p.State]
	if p.Cause != nil {
		return words + ": " + p.Cause.Error()
	}
	return words
}

// Unwrap returns the cause.
func (p *Pending) Unwrap() error { return p.Cause }

// passing reports whether trying again may help.
func passing(err error) bool {
	return errors.Is(err, ErrUnreachable) || errors.Is(err, wire.ErrBusy) || errors.Is(err, wire.ErrQuota)
}
