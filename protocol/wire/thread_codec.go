package wire

import (
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// threadBody is a body of specs/20-thread-http.md.
type threadBody interface{ check() error }

// EncodeThread returns the canonical bytes of a body, at most MaxThreadBody. b is a
// pointer to one of the types of this file.
func EncodeThread(b threadBody) ([]byte, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	data, err := protocol.Marshal(b)
	if err == nil && len(data) > MaxThreadBody {
		err = protocol.Invalid("thread body", "%d bytes, allowed are %d", len(data), MaxThreadBody)
	}
	return data, err
}

// DecodeThread reads a body into b and checks its form, not what is in its
// envelopes. Errors wrap protocol.ErrInvalid.
func DecodeThread(data []byte, b threadBody) error {
	if len(data) > MaxThreadBody {
		return protocol.Invalid("thread body", "%d bytes, allowed are %d", len(data), MaxThreadBody)
	}
	if err := protocol.UnmarshalStrict(data, b); err != nil {
		return err
	}
	return b.check()
}

// wrong collects the first rule that a body breaks.
func wrong(ok bool, rule string, args ...any) error {
	if ok {
		return nil
	}
	return protocol.Invalid("thread body", rule, args...)
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func counts(n ...uint64) error {
	for _, x := range n {
		if x > protocol.MaxInt {
			return protocol.Invalid("thread body", "number %d is beyond 2^53−1", x)
		}
	}
	return nil
}

func signedForm(data []byte, needed bool) error {
	return wrong(len(data) <= protocol.MaxObject+1024 && (len(data) > 0 || !needed), "a signed object of %d bytes", len(data))
}

func certsForm(certs [][]byte) error {
	if len(certs) > thread.MaxChain {
		return protocol.Invalid("thread body", "%d certificates, allowed are %d", len(certs), thread.MaxChain)
	}
	for _, c := range certs {
		if err := signedForm(c, true); err != nil {
			return err
		}
	}
	return nil
}

func postedForm(envelopes [][]byte) error {
	if len(envelopes) > MaxPosted {
		return protocol.Invalid("thread body", "%d envelopes, allowed are %d", len(envelopes), MaxPosted)
	}
	for _, e := range envelopes {
		if len(e) == 0 || len(e) > thread.MaxEnvelope {
			return protocol.Invalid("thread body", "an envelope of %d bytes, allowed are 1 to %d", len(e), thread.MaxEnvelope)
		}
	}
	return nil
}

func (b *ThreadBegin) check() error {
	return first(signedForm(b.Genesis, true), postedForm(b.Envelopes), counts(b.After))
}

func (b *ThreadPost) check() error { return first(postedForm(b.Envelopes), counts(b.After)) }

func (b *ThreadAnswer) check() error {
	if err := first(objects("thread body", b.Thread), wrong(len(b.Results) <= MaxPosted, "%d results", len(b.Results))); err != nil {
		return err
	}
	for _, r := range b.Results {
		if err := r.form(); err != nil {
			return err
		}
	}
	return b.ThreadPage.check()
}

func (r EnvelopeResult) form() error {
	known := r.State == StateStored || r.State == StateReceived || r.State == StateCommitted || r.State == StateRefused
	return first(wrong(known, "state %.40q", r.State), counts(r.Seq), signedForm(r.Receipt, false),
		wrong(len(r.Reason) <= thread.MaxKind, "a reason of %d bytes", len(r.Reason)))
}

func (b *ThreadPage) check() error {
	if err := first(counts(b.Next), wrong(len(b.Envelopes) <= MaxPageEnvelopes, "%d envelopes", len(b.Envelopes))); err != nil {
		return err
	}
	for _, e := range b.Envelopes {
		if err := first(counts(e.N), wrong(len(e.Bytes) > 0 && len(e.Bytes) <= thread.MaxEnvelope, "an envelope of %d bytes", len(e.Bytes))); err != nil {
			return err
		}
	}
	return nil
}

func (b *JoinRequest) check() error { return first(signedForm(b.Join, true), certsForm(b.Certs)) }

func (b *JoinAnswer) check() error {
	return wrong(len(b.Welcome) <= thread.MaxEnvelope, "a welcome of %d bytes", len(b.Welcome))
}

func (b *FindRequest) check() error {
	return first(objects("thread body", b.Brand), wrong(len(b.Identities) > 0 && len(b.Identities) <= MaxFound, "%d identities", len(b.Identities)))
}

func (b *FindAnswer) check() error {
	if len(b.Threads) > MaxFound {
		return protocol.Invalid("thread body", "%d threads", len(b.Threads))
	}
	for _, id := range b.Threads {
		if id.Defined() && !isObject(id) {
			return protocol.Invalid("thread body", "a thread is no object")
		}
	}
	return nil
}

func (b *BlobAnswer) check() error {
	return wrong(b.Blob.Codec() == protocol.Raw, "a blob that is not raw")
}

func (b *EventsRequest) check() error {
	if len(b.Requests) == 0 || len(b.Requests) > MaxWatched {
		return protocol.Invalid("thread body", "%d requests, allowed are 1 to %d", len(b.Requests), MaxWatched)
	}
	for _, r := range b.Requests {
		if err := signedForm(r, true); err != nil {
			return err
		}
	}
	return nil
}

func (b *EventsAnswer) check() error {
	return wrong(b.Ticket != "" && len(b.Ticket) <= 100, "a ticket of %d bytes", len(b.Ticket))
}

func (b *ErrorBody) check() error {
	return first(wrong(b.Error != "" && len(b.Error) <= thread.MaxKind, "no word"),
		wrong(len(b.Message) <= MaxErrorText, "a message of %d bytes", len(b.Message)),
		wrong(b.Time >= 0 && b.Time <= protocol.MaxTime, "time %d", int64(b.Time)),
		wrong(!b.Thread.Defined() || isObject(b.Thread), "thread is no object"))
}
