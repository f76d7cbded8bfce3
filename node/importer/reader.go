package importer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Limits of a file. A file may be of any length; these bound what is held of it
// at a time.
const (
	maxColumns = 1000
	maxField   = 1 << 20 // bytes of one cell
	maxRow     = 4 << 20 // bytes of one row
)

// row is one row of the file with as many cells as the header, trimmed.
type row struct {
	no    int // as a spreadsheet counts: the header is 1
	cells []string
	size  int // bytes
	bad   string
}

// reader splits CSV (RFC 4180) into rows. Rows end with LF, CRLF or CR. A quote
// inside a cell that doesn't begin with one stands for itself.
type reader struct {
	r     *bufio.Reader
	no    int    // of the last row read
	width int    // columns of the header, 0 before it was read
	cell  []byte // of the row being read, all cells one after the other
	ends  []int  // where each cell ends in cell
}

func newReader(r io.Reader) (*reader, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	start, err := b.Peek(4 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read product file: %w", err)
	}
	if what := foreign(start); what != "" {
		return nil, fmt.Errorf("%w: the file %s", ErrFormat, what)
	}
	if bytes.HasPrefix(start, utf8BOM) {
		_, _ = b.Discard(len(utf8BOM)) // it was peeked
	}
	return &reader{r: b}, nil
}

var utf8BOM = []byte("\xEF\xBB\xBF")

// foreign says what a file that begins so is, if not text in UTF-8.
func foreign(start []byte) string {
	switch {
	case len(bytes.TrimSpace(bytes.TrimPrefix(start, utf8BOM))) == 0:
		return "is empty"
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return "is a zip archive or an Excel workbook; unpack it, or save it as CSV UTF-8"
	case bytes.HasPrefix(start, []byte("\xD0\xCF\x11\xE0")):
		return "is an Excel workbook; save it as CSV UTF-8"
	case bytes.HasPrefix(start, []byte("\x1F\x8B")):
		return "is compressed; unpack it first"
	case bytes.HasPrefix(start, []byte("\xFF\xFE")), bytes.HasPrefix(start, []byte("\xFE\xFF")):
		return "is in UTF-16; save it as CSV UTF-8"
	case bytes.IndexByte(start, 0) >= 0:
		return "is binary, not text"
	}
	return ""
}

// header returns the first row that isn't blank.
func (r *reader) header() ([]string, error) {
	for {
		cells, err := r.read()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%w: the file is empty", ErrFormat)
		}
		if err != nil {
			return nil, err
		}
		if !blank(cells) {
			r.width = len(cells)
			return cells, nil
		}
	}
}

// next returns the next row that isn't blank, io.EOF behind the last one.
func (r *reader) next() (*row, error) {
	for {
		cells, err := r.read()
		if err != nil {
			return nil, err
		}
		if !blank(cells) {
			return r.fit(cells), nil
		}
	}
}

// fit brings a row to the header's width. Blank cells beyond it are dropped, as
// spreadsheets add them; other differences make the row bad.
func (r *reader) fit(cells []string) *row {
	out := &row{no: r.no, cells: cells, size: len(r.cell)}
	n := len(cells)
	switch {
	case n < r.width:
		out.cells = append(cells, make([]string, r.width-n)...)
	case n > r.width:
		out.cells = cells[:r.width]
	}
	if n < r.width || n > r.width && !blank(cells[r.width:]) {
		out.bad = fmt.Sprintf("has %d cells where the header has %d; a comma or quote is missing or too much", n, r.width)
	}
	return out
}

func blank(cells []string) bool {
	for _, c := range cells {
		if c != "" {
			return false
		}
	}
	return true
}

// read returns the trimmed cells of the next row.
func (r *reader) read() ([]string, error) {
	r.no++
	r.cell, r.ends = r.cell[:0], r.ends[:0]
	for {
		last, err := r.readCell()
		if err != nil {
			return nil, err
		}
		if len(r.ends) == maxColumns {
			return nil, r.fault("has more than %d columns", maxColumns)
		}
		r.ends = append(r.ends, len(r.cell))
		if last {
			break
		}
	}
	if !utf8.Valid(r.cell) {
		return nil, r.fault("is not in UTF-8; save the file as CSV UTF-8")
	}
	return r.split(), nil
}

// split cuts what was read into cells that share one string.
func (r *reader) split() []string {
	all := string(r.cell)
	cells := make([]string, len(r.ends))
	start := 0
	for i, end := range r.ends {
		cells[i] = strings.TrimSpace(all[start:end])
		start = end
	}
	return cells
}

func (r *reader) fault(format string, args ...any) error {
	return fmt.Errorf("%w: row %d %s", ErrFormat, r.no, fmt.Sprintf(format, args...))
}

// readCell appends one cell to r.cell and reports whether it ends the row. It
// returns io.EOF when nothing is left at the start of a row.
func (r *reader) readCell() (last bool, err error) {
	c, err := r.r.ReadByte()
	if errors.Is(err, io.EOF) && len(r.ends) > 0 {
		return true, nil
	}
	if err != nil {
		return false, r.broken(err)
	}
	if c == '"' {
		return r.quoted()
	}
	_ = r.r.UnreadByte() // a byte was just read
	return r.plain()
}

func (r *reader) broken(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return fmt.Errorf("read product file, row %d: %w", r.no, err)
}

// plain reads a cell without quotes around it, with its separator.
func (r *reader) plain() (last bool, err error) {
	c, err := r.text(len(r.cell), ',', '\n', '\r')
	if errors.Is(err, io.EOF) {
		return true, nil
	}
	return r.separator(c), err
}

// text appends what stands before the next byte a, b or c, takes that byte too
// and returns it. start is where the cell begins in r.cell.
func (r *reader) text(start int, a, b, c byte) (stop byte, err error) {
	for {
		if _, err := r.r.Peek(1); err != nil {
			return 0, r.broken(err)
		}
		window, _ := r.r.Peek(r.r.Buffered()) // it is all there
		n := 0
		for n < len(window) && window[n] != a && window[n] != b && window[n] != c {
			n++
		}
		if err := r.add(start, window[:n]); err != nil {
			return 0, err
		}
		if n < len(window) {
			stop = window[n]
			_, _ = r.r.Discard(n + 1) // it was peeked
			return stop, nil
		}
		_, _ = r.r.Discard(n)
	}
}

// separator takes the rest of a CRLF and reports whether c ends the row.
func (r *reader) separator(c byte) (last bool) {
	if c == '\r' {
		r.skip('\n')
	}
	return c != ','
}

// skip takes the next byte if it is c.
func (r *reader) skip(c byte) bool {
	next, err := r.r.Peek(1)
	if err != nil || next[0] != c {
		return false
	}
	_, _ = r.r.Discard(1) // it was peeked
	return true
}

// quoted reads a cell behind its opening quote, with its separator. CRLF within
// it becomes LF.
func (r *reader) quoted() (last bool, err error) {
	start := len(r.cell)
	for {
		c, err := r.text(start, '"', '\r', '\r')
		if errors.Is(err, io.EOF) {
			return false, r.fault("opens a quote in column %d that is never closed", len(r.ends)+1)
		}
		if err != nil {
			return false, err
		}
		if c == '"' && !r.skip('"') {
			return r.closed()
		}
		if c == '\r' && r.skip('\n') {
			c = '\n'
		}
		if err := r.add(start, []byte{c}); err != nil {
			return false, err
		}
	}
}

// closed reads the separator behind a closing quote.
func (r *reader) closed() (last bool, err error) {
	c, err := r.r.ReadByte()
	for c == ' ' && err == nil {
		c, err = r.r.ReadByte()
	}
	if errors.Is(err, io.EOF) {
		return true, nil
	}
	if err != nil {
		return false, r.broken(err)
	}
	if c == ',' || c == '\n' || c == '\r' {
		return r.separator(c), nil
	}
	return false, r.fault("has text behind a closing quote in column %d; quotes within a cell are written twice", len(r.ends)+1)
}

func (r *reader) add(start int, more []byte) error {
	if len(r.cell)-start+len(more) > maxField {
		return r.fault("has more than %d bytes in column %d; a closing quote may be missing", maxField, len(r.ends)+1)
	}
	if len(r.cell)+len(more) > maxRow {
		return r.fault("has more than %d bytes", maxRow)
	}
	r.cell = append(r.cell, more...)
	return nil
}
