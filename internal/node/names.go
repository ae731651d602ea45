package node

import (
	"context"
	"io/fs"
	"sync/atomic"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/resolve"
	"github.com/kith-web/kith/internal/site"
)

// siteResolver is a resolve.Resolver as package site wants it.
type siteResolver struct{ r *resolve.Resolver }

// Resolve implements site.Resolver.
func (s siteResolver) Resolve(ctx context.Context, a address.Address) (site.Resolved, error) {
	res, err := s.r.Resolve(ctx, a)
	return site.Resolved{Candidates: res.Candidates, Expires: res.Expires, Stale: res.Stale}, err
}

// Forget implements site.Forgetter.
func (s siteResolver) Forget(a address.Address) { s.r.Forget(a) }

// lateNames answers the DNSLink look-ups of the IPFS engine, which is started
// before the resolver: the resolver asks the engine for names under keys.
type lateNames struct {
	r atomic.Pointer[resolve.Resolver]
}

func (l *lateNames) set(r *resolve.Resolver) { l.r.Store(r) }

// ResolveDNSLink implements ipfs.Resolver. It answers with where the names end,
// which is one step further than it has to.
func (l *lateNames) ResolveDNSLink(ctx context.Context, name string) (string, time.Duration, error) {
	r := l.r.Load()
	a, err := address.FromName(name)
	if err != nil || r == nil {
		return "", 0, fault.New(fault.NotFound, "no DNSLink at %.255q: %w", name, fs.ErrNotExist)
	}
	a.Hints.Prefer = address.NetworkIPFS
	res, err := r.Resolve(ctx, a)
	if err != nil {
		return "", 0, err
	}
	for _, c := range res.Candidates {
		if c.Kind() == address.IPFS {
			return "/ipfs/" + c.CID().String() + c.Path, time.Until(res.Expires), nil
		}
	}
	return "", 0, fault.New(fault.NotFound, "%s has no DNSLink: %w", name, fs.ErrNotExist)
}
