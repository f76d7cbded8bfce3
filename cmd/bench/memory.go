package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// memory lets the real binary follow many brands, all of which one peer in this
// process has, and looks at what is resident once every catalog has come over the
// network and some seconds later.
func memory(ctx context.Context, l *lab) (rows []row, err error) {
	c := &crowd{lab: l, dir: filepath.Join(l.dir, "crowd"), now: time.Now()}
	if err = c.open(ctx); err == nil {
		rows, err = c.measure(ctx)
	}
	return rows, errors.Join(err, c.close())
}

// crowd is many small brands that one peer has, and a node that follows them all.
type crowd struct {
	*lab
	dir      string
	now      time.Time
	hub      *peer
	brands   []protocol.CID
	pictures []*catalog.Media
	follower *served
}

func (c *crowd) open(ctx context.Context) (err error) {
	begin := time.Now()
	dir := filepath.Join(c.dir, "hub")
	engine, err := openEngine(dir)
	if err != nil {
		return err
	}
	if c.hub, err = openPeerOver(ctx, dir, hasty{engine}); err != nil {
		return err
	}
	if err := c.draw(ctx); err != nil {
		return err
	}
	for i := range c.scale.brands {
		b, err := newBrand(fmt.Sprint("brand-", i), c.now)
		if err != nil {
			return err
		}
		if err := b.found(ctx, c.hub.store, c.now, c.catalog(i)); err != nil {
			return err
		}
		c.brands = append(c.brands, b.id())
	}
	c.say("%s brands took %.1f s to make", count(c.scale.brands), time.Since(begin).Seconds())
	return nil
}

// catalogPictures is how many pictures the products of all brands share.
const catalogPictures = 6

// draw puts the pictures where the peer has them.
func (c *crowd) draw(ctx context.Context) error {
	for i := range catalogPictures {
		img := image.NewGray(image.Rect(0, 0, 64, 80))
		img.SetGray(i, i, color.Gray{Y: 200})
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			return err
		}
		m, err := c.hub.blobs.Put(ctx, &b)
		if err != nil {
			return err
		}
		c.pictures = append(c.pictures, &m)
	}
	return nil
}

// catalog yields the records of the i-th brand.
func (c *crowd) catalog(i int) iter.Seq2[store.Change, error] {
	return func(yield func(store.Change, error) bool) {
		profile := profileOf(fmt.Sprint("Brand no. ", i))
		if !yieldRecord(yield, &profile) {
			return
		}
		for _, m := range c.pictures {
			if !yieldRecord(yield, m) {
				return
			}
		}
		for k := range c.scale.wares {
			if !yieldAll(yield, c.ware(i*c.scale.wares+k)...) {
				return
			}
		}
	}
}

// ware returns the records of a product with one of the shared pictures.
func (c *crowd) ware(i int) []catalog.Record {
	p := ownProduct(i, c.now)
	p.Pictures = nil
	p.Product.Media = []catalog.MediaRef{{Blob: c.pictures[i%catalogPictures].Blob, Alt: p.Product.Title}}
	return records(p, i)
}

func (c *crowd) close() error {
	var errs []error
	if c.follower != nil {
		errs = append(errs, c.follower.stop())
	}
	if c.hub != nil {
		errs = append(errs, c.hub.close())
	}
	return errors.Join(append(errs, os.RemoveAll(c.dir))...)
}

func (c *crowd) measure(ctx context.Context) ([]row, error) {
	home := filepath.Join(c.dir, "follower")
	if err := found(ctx, home, 1); err != nil {
		return nil, err
	}
	if err := c.note(ctx, home); err != nil {
		return nil, err
	}
	var err error
	if c.follower, err = c.serve(ctx, home, "--listen", listen, "--network", network); err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := c.synced(ctx); err != nil {
		return nil, err
	}
	c.say("memory: %s brands took %.1f s to come", count(c.scale.brands), time.Since(begin).Seconds())
	return c.rows()
}

// note has the home follow all brands from when it is served.
func (c *crowd) note(ctx context.Context, home string) error {
	n, err := node.Open(ctx, nodeOptions(home))
	if err != nil {
		return err
	}
	for _, id := range c.brands {
		f := store.Follow{Brand: id, Since: protocol.MillisOf(c.now), Peers: []string{c.hub.addr()}}
		if err := n.Store().PutFollow(ctx, f); err != nil {
			return errors.Join(err, n.Close())
		}
	}
	return n.Close()
}

// syncPatience is how long all catalogs may take to come.
const syncPatience = 5 * time.Minute

// synced waits until the follower has the catalogs of all brands.
func (c *crowd) synced(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, syncPatience)
	defer cancel()
	for {
		here, err := c.here(ctx)
		if err != nil {
			return fmt.Errorf("after %d of %d brands: %w", here, len(c.brands), err)
		}
		if here == len(c.brands) {
			return nil
		}
		time.Sleep(time.Second / 2)
	}
}

// here counts the brands whose products have all come.
func (c *crowd) here(ctx context.Context) (n int, err error) {
	out, err := exec.CommandContext(ctx, c.stoa, "brands", "--json", "--home", c.follower.home).Output()
	if err != nil {
		return 0, fmt.Errorf("stoa brands: %w", err)
	}
	var list []node.BrandStatus
	if err := json.Unmarshal(out, &list); err != nil {
		return 0, err
	}
	for _, b := range list {
		if b.Products == c.scale.wares {
			n++
		}
	}
	return n, nil
}

func (c *crowd) rows() ([]row, error) {
	if runtime.GOOS != "linux" {
		return nil, errors.New("what is resident can only be seen on Linux")
	}
	if _, err := c.look("when all has come"); err != nil {
		return nil, err
	}
	time.Sleep(10 * settle)
	later, err := c.look("20 seconds later")
	name := fmt.Sprintf("resident memory of a node that follows %s brands of %d products, 20 s after all has come", count(c.scale.brands), c.scale.wares)
	return []row{absolute(name, later, "MB", lower, 400)}, err
}

// look returns the megabytes that are resident in the follower, and says of what kind
// they are.
func (c *crowd) look(when string) (float64, error) {
	var mb []float64
	for _, name := range []string{"VmRSS:", "RssFile:", "VmHWM:"} {
		bytes, err := c.follower.memory(name)
		if err != nil {
			return 0, err
		}
		mb = append(mb, bytes/kilo/kilo)
	}
	c.say("memory: %.0f MB resident %s, %.0f of them mapped files; %.0f at most so far", mb[0], when, mb[1], mb[2])
	return mb[0], nil
}
