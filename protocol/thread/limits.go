package thread

import "github.com/stoa-commerce/stoa/protocol"

// Version is the version of every object of a thread.
const Version = 1

// Suite is the only suite so far: HPKE base mode with X-Wing, HKDF-SHA256 and no
// cipher of its own; AES-256-GCM for envelopes; Ed25519 for signatures.
const Suite = 1

// Limits (specs/16-thread.md §13).
const (
	// MaxEnvelope is the largest envelope in bytes.
	MaxEnvelope = 64 << 10
	// MaxParcel is the largest parcel in bytes: the largest padded size without
	// the byte that begins the padding.
	MaxParcel = 65_024 - 1
	// MaxBody is the largest body of an entry in bytes.
	MaxBody = 60 << 10
	// MaxText is the longest text of a message in characters.
	MaxText = 4_000
	// MaxKind is the longest kind of an entry and the longest reason in bytes.
	MaxKind = 32
	// MaxChain is the longest chain of certificates below the identity key.
	MaxChain = 2
	// MaxDevices is the largest number of keys that a thread ever has, removed
	// ones included.
	MaxDevices = 64
	// MaxBlob is the largest sealed file in bytes, its tag included.
	MaxBlob = 512<<10 + 16

	// SecretSize is the size in bytes of every secret, salt and capability.
	SecretSize = 32
	// EncSize is the size in bytes of an encapsulation (X-Wing).
	EncSize = 1120
	// PrekeySize is the size in bytes of a public prekey (X-Wing).
	PrekeySize = 1216
)

// When an epoch ends and how long its secret lives on (specs/16-thread.md §8).
const (
	// RekeyEntries is how many entries an epoch may hold before a new one is due.
	RekeyEntries = 500
	// RekeyAge is the age in milliseconds at which a new epoch is due.
	RekeyAge protocol.Millis = 30 * 24 * 3600 * 1000
	// EpochGrace is how long the brand keeps a former epoch's secret, in
	// milliseconds, for envelopes that were on their way.
	EpochGrace protocol.Millis = 7 * 24 * 3600 * 1000
	// RequestSkew is how far the time of a request may lie from the clock of who
	// is asked, in milliseconds, either way.
	RequestSkew protocol.Millis = 5 * 60 * 1000
)
