package protocol

import (
	"errors"
	"fmt"
)

// ErrInvalid marks bytes or values that break a rule of specs/. The other side
// is at fault, provably, and trying again cannot help. Every decoder and parser
// below protocol/ wraps it.
var ErrInvalid = errors.New("invalid")

// Invalid returns an error that wraps ErrInvalid. object names what was read
// ("head", "path", …) and the rest says which rule it breaks.
func Invalid(object, format string, args ...any) error {
	return fmt.Errorf("%s: %s: %w", object, fmt.Sprintf(format, args...), ErrInvalid)
}
