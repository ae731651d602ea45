package ipfs

import (
	"context"
	"errors"
	"io"

	"github.com/ipfs/go-cid"
	"github.com/ipld/go-car/v2"
	"github.com/multiformats/go-multihash"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

const (
	// maxRoots bounds how many sites one CAR can be: its blocks are stored with
	// each of them.
	maxRoots = 16
	// carOverhead is what a section of a CAR has beside its block.
	carOverhead = 1 << 10
)

// ImportCAR stores the blocks of a CAR (https://ipld.io/specs/transport/car/),
// each verified, and returns the addresses of its roots, which are complete
// sites as far as the CAR is.
func (e *Engine) ImportCAR(ctx context.Context, r io.Reader) ([]address.Address, error) {
	in, err := car.NewBlockReader(r, car.WithTrustedCAR(false), car.ZeroLengthSectionAsEOF(true),
		car.MaxAllowedHeaderSize(1<<20), car.MaxAllowedSectionSize(uint64(e.o.MaxBlock)+carOverhead))
	if err != nil {
		return nil, fault.New(fault.Corrupt, "this is not a CAR: %w", err)
	}
	if len(in.Roots) == 0 || len(in.Roots) > maxRoots {
		return nil, fault.New(fault.Invalid, "a CAR with %d roots: between 1 and %d can be imported", len(in.Roots), maxRoots)
	}
	var out []address.Address
	var sites []*site
	defer func() {
		for _, s := range sites {
			_ = s.Close() // its blocks are flushed below
		}
	}()
	for _, root := range in.Roots {
		a := address.FromCID(cid.NewCidV1(root.Prefix().Codec, root.Hash()))
		s, err := e.hold(a)
		if err != nil {
			return nil, err
		}
		out, sites = append(out, a), append(sites, s)
	}
	if err := e.importBlocks(ctx, in, sites); err != nil {
		return nil, err
	}
	for _, s := range sites {
		if err := s.pack.Flush(); err != nil {
			return nil, noSpace(err)
		}
	}
	return out, nil
}

// importBlocks stores every block of a CAR with every site.
func (e *Engine) importBlocks(ctx context.Context, in *car.BlockReader, sites []*site) error {
	for ctx.Err() == nil {
		b, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fault.New(fault.Corrupt, "the CAR is damaged: %w", err)
		}
		if b.Cid().Prefix().MhType == multihash.IDENTITY {
			continue
		}
		for _, s := range sites {
			if err := s.fetch.keep(b.Cid(), b.RawData()); err != nil {
				return err
			}
		}
	}
	return context.Cause(ctx)
}
