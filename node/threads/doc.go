// Package threads is the desk at which a brand answers its shoppers: it opens what
// comes up in the threads of the own brand, holds it to the rules of a thread, has it
// decided, commits it in its order and seals the answers.
//
// Opening and verifying is done by several workers; committing by one, in batches, so
// that stock has one place where it is decided and a burst of orders shares the syncs
// of the disk. Nobody is answered and no watcher is told before a batch is durable.
// Whatever comes twice is answered twice and committed once.
//
// It knows no network, no HTML and no prices: what trading makes of an entry is asked
// of a Decider, what leaves the house is left to whoever watches. It carries out
// specs/16-thread.md and 17-bodies.md for the brand's side.
package threads
