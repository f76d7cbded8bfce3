package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/protocol"
)

const (
	// visibleEdits is how many edits of one brand are looked for at most: a brand that
	// announces more than 16 at once waits from one to the next
	// (specs/11-announcement.md §5), and its node has announced a few heads before.
	visibleEdits = 12
	// visibleSlow is from when on an edit is worth a word.
	visibleSlow = 250 * time.Millisecond
)

// visible publishes prices on nodes of this process and looks for them on the pages
// of a shop that mirrors them: the real binary, over loopback. The clock starts when
// a node is told the price, so signing and syncing it to disk counts.
func visible(ctx context.Context, l *lab) (rows []row, err error) {
	v := &view{lab: l}
	if err = v.open(ctx); err == nil {
		rows, err = v.measure(ctx)
	}
	return rows, errors.Join(err, v.close())
}

// view is a shop that mirrors brands.
type view struct {
	*lab
	mirror *served
	shops  []*shop
}

// shop is the node of a mirrored brand, in this process.
type shop struct {
	*node.Node
	handle string
	stop   func() error
}

func (v *view) open(ctx context.Context) error {
	home := filepath.Join(v.dir, "mirror")
	if err := found(ctx, home, 1); err != nil {
		return err
	}
	var err error
	if v.mirror, err = v.serve(ctx, home, "--listen", listen, "--network", network); err != nil {
		return err
	}
	// one brand more, whose edits come in a rush
	for i := range (v.scale.seen+visibleEdits-1)/visibleEdits + 1 {
		s, err := v.openShop(ctx, fmt.Sprint("shop-", i))
		if err != nil {
			return err
		}
		v.shops = append(v.shops, s)
		if err := v.follow(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// openShop founds a brand and runs its node.
func (v *view) openShop(ctx context.Context, handle string) (*shop, error) {
	home := filepath.Join(v.dir, handle)
	if err := found(ctx, home, v.scale.mirrored); err != nil {
		return nil, err
	}
	o := nodeOptions(home)
	o.Net = &node.NetOptions{Network: network, Listen: []string{listen}, Private: true}
	n, err := node.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- n.Run(running) }()
	return &shop{n, handle, func() error {
		stop()
		return errors.Join(<-ended, n.Close(), os.RemoveAll(home))
	}}, nil
}

// follow has the mirror follow a shop, and waits until it shows the whole of it.
func (v *view) follow(ctx context.Context, s *shop) error {
	st, err := s.Status(ctx)
	if err != nil || len(st.Listen) == 0 {
		return fmt.Errorf("%s listens nowhere: %w", s.handle, err)
	}
	args := []string{"follow", st.Listen[0], "--as", s.handle, "--home", v.mirror.home}
	if out, err := exec.CommandContext(ctx, v.stoa, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("stoa follow: %w\n%s", err, out)
	}
	_, err = v.await(ctx, s, v.scale.mirrored-1, "")
	return err
}

func (v *view) close() error {
	var errs []error
	for _, s := range v.shops {
		errs = append(errs, s.stop())
	}
	if v.mirror != nil {
		errs = append(errs, v.mirror.stop(), os.RemoveAll(v.mirror.home))
	}
	return errors.Join(errs...)
}

func (v *view) measure(ctx context.Context) ([]row, error) {
	var took []float64
	for i := range v.scale.seen {
		s := v.shops[i/visibleEdits]
		d, err := v.edit(ctx, s, i%v.scale.mirrored, i)
		if err != nil {
			return nil, err
		}
		took = append(took, milliseconds(d))
		if d > visibleSlow {
			v.say("visible: edit %d of %s took %.0f ms", i%visibleEdits+1, s.handle, milliseconds(d))
		}
	}
	rush, err := v.rush(ctx, v.shops[len(v.shops)-1])
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("of %d edits until another node's page has the price", v.scale.seen)
	return []row{
		absolute("median "+name, median(took), "ms", lower, 50),
		absolute("99th percentile "+name, percentile(took, 99), "ms", lower, milliseconds(visibleSlow)),
		absolute(fmt.Sprintf("from the last of %d edits in %v until another node's page has the price", v.scale.rush, v.scale.rushTime), rush.Seconds(), "s", lower, 1),
	}, nil
}

// edit sets a price and returns how long it was until the mirror's page has it.
func (v *view) edit(ctx context.Context, s *shop, product, i int) (time.Duration, error) {
	begin := time.Now()
	price, err := s.reprice(ctx, product, i)
	if err != nil {
		return 0, err
	}
	seen, err := v.await(ctx, s, product, price)
	return seen.Sub(begin), err
}

// reprice gives a product's first variant a price of its own, as pages write it.
func (s *shop) reprice(ctx context.Context, product, i int) (string, error) {
	price := protocol.NewMoney(int64(60_000+i), currency).Decimal()
	_, err := s.SetPrice(ctx, variantOf(product, 0), price)
	return price, err
}

// rush makes many edits, evenly over some time, and returns how long after the last
// one the mirror has it.
func (v *view) rush(ctx context.Context, s *shop) (time.Duration, error) {
	tick := time.NewTicker(v.scale.rushTime / time.Duration(v.scale.rush))
	defer tick.Stop()
	for i := range v.scale.rush - 1 {
		if _, err := s.reprice(ctx, i%v.scale.mirrored, 10_000+i); err != nil {
			return 0, err
		}
		<-tick.C
	}
	return v.edit(ctx, s, 0, 30_000)
}

// lookEvery is how often a page is asked for.
const lookEvery = time.Millisecond

// await asks the mirror for a product's page until it is there and has a text, and
// returns when that was.
func (v *view) await(ctx context.Context, s *shop, product int, text string) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	url := v.mirror.places.Shop + "/@" + s.handle + pathOf(product)
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	for {
		p, err := fetchWith(ctx, client, url, "")
		if err != nil {
			return time.Time{}, fmt.Errorf("the mirror never shows %q of %s: %w", text, s.handle, err)
		}
		if p.status == http.StatusOK && bytes.Contains(p.body, []byte(text)) {
			return time.Now(), nil
		}
		time.Sleep(lookEvery)
	}
}
