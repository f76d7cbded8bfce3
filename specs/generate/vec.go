package main

import (
	"encoding/hex"
	"slices"
	"strings"
)

// vec is one case; its fields depend on its kind.
type vec map[string]any

// vecSet is a file of cases for one page of specs/.
type vecSet struct {
	Spec  string `json:"spec"`
	About string `json:"about"`
	Cases []vec  `json:"cases"`
}

// with returns a copy of the case with more fields.
func (v vec) with(more vec) vec {
	out := vec{}
	for _, from := range []vec{v, more} {
		for k, x := range from {
			out[k] = x
		}
	}
	return out
}

// sure stops the generator: what it makes itself is never wrong.
func sure[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func hexed(b []byte) string { return hex.EncodeToString(b) }

func unhex(s string) []byte { return sure(hex.DecodeString(s)) }

// sortedByName makes the order of cases that come from maps the same each time.
func sortedByName(cases []vec) []vec {
	slices.SortStableFunc(cases, func(a, b vec) int { return strings.Compare(a["name"].(string), b["name"].(string)) })
	return cases
}
