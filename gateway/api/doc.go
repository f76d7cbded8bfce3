// Package api is the part of a gateway that conversations go through: envelopes
// come in, pages of them and events go out, all below /api/. It bounds and checks
// what is foreign — sizes, times, media types, who asks from which origin — and
// hands the rest to a Threads. It carries out specs/20-thread-http.md.
//
// It never sees what is inside an envelope and doesn't know whether a thread is of
// the own brand or of one that is relayed; it keeps nothing but the event streams
// that are open.
package api
