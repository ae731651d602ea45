package node

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/gateway"
	"github.com/kith-web/kith/internal/site"
)

func (p *parts) startGateway() error {
	c := p.node.o.Config.Gateway
	o := gateway.Options{
		Sites: gatewaySites{p.sites}, Console: p.api, Hosts: c.Hosts,
		Patience: time.Duration(c.Timeout), Stall: time.Duration(c.Stall), Log: p.node.o.Log.With("part", "gateway"),
	}
	if p.nearby != nil {
		o.Nearby = api.ForOwner(p.nearby.Visitor) // who is paired with them is this home
	}
	var err error
	if o.Reserved, err = p.reserved(); err != nil {
		return err
	}
	o.Apps = p.appHandler()
	if p.ipfs != nil {
		o.IPFS = p.ipfs.Gateway()
	}
	g, err := gateway.New(o)
	if err != nil {
		return fmt.Errorf("start the gateway: %w", err)
	}
	p.node.onClose("gateway", g.Close)
	p.node.handler = p.api.Measure(http.Handler(g))
	return nil
}

// gatewaySites is a site.Manager as package gateway wants it.
type gatewaySites struct{ m *site.Manager }

// Open implements gateway.Sites.
func (s gatewaySites) Open(ctx context.Context, a address.Address) (gateway.Handle, error) {
	h, err := s.m.Open(ctx, a)
	if err != nil {
		return nil, err
	}
	return gatewayHandle{h}, nil
}

// PolicyOf implements gateway.Sites.
func (s gatewaySites) PolicyOf(a address.Address) gateway.Policy { return policy(s.m.Mode(a)) }

// Look implements gateway.Sites.
func (s gatewaySites) Look(a address.Address) engine.Stats {
	known, _ := s.m.Progress(a)
	return known.Stats
}

// gatewayHandle is a site.Handle as package gateway wants it.
type gatewayHandle struct{ *site.Handle }

// Policy implements gateway.Handle.
func (h gatewayHandle) Policy() gateway.Policy { return policy(h.Mode()) }

func policy(mode site.Mode, allow []string) gateway.Policy {
	return gateway.Policy{App: mode == site.ModeApp, Allow: allow}
}
