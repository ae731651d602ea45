package publish

import (
	"context"
	"errors"

	"github.com/kith-web/kith/internal/address"
)

// Renew points every name at what it was last given, so that the engines sign
// and announce it again: they keep no keys, so a node calls this once after
// each start. What fails for one name does not stop the others; the errors are
// joined.
func (p *Publisher) Renew(ctx context.Context) error {
	all, err := p.Publications()
	if err != nil {
		return err
	}
	var failed []error
	for _, pub := range all {
		if pub.Mutable == "" {
			continue
		}
		if err := p.renew(ctx, pub.ID, pub.Folder); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// renew moves the name of one publication to where it is, unless the
// publication was changed or forgotten while its turn was awaited.
func (p *Publisher) renew(ctx context.Context, id, folder string) error {
	done, err := p.await(ctx, folder)
	if err != nil {
		return err
	}
	defer done()
	rec, err := p.recall(id)
	if err != nil || rec.Mutable == "" {
		return err
	}
	addresses := make([]address.Address, len(p.o.Engines))
	for i, e := range p.o.Engines {
		s := rec.WTP
		if e.Network() == address.NetworkIPFS {
			s = rec.IPFS
		}
		if s == "" {
			continue // published while this engine was off
		}
		if addresses[i], err = address.Parse(s); err != nil {
			return err
		}
	}
	return p.moveName(ctx, &rec, addresses)
}
