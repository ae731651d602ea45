package node

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/app"
	"github.com/kith-web/kith/internal/gateway"
)

// startApps lets web apps have documents and friends, where there is a person for
// whom to have them.
func (p *parts) startApps() error {
	if p.sharing == nil {
		return nil
	}
	bucket, err := p.store.Bucket("app")
	if err != nil {
		return err
	}
	p.apps, err = app.New(app.Options{
		Sharing: p.sharing, Store: bucket, Console: "http://localhost:" + strconv.Itoa(p.port), Log: p.node.o.Log.With("part", "apps"),
	})
	if err != nil {
		return fmt.Errorf("start the apps: %w", err)
	}
	p.node.onClose("apps", p.apps.Close)
	return nil
}

// appHandler serves what apps ask on their origins; nil when there is nothing.
func (p *parts) appHandler() http.Handler {
	if p.apps == nil {
		return nil
	}
	return api.ForOwner(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o, ok := gateway.OriginOf(r.Context())
		if !ok {
			http.NotFound(w, r)
			return
		}
		p.apps.ServeHTTP(w, r, app.Origin{Label: o.Label, URL: o.URL, Address: o.Address.Key(), App: o.App})
	}))
}
