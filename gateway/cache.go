package gateway

import (
	"container/list"
	"sync"

	"github.com/stoa-commerce/stoa/gateway/shop"
)

// pageKey is everything that a page depends on.
type pageKey struct {
	asked  shop.Request
	state  shop.State
	origin string
	base   string // where the shop stands
	beside string // digest of what the page says of other shops
}

// cache keeps rendered pages, the ones used last, within a bound of bytes. A page
// that several ask for at once is rendered once.
type cache struct {
	limit int64

	mu           sync.Mutex
	used         int64
	byKey        map[pageKey]*list.Element
	recent       *list.List // of *entry, the one used last in front
	hits, misses uint64
}

type entry struct {
	key   pageKey
	cost  int64
	ready chan struct{}
	page  *reply
	err   error
}

func newCache(limit int64) *cache {
	return &cache{limit: limit, byKey: map[pageKey]*list.Element{}, recent: list.New()}
}

// get returns the page of key, made by render when it isn't there. Errors and
// anything but a page are not kept.
func (c *cache) get(key pageKey, render func() (*reply, error)) (*reply, error) {
	c.mu.Lock()
	if at, ok := c.byKey[key]; ok {
		c.hits++
		c.recent.MoveToFront(at)
		e := at.Value.(*entry)
		c.mu.Unlock()
		<-e.ready
		return e.page, e.err
	}
	c.misses++
	e := &entry{key: key, ready: make(chan struct{})}
	c.byKey[key] = c.recent.PushFront(e)
	c.mu.Unlock()
	return c.fill(e, render)
}

func (c *cache) fill(e *entry, render func() (*reply, error)) (*reply, error) {
	done := false
	defer func() {
		if !done { // render panicked
			e.err = errPanicked
			c.drop(e)
			close(e.ready)
		}
	}()
	e.page, e.err = render()
	done = true
	if e.err != nil {
		c.drop(e)
	} else {
		c.settle(e.key, e.page.size())
	}
	close(e.ready)
	return e.page, e.err
}

// settle adds to what an entry costs and makes room. An entry that is gone
// meanwhile costs nothing.
func (c *cache) settle(key pageKey, more int64) {
	if more == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.byKey[key]
	if !ok {
		return
	}
	at.Value.(*entry).cost += more
	c.used += more
	for c.used > c.limit && c.recent.Len() > 0 {
		c.remove(c.recent.Back())
	}
}

func (c *cache) drop(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, ok := c.byKey[e.key]; ok && at.Value.(*entry) == e {
		c.remove(at)
	}
}

func (c *cache) remove(at *list.Element) {
	e := c.recent.Remove(at).(*entry)
	delete(c.byKey, e.key)
	c.used -= e.cost
}

// stats are what the metrics show.
func (c *cache) stats() (used int64, pages int, hits, misses uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used, len(c.byKey), c.hits, c.misses
}
