// Package specs_test holds the whole module to its layout: who imports whom, what
// the protocol keeps its hands off, and that every package says what it is for.
// It reads the sources and builds nothing.
package specs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// source is one parsed file; dir is relative to the module's root.
type source struct {
	dir, name string
	lines     int
	file      *ast.File
	test      bool
}

// sources parses every Go file of the module.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		dir, _ := filepath.Rel("..", filepath.Dir(path))
		all = append(all, source{
			dir: filepath.ToSlash(dir), name: d.Name(), file: f,
			lines: set.File(f.Pos()).LineCount(), test: strings.HasSuffix(path, "_test.go"),
		})
		return nil
	})
	if err != nil || len(all) < 20 {
		t.Fatalf("%d files: %v", len(all), err)
	}
	return all
}

// code returns the files that are not tests.
func code(t *testing.T) []source {
	return slices.DeleteFunc(sources(t), func(s source) bool { return s.test })
}

func TestEveryImportKeepsToTheLayout(t *testing.T) {
	for _, s := range code(t) {
		for _, path := range s.imports() {
			if wrong := complaint(s.dir, path); wrong != "" {
				t.Errorf("%s/%s imports %s: %s", s.dir, s.name, path, wrong)
			}
		}
	}
}

func TestNodeAndGatewayDoNotMeetInTestsEither(t *testing.T) {
	for _, s := range sources(t) {
		for _, path := range s.imports() {
			inner, ours := within(path, module)
			pair := []string{part(s.dir), part(inner)}
			if ours && slices.Contains(pair, "node") && slices.Contains(pair, "gateway") {
				t.Errorf("%s/%s imports %s", s.dir, s.name, path)
			}
		}
	}
}

func (s source) imports() []string {
	var paths []string
	for _, i := range s.file.Imports {
		paths = append(paths, strings.Trim(i.Path.Value, `"`))
	}
	return paths
}

func TestEveryDirectoryHasItsPlaceInTheHouse(t *testing.T) {
	for _, s := range sources(t) {
		if _, known := floors[part(s.dir)]; !known && part(s.dir) != "specs" {
			t.Errorf("%s/%s is in no part of the house", s.dir, s.name)
		}
	}
}

// asksTheClock are the functions of package time that the protocol must not call.
var asksTheClock = []string{"Now", "Since", "Until", "After", "AfterFunc", "Sleep", "Tick", "NewTimer", "NewTicker"}

func TestTheProtocolKnowsNoClockAndStartsNothing(t *testing.T) {
	for _, s := range code(t) {
		if part(s.dir) != "protocol" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if what := impureNode(n); what != "" {
				t.Errorf("%s/%s: %s", s.dir, s.name, what)
			}
			return true
		})
	}
}

func impureNode(n ast.Node) string {
	switch n := n.(type) {
	case *ast.GoStmt:
		return "starts a goroutine"
	case *ast.SelectorExpr:
		if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(asksTheClock, n.Sel.Name) {
			return "uses time." + n.Sel.Name
		}
	}
	return ""
}

// drawsOnChance are the functions that take randomness from the system without being
// given it. crypto/hpke offers no other way to encapsulate, so that there is one place
// in the protocol that does it, for callers that need no vectors of it.
var drawsOnChance = map[string][]string{"hpke": {"NewSender", "Seal"}, "ed25519": {"GenerateKey"}, "ecdh": {"GenerateKey"}, "mlkem": {"GenerateKey768", "GenerateKey1024"}}

func TestTheProtocolDrawsOnChanceInOnePlace(t *testing.T) {
	places := 0
	for _, s := range code(t) {
		if part(s.dir) != "protocol" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, is := n.(*ast.SelectorExpr)
			if !is {
				return true
			}
			if x, ok := call.X.(*ast.Ident); !ok || !slices.Contains(drawsOnChance[x.Name], call.Sel.Name) {
				return true
			}
			if places++; s.dir+"/"+s.name != "protocol/thread/hpke.go" {
				t.Errorf("%s/%s uses %s", s.dir, s.name, call.Sel.Name)
			}
			return true
		})
	}
	if places != 1 {
		t.Errorf("%d places", places)
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range code(t) {
		want := "Package " + s.file.Name.Name + " "
		if s.file.Name.Name == "main" {
			want = "Command "
		}
		documented[s.dir] = documented[s.dir] || strings.HasPrefix(s.file.Doc.Text(), want)
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s has no package comment", dir)
		}
	}
}

func TestNoPackageIsNamedForNothing(t *testing.T) {
	for _, s := range sources(t) {
		for _, word := range []string{"util", "utils", "common", "helper", "helpers", "manager", "misc"} {
			if s.file.Name.Name == word || filepath.Base(s.dir) == word {
				t.Errorf("%s: %s says nothing about what it holds", s.dir, word)
			}
		}
	}
}

func TestFilesStayShort(t *testing.T) {
	files := code(t)
	long := 0
	for _, s := range files {
		if s.lines > 500 {
			t.Errorf("%s/%s has %d lines", s.dir, s.name, s.lines)
		}
		if s.lines > 300 {
			long++
		}
	}
	if long*10 > len(files) {
		t.Errorf("%d of %d files are longer than 300 lines", long, len(files))
	}
}

func TestNothingRunsBeforeMain(t *testing.T) {
	for _, s := range code(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s/%s has an init function", s.dir, s.name)
			}
		}
	}
}
