// Package memkv is a kv.Engine that keeps everything in memory: for simulations
// of many nodes in one process, in a bubble of testing/synctest, and for tests
// that need no disk. It passes the suite in kvtest.
//
// Every state is an immutable ordered tree, so that a view, a snapshot or a
// transaction holds on to one at no cost and a commit copies the path to what it
// changes. It starts no goroutine and sets no timer. It must know nothing of what
// is stored, and is no engine for a node that people rely on.
package memkv
