package node

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/gateway"
	"github.com/kith-web/kith/internal/nearby"
	"github.com/kith-web/kith/internal/nearby/consent"
	"github.com/kith-web/kith/internal/nearby/page"
	"github.com/kith-web/kith/internal/nearby/peerlink"
	"github.com/kith-web/kith/internal/openscreen"
	"github.com/kith-web/kith/web"
)

// startPages lets web pages ask for devices nearby.
func (p *parts) startPages() error {
	if p.nearby == nil {
		return nil
	}
	bucket, err := p.store.Bucket("consent")
	if err != nil {
		return err
	}
	log := p.node.o.Log.With("part", "pages")
	desk, err := consent.New(consent.Options{Store: bucket, Log: log})
	if err != nil {
		return fmt.Errorf("start the desk of permissions: %w", err)
	}
	service := p.nearby.Service
	links, err := peerlink.New(peerlink.Options{Fabric: fabric{service}, Log: log})
	if err != nil {
		return err
	}
	server, err := page.New(page.Options{
		Desk: desk, Network: links, Console: "http://localhost:" + strconv.Itoa(p.port) + "/#/nearby", Log: log,
	})
	if err != nil {
		return err
	}
	links.Attend(server.Incoming)
	for _, protocol := range []string{peerlink.ConnectionProtocol, peerlink.TransportProtocol} {
		service.Handle(protocol, serveApps(service, links, log))
	}
	p.node.onClose("pages", server.Close)
	p.followBook(desk, server)
	p.pages = &api.Pages{Desk: desk, Server: server, Device: func(id string) (string, bool) {
		d, err := service.Device(id)
		return d.Name, err == nil && d.ID == id && d.Paired != nil
	}}
	return nil
}

// fabric opens transports in the sessions of a nearby.Service.
type fabric struct{ s *nearby.Service }

// OpenTransport implements peerlink.Fabric.
func (f fabric) OpenTransport(ctx context.Context, device, protocol string) (*openscreen.Transport, error) {
	session, err := f.s.Session(ctx, device)
	if err != nil {
		return nil, err
	}
	return session.OpenTransport(ctx, protocol)
}

// serveApps takes the transports of apps that paired devices open.
func serveApps(service *nearby.Service, links *peerlink.Links, log *slog.Logger) nearby.Handler {
	return func(ctx context.Context, r *openscreen.TransportRequest) {
		from, err := service.Device(nearby.ID(r.Session().Peer()))
		if err != nil {
			_ = r.Reject()
			return
		}
		t, err := r.Accept()
		if err != nil {
			log.Debug("a transport was not taken", "device", from.ID, "error", err)
			return
		}
		links.Serve(ctx, page.Device{ID: from.ID, Name: from.Name}, t)
	}
}

// followBook takes back what was allowed with devices that are not in the book
// any more.
func (p *parts) followBook(desk *consent.Desk, server *page.Server) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	service, log := p.nearby.Service, p.node.o.Log
	go func() {
		defer close(done)
		for state := service.State(); ; {
			if err := forgetStrangers(state, desk, server); err != nil {
				log.Warn("permissions of a forgotten device were not taken back", "error", err)
			}
			var err error
			if state, err = service.Changed(ctx, state.Version); err != nil {
				return
			}
		}
	}()
	p.node.onClose("book of devices", func() error {
		cancel()
		<-done
		return nil
	})
}

func forgetStrangers(state nearby.State, desk *consent.Desk, server *page.Server) error {
	paired := map[string]bool{}
	for _, d := range state.Devices {
		if d.Paired != nil {
			paired[d.ID] = true
		}
	}
	for _, g := range desk.Grants() {
		if g.Device == nil || paired[g.Device.ID] {
			continue
		}
		if err := desk.RevokeDevice(g.Device.ID); err != nil {
			return err
		}
	}
	for _, l := range server.Links() {
		if !paired[l.Device.ID] {
			server.EndDevice(l.Device.ID)
		}
	}
	return nil
}

// reserved are the paths below /.kith/ that every site's origin has.
func (p *parts) reserved() (map[string]http.Handler, error) {
	if p.pages == nil {
		return nil, nil
	}
	script, err := fs.ReadFile(web.Dist(), "assets/lp2p.js")
	if err != nil {
		return nil, err
	}
	return map[string]http.Handler{
		"/.kith/lp2p.js": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			h := w.Header()
			h.Set("Content-Type", "text/javascript; charset=utf-8")
			h.Set("Cache-Control", "no-cache")
			h.Set("Content-Length", strconv.Itoa(len(script)))
			_, _ = w.Write(script)
		}),
		"/.kith/lp2p": api.ForOwner(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			o, ok := gateway.OriginOf(r.Context())
			if !ok {
				http.NotFound(w, r)
				return
			}
			p.pages.Server.ServeSite(w, r, page.App{ID: o.Address.Key(), Origin: o.URL})
		})),
	}, nil
}
