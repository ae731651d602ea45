package ipfs

import (
	"context"
	"crypto/ed25519"
	"io"
	"net/http"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// Engine is the IPFS engine.
type Engine struct{ o Options }

var (
	_ engine.Publisher = (*Engine)(nil)
	_ engine.Namer     = (*Engine)(nil)
)

// New starts the engine.
func New(o Options) (*Engine, error) {
	o, err := o.withDefaults()
	return &Engine{o: o}, err
}

func notYet() error { return fault.New(fault.Unsupported, "the IPFS engine is not ready") }

// Network is address.NetworkIPFS.
func (e *Engine) Network() address.Network { return address.NetworkIPFS }

// Open implements engine.Engine.
func (e *Engine) Open(context.Context, address.Address) (engine.Site, error) { return nil, notYet() }

// Stats implements engine.Engine.
func (e *Engine) Stats(address.Address) (engine.Stats, bool) { return engine.Stats{}, false }

// Remove implements engine.Engine.
func (e *Engine) Remove(context.Context, address.Address) error { return notYet() }

// Status implements engine.Engine.
func (e *Engine) Status() engine.Status { return engine.Status{DHTNodes: -1, Reachable: "unknown"} }

// Close implements engine.Engine.
func (e *Engine) Close() error { return nil }

// Draft implements engine.Publisher.
func (e *Engine) Draft(context.Context, engine.Source, engine.DraftOptions) (engine.Draft, error) {
	return nil, notYet()
}

// PublishName implements engine.Namer.
func (e *Engine) PublishName(context.Context, ed25519.PrivateKey, address.Address) (address.Address, error) {
	return address.Address{}, notYet()
}

// ResolveName implements engine.Namer.
func (e *Engine) ResolveName(context.Context, address.Address) (address.Address, time.Duration, error) {
	return address.Address{}, 0, notYet()
}

// ImportCAR stores the blocks of a CAR and returns the addresses of its roots.
func (e *Engine) ImportCAR(context.Context, io.Reader) ([]address.Address, error) {
	return nil, notYet()
}

// PutRecord stores a signed IPNS record made elsewhere under name.
func (e *Engine) PutRecord(context.Context, address.Address, []byte) error { return notYet() }

// Gateway is the handler of the IPFS HTTP gateway specifications.
func (e *Engine) Gateway() http.Handler { return http.NotFoundHandler() }
