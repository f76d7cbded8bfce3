// Package slots keeps what must be forgettable apart from what is merely stored: the
// slot file, whose slots of 32 random bytes are the keys that rows are sealed under,
// and the journal of erasures. An engine that writes by appending keeps deleted values
// for long; a slot is overwritten in place, and without it its rows are noise.
// DESIGN.md §4 is its page.
//
// It knows nothing of threads or rows: a slot has a number, and who uses which is
// written down by package store in the step that uses it. Slots are made and synced
// in blocks, ahead of their use, so that taking one costs no sync. A slot that was
// erased is zeros for ever and never used again.
//
// What it can't promise: a disk or a file system that writes elsewhere on
// overwriting, and an older copy of the slot file that somebody kept.
package slots
