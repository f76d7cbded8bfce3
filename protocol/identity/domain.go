package identity

import (
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// Domain is a DNS name that a brand claims: lower-case ASCII (international names
// in their A-label form), at least two labels, no trailing dot, no address. An
// operation only claims it; it counts as verified when the domain points back.
type Domain string

// ParseDomain checks s and returns it as a domain.
func ParseDomain(s string) (Domain, error) {
	labels := strings.Split(s, ".")
	if len(s) > MaxDomain || len(labels) < 2 {
		return "", invalidDomain(s)
	}
	for _, label := range labels {
		if !validLabel(label) {
			return "", invalidDomain(s)
		}
	}
	if last := labels[len(labels)-1]; strings.Trim(last, "0123456789") == "" {
		return "", invalidDomain(s)
	}
	return Domain(s), nil
}

func invalidDomain(s string) error {
	return protocol.Invalid("domain", "%.80q is not a lower-case host name such as tea.example", s)
}

// validLabel follows RFC 1123 §2.1: letters, digits and inner hyphens.
func validLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
