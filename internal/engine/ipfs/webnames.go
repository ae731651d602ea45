package ipfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/ipfs/boxo/ipns"
	"github.com/ipfs/boxo/namesys"
	"github.com/ipfs/boxo/path"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/routing"
)

// webNames resolves IPNS names and DNSLink names for the gateway.
type webNames struct{ e *Engine }

var _ namesys.NameSystem = webNames{}

// errNoPublish says that the gateway publishes nothing.
var errNoPublish = errors.New("the gateway publishes no names")

// Publish implements namesys.Publisher.
func (webNames) Publish(context.Context, crypto.PrivKey, path.Path, ...namesys.PublishOption) error {
	return errNoPublish
}

// Resolve implements namesys.Resolver.
func (n webNames) Resolve(ctx context.Context, p path.Path, options ...namesys.ResolveOption) (namesys.Result, error) {
	depth := namesys.ProcessResolveOptions(options).Depth
	out := namesys.Result{Path: p}
	for first := true; p.Namespace() == path.IPNSNamespace; first = false {
		if depth == 0 && !first {
			return out, namesys.ErrResolveRecursion
		}
		depth--
		to, ttl, err := n.step(ctx, p.Segments()[1])
		if err != nil {
			return namesys.Result{}, err
		}
		if p, err = path.Join(to, p.Segments()[2:]...); err != nil {
			return namesys.Result{}, fmt.Errorf("%w: %w", namesys.ErrResolveFailed, err)
		}
		out.Path = p
		if first || ttl < out.TTL {
			out.TTL = ttl
		}
	}
	return out, nil
}

// step resolves a name once.
func (n webNames) step(ctx context.Context, name string) (path.Path, time.Duration, error) {
	if key, err := ipns.NameFromString(name); err == nil {
		rec, err := n.e.names.resolve(ctx, key)
		if err != nil {
			return nil, 0, fmt.Errorf("%w: %w", namesys.ErrResolveFailed, err)
		}
		to, err := rec.Value()
		return to, lifetime(rec), err
	}
	if n.e.o.Resolver == nil {
		return nil, 0, namesys.ErrMissingDNSLinkRecord
	}
	text, ttl, err := n.e.o.Resolver.ResolveDNSLink(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, namesys.ErrMissingDNSLinkRecord
	}
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", namesys.ErrResolveFailed, err)
	}
	to, err := path.NewPath(text)
	return to, ttl, err
}

// ResolveAsync implements namesys.Resolver.
func (n webNames) ResolveAsync(ctx context.Context, p path.Path, options ...namesys.ResolveOption) <-chan namesys.AsyncResult {
	out := make(chan namesys.AsyncResult, 1)
	go func() {
		defer close(out)
		r, err := n.Resolve(ctx, p, options...)
		out <- namesys.AsyncResult{Path: r.Path, TTL: r.TTL, LastMod: r.LastMod, Err: err}
	}()
	return out
}

// webRecords hands out IPNS records.
type webRecords struct{ e *Engine }

var _ routing.ValueStore = webRecords{}

// PutValue implements routing.ValueStore.
func (webRecords) PutValue(context.Context, string, []byte, ...routing.Option) error {
	return errNoPublish
}

// GetValue implements routing.ValueStore.
func (r webRecords) GetValue(ctx context.Context, key string, _ ...routing.Option) ([]byte, error) {
	name, err := ipns.NameFromRoutingKey([]byte(key))
	if err != nil {
		return nil, routing.ErrNotFound
	}
	rec, err := r.e.names.resolve(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", routing.ErrNotFound, err)
	}
	return ipns.MarshalRecord(rec)
}

// SearchValue implements routing.ValueStore.
func (r webRecords) SearchValue(ctx context.Context, key string, options ...routing.Option) (<-chan []byte, error) {
	v, err := r.GetValue(ctx, key, options...)
	if err != nil {
		return nil, err
	}
	out := make(chan []byte, 1)
	out <- v
	close(out)
	return out, nil
}
