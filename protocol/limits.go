package protocol

// Limits that every implementation must hold to (specs/01-encoding.md §5).
const (
	// MaxInt is the largest magnitude of an integer, so that JavaScript reads
	// every number exactly (2^53−1).
	MaxInt = 1<<53 - 1
	// MaxRecord is the largest record in bytes.
	MaxRecord = 64 << 10
	// MaxObject is the largest payload of a signed object in bytes.
	MaxObject = 4 << 10
	// MaxPath is the longest record path in bytes.
	MaxPath = 256
	// MaxDepth is how deep CBOR arrays and maps may nest.
	MaxDepth = 16
	// MaxItems is the largest number of CBOR data items in one object.
	MaxItems = 1 << 14
	// MaxSignatures is the largest number of signatures on one object.
	MaxSignatures = 8
)
