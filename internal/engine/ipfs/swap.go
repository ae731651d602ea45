package ipfs

import (
	"context"
	"errors"
	"fmt"

	"github.com/ipfs/boxo/bitswap"
	"github.com/ipfs/boxo/bitswap/client"
	"github.com/ipfs/boxo/bitswap/message"
	"github.com/ipfs/boxo/bitswap/network/bsnet"
	"github.com/ipfs/boxo/blockstore"
	blocks "github.com/ipfs/go-block-format"
	"github.com/ipfs/go-cid"
	ipld "github.com/ipfs/go-ipld-format"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/kith-web/kith/internal/engine/ipfs/pack"
)

// How the bitswap server works: few workers, since the disk answers from
// memory mostly, and enough bytes under way to fill a fast line.
const (
	swapWorkers     = 8
	swapOutstanding = 8 << 20
	swapMessage     = 512 << 10
)

// newSwap starts bitswap over the blocks of open sites.
func newSwap(ctx context.Context, e *Engine) *bitswap.Bitswap {
	patience := client.DefaultDontHaveTimeoutConfig()
	patience.MinTimeout, patience.DontHaveTimeout, patience.MaxTimeout = e.o.Patience, e.o.Patience, 2*e.o.Patience
	return bitswap.New(ctx, bsnet.NewFromIpfsHost(e.host), e.routes, &served{e},
		bitswap.WithClientOption(client.WithoutDuplicatedBlockStats()),
		bitswap.WithClientOption(client.WithTraceBlock(true)),
		bitswap.WithClientOption(client.WithDontHaveTimeoutConfig(patience)),
		bitswap.EngineBlockstoreWorkerCount(swapWorkers),
		bitswap.TaskWorkerCount(swapWorkers),
		bitswap.EngineTaskWorkerCount(swapWorkers),
		bitswap.MaxOutstandingBytesPerPeer(swapOutstanding),
		bitswap.WithTargetMessageSize(swapMessage),
		bitswap.WithTracer(sent{e}),
	)
}

// served is what peers can get: the blocks of open sites. It takes none; blocks
// come in through the fetcher of the site that wants them.
type served struct{ e *Engine }

var _ blockstore.Blockstore = (*served)(nil)

// errReadOnly is the answer to whoever tries to write through served.
var errReadOnly = errors.New("blocks are stored by sites")

// Has implements blockstore.Blockstore.
func (s *served) Has(_ context.Context, c cid.Cid) (bool, error) {
	_, _, ok := s.e.locate(pack.KeyOf(c))
	return ok, nil
}

// GetSize implements blockstore.Blockstore.
func (s *served) GetSize(_ context.Context, c cid.Cid) (int, error) {
	_, e, ok := s.e.locate(pack.KeyOf(c))
	if !ok {
		return -1, ipld.ErrNotFound{Cid: c}
	}
	return e.Len, nil
}

// Get implements blockstore.Blockstore. A block from a person's own file is
// hashed again before it leaves: the file may have changed within the
// resolution of its time stamp.
func (s *served) Get(_ context.Context, c cid.Cid) (blocks.Block, error) {
	p, _, ok := s.e.locate(pack.KeyOf(c))
	if !ok {
		return nil, ipld.ErrNotFound{Cid: c}
	}
	data, ext, err := p.Get(pack.KeyOf(c))
	if err == nil && ext.Published() && !matches(c, data) {
		err = fmt.Errorf("published file changed: %w", errLie)
	}
	if err != nil {
		return nil, errors.Join(ipld.ErrNotFound{Cid: c}, err)
	}
	return blocks.NewBlockWithCid(data, c)
}

// Put implements blockstore.Blockstore.
func (s *served) Put(context.Context, blocks.Block) error { return errReadOnly }

// PutMany implements blockstore.Blockstore.
func (s *served) PutMany(context.Context, []blocks.Block) error { return errReadOnly }

// DeleteBlock implements blockstore.Blockstore.
func (s *served) DeleteBlock(context.Context, cid.Cid) error { return errReadOnly }

// AllKeysChan implements blockstore.Blockstore.
func (s *served) AllKeysChan(context.Context) (<-chan cid.Cid, error) { return nil, errReadOnly }

// sent counts what bitswap sends.
type sent struct{ e *Engine }

// MessageReceived implements tracer.Tracer; what comes in is counted when it is
// verified and wanted.
func (sent) MessageReceived(peer.ID, message.BitSwapMessage) {}

// MessageSent implements tracer.Tracer.
func (s sent) MessageSent(to peer.ID, m message.BitSwapMessage) {
	for _, b := range m.Blocks() {
		key := pack.KeyOf(b.Cid())
		for _, site := range s.e.opened() {
			if _, ok := site.pack.Find(key); ok {
				site.tally.sent(to.String(), int64(len(b.RawData())))
				break
			}
		}
	}
}
