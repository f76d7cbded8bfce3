package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// When the node rests, memory that a burst of work needed, such as fetching many
// catalogs, is given back to the machine at once: the runtime alone would wait
// minutes for its next collection.
const (
	idleLook    = 5 * time.Second
	idleAtMost  = 16 << 20 // bytes allocated since the last look: more is no rest
	worthGiving = 64 << 20 // bytes that might be given back
)

// giveBack looks every few seconds, until ctx ends.
func giveBack(ctx context.Context) {
	tick := time.NewTicker(idleLook)
	defer tick.Stop()
	last, given := heapNow(), heap{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := heapNow()
		// What has been looked through once, with little made since, holds nothing new.
		if now.made-last.made < idleAtMost && now.held > worthGiving && now.made-given.made > idleAtMost {
			debug.FreeOSMemory()
			given = now
		}
		last = now
	}
}

// heap is what the runtime says of its memory, in bytes.
type heap struct {
	made uint64 // allocated since the start
	held uint64 // of the machine's memory, in use or not
}

func heapNow() heap {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return heap{made: s[0].Value.Uint64(), held: s[1].Value.Uint64() - s[2].Value.Uint64()}
}
