package ipfs

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"syscall"
	"time"

	"github.com/ipfs/boxo/bitswap/client/traceability"
	"github.com/ipfs/boxo/exchange"
	"github.com/ipfs/boxo/verifcid"
	blocks "github.com/ipfs/go-block-format"
	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multihash"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/ipfs/pack"
	"github.com/kith-web/kith/internal/engine/ipfs/unixfs"
	"github.com/kith-web/kith/internal/fault"
)

// maxFlying is how many blocks are asked for in the background at once. Peers
// drop what is over 1,024 on a want-list; readers need room too.
const maxFlying = 640

// headStart is how long bitswap gets before HTTP gateways are asked as well,
// where there are peers.
const headStart = 150 * time.Millisecond

// fetcher brings the blocks of one site into its pack, those that a reader
// waits for first, the others behind them within a window.
type fetcher struct {
	e     *Engine
	pack  *pack.Pack
	tally *tally
	ctx   context.Context // ends with the site; here because the fetcher is what lives that long
	stop  context.CancelCauseFunc

	mu      sync.Mutex
	wants   map[pack.Key]*want
	urgent  []*want
	later   []*want
	flying  int   // background wants asked for
	weight  int64 // and their bytes, as far as known
	session exchange.Fetcher
	asking  context.Context // ends with the session
	quit    context.CancelFunc
	last    time.Time // when a block came, or the session began
	wake    chan struct{}
}

// want is a block that is not here.
type want struct {
	c      cid.Cid
	key    pack.Key
	guess  int64 // its length, as far as its parent says
	asked  bool
	http   bool // HTTP gateways are being asked as well
	flying bool
	ctx    context.Context // ends when the block is here
	cancel context.CancelFunc
	done   chan struct{}
	data   []byte // once done
	err    error
}

func newFetcher(e *Engine, p *pack.Pack, t *tally) *fetcher {
	f := &fetcher{e: e, pack: p, tally: t, wants: map[pack.Key]*want{}, wake: make(chan struct{}, 1)}
	f.ctx, f.stop = context.WithCancelCause(e.ctx)
	return f
}

// get returns a verified block, from disk or else from peers.
func (f *fetcher) get(ctx context.Context, c cid.Cid) ([]byte, error) {
	if err := verifcid.ValidateCid(verifcid.DefaultAllowlist, c); err != nil {
		return nil, fault.New(fault.Corrupt, "block %s: %w", c, err)
	}
	if c.Prefix().MhType == multihash.IDENTITY {
		mh, err := multihash.Decode(c.Hash())
		if err != nil {
			return nil, fault.New(fault.Corrupt, "block %s: %w", c, err)
		}
		return mh.Digest, nil
	}
	if data, err := f.local(c); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	return f.wait(ctx, f.want(c, true, 0))
}

// local returns a block that is in the pack, or in that of another open site.
// The empty block is everywhere, and bitswap does not carry it.
func (f *fetcher) local(c cid.Cid) ([]byte, error) {
	key := pack.KeyOf(c)
	data, _, err := f.pack.Get(key)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	if key == sha256.Sum256(nil) {
		return nil, f.keep(c, nil)
	}
	other, _, ok := f.e.locate(key)
	if !ok || other == f.pack {
		return nil, fs.ErrNotExist
	}
	if data, _, err = other.Get(key); err != nil || !matches(c, data) {
		return nil, fs.ErrNotExist
	}
	return data, f.keep(c, data)
}

// await returns once a block is on disk.
func (f *fetcher) await(ctx context.Context, l unixfs.Link) error {
	if f.has(l.CID) {
		return f.pack.Err()
	}
	_, err := f.wait(ctx, f.want(l.CID, false, int64(l.Size)))
	return err
}

// has reports whether a block needs no fetching.
func (f *fetcher) has(c cid.Cid) bool {
	if _, ok := f.pack.Find(pack.KeyOf(c)); ok || c.Prefix().MhType == multihash.IDENTITY {
		return true
	}
	_, err := f.local(c)
	return err == nil
}

// prefetch asks for blocks in the background.
func (f *fetcher) prefetch(links []unixfs.Link) {
	for _, l := range links {
		if !f.has(l.CID) && verifcid.ValidateCid(verifcid.DefaultAllowlist, l.CID) == nil {
			f.want(l.CID, false, int64(min(l.Size, uint64(f.e.o.MaxBlock))))
		}
	}
}

// wait waits for a want.
func (f *fetcher) wait(ctx context.Context, w *want) ([]byte, error) {
	select {
	case <-w.done:
		return w.data, w.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-f.ctx.Done():
		return nil, context.Cause(f.ctx)
	}
}

// want enters a block into one of the queues.
func (f *fetcher) want(c cid.Cid, urgent bool, guess int64) *want {
	key := pack.KeyOf(c)
	f.mu.Lock()
	defer f.mu.Unlock()
	w := f.wants[key]
	fresh := w == nil
	if fresh {
		w = &want{c: c, key: key, guess: min(max(guess, 1<<10), int64(f.e.o.MaxBlock)), done: make(chan struct{})}
		w.ctx, w.cancel = context.WithCancel(f.ctx)
		f.wants[key] = w
	}
	switch {
	case urgent && !w.asked:
		f.urgent = append(f.urgent, w)
	case fresh:
		f.later = append(f.later, w)
	default:
		return w
	}
	f.poke()
	return w
}

// poke wakes the dispatcher, starting it the first time. f.mu is held.
func (f *fetcher) poke() {
	if f.session == nil {
		f.begin()
		go f.run()
	}
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// begin starts a bitswap session. f.mu is held.
func (f *fetcher) begin() {
	f.asking, f.quit = context.WithCancel(f.ctx)
	f.session = f.e.swap.NewSession(f.asking)
	f.last = time.Now()
}

// run asks for what is queued until the site is closed.
func (f *fetcher) run() {
	tick := time.NewTicker(f.e.o.Patience)
	defer tick.Stop()
	for {
		select {
		case <-f.ctx.Done():
			return
		case <-tick.C:
			f.renew()
		case <-f.wake:
		}
		if batch := f.batch(); len(batch) > 0 {
			f.ask(batch)
		}
	}
}

// renew asks for everything again, in a new session, when nothing came for a
// long time: a session gives up on peers that were slow, and asks them no more.
func (f *fetcher) renew() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.wants) == 0 || time.Since(f.last) < f.e.o.Patience {
		return
	}
	f.quit()
	f.begin()
	for _, w := range f.wants {
		if w.asked {
			w.asked = false
			f.urgent = append(f.urgent, w)
		}
	}
}

// ask asks bitswap peers and HTTP gateways for blocks. It runs in run alone.
func (f *fetcher) ask(batch []*want) {
	cids := make([]cid.Cid, len(batch))
	for i, w := range batch {
		cids[i] = w.c
	}
	if in, err := f.session.GetBlocks(f.asking, cids); err == nil {
		go f.receive(in)
	}
	for _, w := range batch {
		if len(f.e.gateways.list) > 0 && !w.http {
			w.http = true
			go f.overHTTP(w)
		}
	}
}

// batch takes from the queues what may be asked for now.
func (f *fetcher) batch() []*want {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []*want
	for _, w := range f.urgent {
		if !w.asked {
			w.asked = true
			out = append(out, w)
		}
	}
	f.urgent = f.urgent[:0]
	for len(f.later) > 0 && f.flying < maxFlying && f.weight < f.e.o.Window {
		w := f.later[0]
		f.later[0], f.later = nil, f.later[1:]
		if w.asked {
			continue
		}
		w.asked, w.flying = true, true
		f.flying++
		f.weight += w.guess
		out = append(out, w)
	}
	return out
}

// receive takes what bitswap brings.
func (f *fetcher) receive(in <-chan blocks.Block) {
	for b := range in {
		from := ""
		if t, ok := b.(traceability.Block); ok {
			from = t.From.String()
		}
		f.arrived(b.Cid(), b.RawData(), engine.PeerBitswap, from)
	}
}

// overHTTP asks the gateways for a block until it is here.
func (f *fetcher) overHTTP(w *want) {
	pause := time.Duration(0)
	if len(f.e.host.Network().Peers()) > 0 {
		pause = headStart
	}
	for rest := firstRest; ; rest = min(2*rest, longRest) {
		select {
		case <-w.ctx.Done():
			return
		case <-time.After(pause):
		}
		data, from, err := f.e.gateways.block(w.ctx, w.c)
		if err == nil {
			f.arrived(w.c, data, engine.PeerHTTP, from.base)
			return
		}
		pause = rest
	}
}

// arrived stores a verified block and wakes who waits for it.
func (f *fetcher) arrived(c cid.Cid, data []byte, kind engine.PeerKind, from string) {
	key := pack.KeyOf(c)
	f.mu.Lock()
	w := f.wants[key]
	f.mu.Unlock()
	if w == nil || f.ctx.Err() != nil {
		return
	}
	var err error
	if len(data) > f.e.o.MaxBlock {
		err = fault.New(fault.TooLarge, "block %s has %d bytes, more than the limit of %d", c, len(data), f.e.o.MaxBlock)
	} else if err = f.keep(w.c, data); err == nil {
		f.tally.got(kind, from, int64(len(data)))
	}
	f.mu.Lock()
	if f.wants[key] != w {
		f.mu.Unlock()
		return
	}
	delete(f.wants, key)
	f.last = time.Now()
	if w.flying {
		f.flying--
		f.weight -= w.guess
	}
	if len(f.later) > 0 {
		f.poke()
	}
	f.mu.Unlock()
	w.data, w.err = data, err
	w.cancel()
	close(w.done)
}

// keep puts a verified block into the pack and tells peers that wait for it.
func (f *fetcher) keep(c cid.Cid, data []byte) error {
	if err := f.pack.Put(pack.KeyOf(c), data, structure(c, data)); err != nil {
		if errors.Is(err, syscall.ENOSPC) {
			return fault.New(fault.NoSpace, "cannot store block %s: %w", c, err)
		}
		return err
	}
	b, err := blocks.NewBlockWithCid(data, c)
	if err != nil {
		return fmt.Errorf("block %s: %w", c, err)
	}
	return f.e.swap.Server.NotifyNewBlocks(f.ctx, b)
}

// structure reports whether a block is a node that holds other blocks together
// instead of content.
func structure(c cid.Cid, data []byte) bool {
	if c.Prefix().Codec != cid.DagProtobuf {
		return false
	}
	n, err := unixfs.Decode(data, unixfs.AnyLinks)
	return err != nil || len(n.Links) > 0 || n.Type != unixfs.File && n.Type != unixfs.Raw
}

// waiting is how many blocks are wanted, readers' and background's.
func (f *fetcher) waiting() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.wants)
}
