// Package vectors embeds the test vectors of specs/, valid and invalid cases as
// JSON that any language can read. specs/README.md says what the fields mean.
package vectors

import "embed"

// FS holds every *.json file of this directory.
//
//go:embed *.json
var FS embed.FS
