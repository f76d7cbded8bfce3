package protocol

import "time"

// Millis is a point in time: milliseconds since 1970-01-01T00:00:00Z, without
// leap seconds.
type Millis int64

// MaxTime is the last point in time that an object holds: the last millisecond of
// the year 9999, the end of RFC 3339. The first is 0.
const MaxTime Millis = 253_402_300_799_999

// MillisOf converts a time, dropping what is finer than a millisecond.
func MillisOf(t time.Time) Millis { return Millis(t.UnixMilli()) }

// Time returns the point in time in UTC.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// String returns RFC 3339 in UTC.
func (m Millis) String() string { return m.Time().Format(time.RFC3339Nano) }

// MarshalJSON writes RFC 3339 in UTC; CBOR keeps the integer.
func (m Millis) MarshalJSON() ([]byte, error) { return m.Time().MarshalJSON() }

// UnmarshalJSON reads RFC 3339.
func (m *Millis) UnmarshalJSON(b []byte) error {
	var t time.Time
	if err := t.UnmarshalJSON(b); err != nil {
		return Invalid("time", "%s is not RFC 3339", clip(string(b), 40))
	}
	*m = MillisOf(t)
	return nil
}
