package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// settle is how long after it is ready a node's memory is looked at again: its
// upkeep has begun by then.
const settle = 2 * time.Second

// start runs the real binary over the large catalog. Memory is the larger of what
// is resident when it is ready and two seconds later.
func start(ctx context.Context, l *lab) ([]row, error) {
	home, err := l.home(ctx, l.scale.big)
	if err != nil {
		return nil, err
	}
	var ready, resident []float64
	for range l.scale.starts {
		seconds, bytes, err := l.startOnce(ctx, home)
		if err != nil {
			return nil, err
		}
		ready, resident = append(ready, seconds), append(resident, bytes)
	}
	n := count(l.scale.big)
	rows := []row{absolute("stoa serve until /readyz with "+n+" products", median(ready), "s", lower, 1)}
	if runtime.GOOS == "linux" {
		rows = append(rows, absolute("resident memory with "+n+" products", median(resident)/kilo/kilo, "MB", lower, 250))
	}
	return rows, nil
}

func (l *lab) startOnce(ctx context.Context, home string) (seconds, resident float64, err error) {
	s, err := l.serve(ctx, home)
	if err != nil {
		return 0, 0, err
	}
	resident, err = s.resident()
	if err == nil {
		time.Sleep(settle)
		var later float64
		later, err = s.resident()
		resident = max(resident, later)
	}
	return s.ready.Seconds(), resident, errors.Join(err, s.stop())
}

// resident returns the bytes of the process that are in memory, mapped files
// included. Only Linux says so; elsewhere it is 0.
func (c *child) resident() (float64, error) { return c.memory("VmRSS:") }

// memory returns one of the figures that Linux gives of a process's memory in bytes.
func (c *child) memory(name string) (float64, error) {
	if runtime.GOOS != "linux" {
		return 0, nil
	}
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), name); ok {
			var kib float64
			_, err := fmt.Sscanf(strings.TrimSpace(rest), "%f kB", &kib)
			return kib * 1024, err
		}
	}
	return 0, errors.Join(lines.Err(), fmt.Errorf("the process has no %s", name))
}
