package catalog

import (
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
)

var (
	// ErrForm marks bytes that are no record at all: not canonical, too large,
	// or at a path outside the grammar. A catalog that holds them is refused.
	ErrForm = errors.New("malformed record")
	// ErrMeaning marks a well-formed record that breaks a rule of its type. It is
	// kept and passed on, and hidden from pages.
	ErrMeaning = errors.New("record breaks a rule of its type")
	// ErrUnknownType marks a well-formed record of a type or version this
	// implementation doesn't know. It is kept and passed on, and hidden from pages.
	ErrUnknownType = errors.New("unknown record type or version")
)

// FieldError says which field of a record breaks which rule. It wraps ErrMeaning
// and protocol.ErrInvalid.
type FieldError struct {
	Type  Type
	Field string // as in the JSON form: "variants[3].gtin"
	Rule  string // a phrase that reads on after the field: "is longer than 200 characters"
}

// Error implements error: "product: title is longer than 200 characters".
func (e *FieldError) Error() string {
	return fmt.Sprintf("%s: %s %s", e.Type, e.Field, e.Rule)
}

// Unwrap implements the interface of package errors.
func (e *FieldError) Unwrap() []error { return []error{ErrMeaning, protocol.ErrInvalid} }

func malformed(path protocol.Path, err error) error {
	return fmt.Errorf("record %q: %w: %w", path, ErrForm, err)
}
