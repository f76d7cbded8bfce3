package main

import (
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// flip changes one bit of a file: flip FILE OFFSET. A negative offset counts from
// the end.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	name := ts.MkAbs(args[0])
	b, err := os.ReadFile(name)
	ts.Check(err)
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 1
	ts.Check(os.WriteFile(name, b, 0o600))
}

// jsonHas checks a field of the JSON on standard output: jsonhas PATH VALUE, the
// path by dots, the value as JSON without its quotes.
func jsonHas(ts *testscript.TestScript, neg bool, args []string) {
	b, err := json.Marshal(jsonAt(ts, args[0]))
	ts.Check(err)
	if got := strings.Trim(string(b), `"`); (got == args[1]) == neg {
		ts.Fatalf("%s is %s", args[0], got)
	}
}

// jsonLen checks how many elements the list at a path has: jsonlen PATH N, "." for
// the whole output.
func jsonLen(ts *testscript.TestScript, neg bool, args []string) {
	list, ok := jsonAt(ts, args[0]).([]any)
	if !ok || (strconv.Itoa(len(list)) == args[1]) == neg {
		ts.Fatalf("%s has %d elements", args[0], len(list))
	}
}

// jsonVar puts the text at a path of the output into a variable: jsonvar NAME PATH.
func jsonVar(ts *testscript.TestScript, _ bool, args []string) {
	text, ok := jsonAt(ts, args[1]).(string)
	if !ok {
		ts.Fatalf("%s is no text", args[1])
	}
	ts.Setenv(args[0], text)
}

func jsonAt(ts *testscript.TestScript, path string) any {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' }) {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			i, err := strconv.Atoi(part)
			ts.Check(err)
			if i >= len(x) {
				ts.Fatalf("%s: only %d elements", path, len(x))
			}
			v = x[i]
		default:
			v = nil
		}
	}
	return v
}

// pictureCmd draws a small picture: picture FILE SHADE.
func pictureCmd(ts *testscript.TestScript, _ bool, args []string) {
	shade, err := strconv.Atoi(args[1])
	ts.Check(err)
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	for i := range img.Pix {
		img.Pix[i] = uint8(shade + i)
	}
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(errors.Join(png.Encode(f, img), f.Close()))
}

// eventually runs stoa with --json until a field of what it prints is as expected:
// eventually PATH VALUE ARGS….
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		ts.Check(ts.Exec("stoa", append(args[2:], "--json")...))
		b, err := json.Marshal(jsonAt(ts, args[0]))
		ts.Check(err)
		got := strings.Trim(string(b), `"`)
		if (got == args[1]) != neg {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%s stays %s", args[0], got)
		}
	}
}

// patience is how long something is waited for that should come at once.
const patience = 30 * time.Second
