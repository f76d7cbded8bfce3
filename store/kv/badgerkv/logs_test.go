package badgerkv

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// recorder is a disk of names that notes what is synced.
type recorder struct {
	names  []string
	synced []string
}

func (d *recorder) List(string) ([]string, error) { return d.names, nil }

func (d *recorder) Open(path string) (syncable, error) {
	for _, n := range append([]string{"dir"}, d.names...) {
		if n == filepath.Base(path) {
			return recorded{d, n}, nil
		}
	}
	return nil, os.ErrNotExist
}

type recorded struct {
	disk *recorder
	name string
}

func (f recorded) Sync() error  { f.disk.synced = append(f.disk.synced, f.name); return nil }
func (f recorded) Close() error { return nil }

// TestFlushSyncsEveryLogThatMayHoldCommits walks through a log's life.
func TestFlushSyncsEveryLogThatMayHoldCommits(t *testing.T) {
	disk := &recorder{}
	l := newLogs("dir", disk)
	for _, step := range []struct {
		what  string
		names []string
		want  []string
	}{
		{"first round", []string{"00001.mem", "MANIFEST"}, []string{"00001.mem", "dir"}},
		{"same log again", []string{"00001.mem", "MANIFEST"}, []string{"00001.mem"}},
		{"two logs later, oldest first", []string{"00001.mem", "00002.mem", "00003.mem", "MANIFEST"},
			[]string{"00001.mem", "00002.mem", "00003.mem", "dir"}},
		{"old logs are settled", []string{"00001.mem", "00002.mem", "00003.mem", "MANIFEST"}, []string{"00003.mem"}},
		{"a log became a table", []string{"000001.sst", "00002.mem", "00003.mem", "MANIFEST"}, []string{"00003.mem", "dir"}},
		{"a file went", []string{"00003.mem", "MANIFEST"}, []string{"00003.mem"}},
		{"the last log changed", []string{"00004.mem", "MANIFEST"}, []string{"00004.mem", "dir"}},
	} {
		disk.names, disk.synced = step.names, nil
		if err := l.flush(); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(disk.synced, step.want) {
			t.Errorf("%s: synced %v, want %v", step.what, disk.synced, step.want)
		}
	}
}
