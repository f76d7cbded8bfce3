package protocol

// Handle names a product, collection, page or post in URLs and paths: 1 to 100
// characters of [a-z0-9._-], neither "." nor "..".
type Handle string

// MaxName is the longest handle or variant identifier in bytes.
const MaxName = 100

// ParseHandle checks s and returns it as a handle.
func ParseHandle(s string) (Handle, error) {
	if len(s) > MaxName || !validSegment(s, false) {
		return "", Invalid("handle", "%q is not 1 to %d characters of a-z, 0-9, '.', '_' and '-'", clip(s, 80), MaxName)
	}
	return Handle(s), nil
}

// VariantID names one variant of a brand for ever: assigned once, readable, never
// reused, unique in the brand. 1 to 100 characters of [A-Za-z0-9._-].
type VariantID string

// ParseVariantID checks s and returns it as a variant identifier.
func ParseVariantID(s string) (VariantID, error) {
	if len(s) > MaxName || !validSegment(s, true) {
		return "", Invalid("variant id", "%q is not 1 to %d characters of A-Z, a-z, 0-9, '.', '_' and '-'", clip(s, 80), MaxName)
	}
	return VariantID(s), nil
}
