package importer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func TestWhatIsNoProductFileIsNamed(t *testing.T) {
	cases := []struct{ name, file, says string }{
		{"empty", "", "is empty"},
		{"only a byte order mark and blank lines", "\xEF\xBB\xBF\r\n\n  \n", "is empty"},
		{"only blank cells", ",,,\n,,\n", "is empty"},
		{"zip or workbook", "PK\x03\x04\x14\x00\x06\x00", "Excel workbook"},
		{"old workbook", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "Excel workbook"},
		{"gzip", "\x1F\x8B\x08\x00", "compressed"},
		{"UTF-16", "\xFF\xFEH\x00a\x00n\x00", "UTF-16"},
		{"picture", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "binary"},
		{"another table", "ID,SKU,Name\n1,a,b\n", "no column Title or Handle"},
		{"semicolons", "Handle;Title;Variant Price\na;A;1\n", "separated by commas"},
		{"Latin-1 in the header", "Handle,Title,Gr\xF6\xDFe\n", "row 1 is not in UTF-8"},
		{"one column twice", "Handle,Title,SKU,Variant SKU\n", "columns 3 (SKU) and 4 (Variant SKU) mean the same"},
		{"one custom field twice", "Title,A (product.metafields.x.y),B (product.metafields.x.y)\n", "columns 2"},
		{"too many columns", "Title" + strings.Repeat(",x", maxColumns) + "\n", "more than 1000 columns"},
		{"open quote in the header", "Handle,\"Title\n", "column 2 that is never closed"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Open(strings.NewReader(c.file), Options{Currency: "EUR", Now: noon})
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want it to say %q", err, c.says)
			}
		})
	}
}

func TestABrokenFileEndsWithAnErrorThatNamesTheRow(t *testing.T) {
	const good = "Handle,Title,Price\na,A,1\n"
	cases := []struct{ name, file, says string }{
		{"open quote", good + "b,\"B,2\nc,C,3\n", "row 3 opens a quote in column 2 that is never closed"},
		{"text behind a quote", good + "b,\"B\"x,2\n", "row 3 has text behind a closing quote in column 2"},
		{"Latin-1", good + "b,Gr\xF6\xDFe,2\n", "row 3 is not in UTF-8"},
		{"a cell too large", good + "b," + strings.Repeat("x", maxField+1) + ",2\n", "row 3 has more than 1048576 bytes in column 2"},
		{"a row too large", "Handle,Title,Price,a,b,c,d,e\n\na" + strings.Repeat(","+strings.Repeat("x", maxField), 5) + "\n", "row 3 has more than 4194304 bytes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := lastError(t, c.file)
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %.200v, want it to say %q", err, c.says)
			}
		})
	}
}

func lastError(t *testing.T, file string) (last error) {
	t.Helper()
	f, err := Open(strings.NewReader(file), Options{Currency: "EUR", Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range f.Products(t.Context(), newShop()) {
		if last != nil {
			t.Fatal("went on after an error")
		}
		last = err
	}
	return last
}

func TestAFailingDiskIsNoFaultOfTheFile(t *testing.T) {
	f, err := Open(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("Title,Price\n"))), Options{Currency: "EUR"})
	if !errors.Is(err, iotest.ErrTimeout) || errors.Is(err, ErrFormat) {
		t.Errorf("got %v, %v", f, err)
	}
}

func TestEveryLineEndAndQuoteReadsTheSame(t *testing.T) {
	want := [][]string{{"Handle", "Title"}, {"a", "A \"big\" one,\nin two lines"}, {"b", `12" pan`}, {"c", ""}}
	cases := []struct{ name, file string }{
		{"LF", "Handle,Title\na,\"A \"\"big\"\" one,\nin two lines\"\nb,12\" pan\nc,\n"},
		{"CRLF", "Handle,Title\r\na,\"A \"\"big\"\" one,\r\nin two lines\"\r\nb,12\" pan\r\nc,\r\n"},
		{"CR", "Handle,Title\ra,\"A \"\"big\"\" one,\nin two lines\"\rb,12\" pan\rc,\r"},
		{"no line end at the end", "Handle,Title\na,\"A \"\"big\"\" one,\nin two lines\"\nb,12\" pan\nc,"},
		{"byte order mark, blanks, quotes everywhere", "\xEF\xBB\xBF\"Handle\",\"Title\" \n\n\"a\" ,\"A \"\"big\"\" one,\nin two lines\"\n\n\"b\",\"12\"\" pan\"\n\"c\",\"\"\n\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := cellsOf(t, c.file); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
				t.Errorf("got %q\nwant %q", got, want)
			}
		})
	}
}

func cellsOf(t interface{ Fatal(...any) }, file string) [][]string {
	r, err := newReader(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	header, err := r.header()
	if err != nil {
		t.Fatal(err)
	}
	all := [][]string{header}
	for {
		row, err := r.next()
		if err != nil {
			return all
		}
		all = append(all, row.cells)
	}
}

func TestWhatIsWrittenAsCSVIsReadBack(t *testing.T) {
	cell := rapid.OneOf(rapid.StringMatching(`[a-z",\n ]{0,6}`), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 5).Draw(t, "width")
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, width, width), 1, 5).Draw(t, "rows")
		end := rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(t, "end")
		want := [][]string{slices.Repeat([]string{"h"}, width)}
		file := strings.Join(want[0], ",") + end
		for _, row := range rows {
			var quoted []string
			for i, c := range row {
				row[i] = strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(c, "\x00", ""), "\r\n", "\n"))
				quoted = append(quoted, `"`+strings.ReplaceAll(row[i], `"`, `""`)+`"`)
			}
			file += strings.Join(quoted, ",") + end
			if !blank(row) {
				want = append(want, row)
			}
		}
		if got := cellsOf(t, file); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Fatalf("file %q\ngot  %q\nwant %q", file, got, want)
		}
	})
}
