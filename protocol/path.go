package protocol

import "strings"

// Path names a record inside a catalog, for example "product/gyokuro" or
// "offer/gyokuro/100-g": one to three segments of [a-z0-9._-] (the last one of
// several may also hold A-Z) joined by "/", at most MaxPath bytes of ASCII. The
// first segment is the kind; a kind of which there is one record, such as
// "profile", stands alone.
type Path string

// ParsePath checks s and returns it as a path.
func ParsePath(s string) (Path, error) {
	if len(s) == 0 || len(s) > MaxPath {
		return "", Invalid("path", "%d bytes, allowed are 1 to %d", len(s), MaxPath)
	}
	segments := strings.Split(s, "/")
	if len(segments) > 3 {
		return "", Invalid("path", "%q has more than 3 segments", clip(s, 80))
	}
	for i, segment := range segments {
		if !validSegment(segment, i > 0 && i == len(segments)-1) {
			return "", Invalid("path", "%q has a segment %q outside [a-z0-9._-]", clip(s, 80), clip(segment, 40))
		}
	}
	return Path(s), nil
}

// Kind returns the first segment: what sort of record the path names.
func (p Path) Kind() string { return p.segment(0) }

// Name returns the second segment, or "" if there is none.
func (p Path) Name() string { return p.segment(1) }

// Leaf returns the third segment, or "" if there is none.
func (p Path) Leaf() string { return p.segment(2) }

// Group returns the text whose hash leads the trie key, so that records of one
// group share one subtree: a product and all its offers form the group
// "product/{handle}"; every other record is a group of its own.
func (p Path) Group() string {
	if name := p.Name(); p.Kind() == "offer" && name != "" {
		return "product/" + name
	}
	return string(p)
}

func (p Path) segment(i int) string {
	first, rest, more := strings.Cut(string(p), "/")
	for ; i > 0; i-- {
		if !more {
			return ""
		}
		first, rest, more = strings.Cut(rest, "/")
	}
	return first
}

func validSegment(s string, upper bool) bool {
	if s == "" || s == "." || s == ".." {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		ok := 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-' || upper && 'A' <= c && c <= 'Z'
		if !ok {
			return false
		}
	}
	return true
}
