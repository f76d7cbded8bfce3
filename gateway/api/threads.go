package api

import (
	"context"
	"net/http"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// answerTime is how long a Threads may take beside waiting.
const answerTime = 20 * time.Second

// during bounds a call by time, and by the gateway's life: one that waits when it
// closes ends.
func (q asked) during(d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(q.r.Context(), d)
	stop := context.AfterFunc(q.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// begin answers POST /api/threads.
func (q asked) begin() error {
	write, err := q.write()
	if err != nil {
		return err
	}
	wait, err := q.wait()
	if err != nil {
		return err
	}
	var b wire.ThreadBegin
	if err := q.decode(func(data []byte) error { return wire.DecodeThread(data, &b) }); err != nil {
		return err
	}
	ctx, cancel := q.during(wait + answerTime)
	defer cancel()
	result, err := q.threads.Begin(ctx, q.who, write, b)
	if err != nil {
		return q.closing(err)
	}
	return q.answer(wire.EncodeThread(&result))
}

// closing tells an end that the gateway's closing made from a failure.
func (q asked) closing(err error) error {
	if q.ctx.Err() != nil {
		return errClosing
	}
	return err
}

// post answers POST /api/threads/{id}/entries.
func (q asked) post() error {
	write, err := q.write()
	if err != nil {
		return err
	}
	wait, err := q.wait()
	if err != nil {
		return err
	}
	var p wire.ThreadPost
	if err := q.decode(func(data []byte) error { return wire.DecodeThread(data, &p) }); err != nil {
		return err
	}
	ctx, cancel := q.during(wait + answerTime)
	defer cancel()
	result, err := q.threads.Post(ctx, q.who, q.thread, write, p, wait)
	if err != nil {
		return q.closing(err)
	}
	return q.answer(wire.EncodeThread(&result))
}

// read answers GET /api/threads/{id}/entries?after=N.
func (q asked) read() error {
	request, err := q.device()
	if err != nil {
		return err
	}
	after, err := q.number("after")
	if err != nil {
		return err
	}
	ctx, cancel := q.during(answerTime)
	defer cancel()
	page, err := q.threads.Read(ctx, q.thread, request, after)
	if err != nil {
		return q.closing(err)
	}
	return q.answer(wire.EncodeThread(&page))
}

// join answers POST /api/threads/{id}/join: 202 when the welcome comes later.
func (q asked) join() error {
	var j wire.JoinRequest
	if err := q.decode(func(data []byte) error { return wire.DecodeThread(data, &j) }); err != nil {
		return err
	}
	ctx, cancel := q.during(answerTime)
	defer cancel()
	result, err := q.threads.Join(ctx, q.who, q.thread, j)
	if err != nil {
		return q.closing(err)
	}
	data, err := wire.EncodeThread(&result)
	if err == nil && len(result.Welcome) == 0 {
		send(q.w, http.StatusAccepted, wire.ThreadMediaType, data)
		return nil
	}
	return q.answer(data, err)
}

// find answers POST /api/threads/find.
func (q asked) find() error {
	var f wire.FindRequest
	if err := q.decode(func(data []byte) error { return wire.DecodeThread(data, &f) }); err != nil {
		return err
	}
	ctx, cancel := q.during(answerTime)
	defer cancel()
	threads, err := q.threads.Find(ctx, f.Brand, f.Identities)
	if err != nil {
		return q.closing(err)
	}
	return q.answer(wire.EncodeThread(&wire.FindAnswer{Threads: threads}))
}

// genesis answers GET /api/threads/{id}/genesis with the signed genesis.
func (q asked) genesis() error {
	ctx, cancel := q.during(answerTime)
	defer cancel()
	data, err := q.threads.Genesis(ctx, q.thread)
	if err != nil {
		return q.closing(err)
	}
	return q.answer(data, nil)
}

// blobType is the media type of sealed files.
const blobType = "application/octet-stream"

// putBlob answers POST /api/threads/{id}/blobs.
func (q asked) putBlob() error {
	write, err := q.write()
	if err != nil {
		return err
	}
	b, err := q.body(blobType, thread.MaxBlob)
	if err != nil {
		return err
	}
	if len(b) == 0 {
		return protocol.Invalid("blob", "it is empty")
	}
	ctx, cancel := q.during(answerTime)
	defer cancel()
	id, err := q.threads.PutBlob(ctx, q.who, q.thread, write, b)
	if err != nil {
		return q.closing(err)
	}
	return q.answer(wire.EncodeThread(&wire.BlobAnswer{Blob: id}))
}

// blob answers GET /api/threads/{id}/blobs/{cid}.
func (q asked) blob() error {
	id, err := protocol.ParseCID(q.id)
	if err != nil {
		return errNowhere
	}
	request, err := q.device()
	if err != nil {
		return err
	}
	ctx, cancel := q.during(answerTime)
	defer cancel()
	data, err := q.threads.Blob(ctx, q.thread, request, id)
	if err != nil {
		return q.closing(err)
	}
	send(q.w, http.StatusOK, blobType, data)
	return nil
}
