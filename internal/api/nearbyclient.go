package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/kith-web/kith/internal/nearby"
	"github.com/kith-web/kith/internal/nearby/serve"
)

// NearbyState returns the state of devices nearby.
func (c *Client) NearbyState(ctx context.Context) (st nearby.State, err error) {
	return st, c.call(ctx, http.MethodGet, "/api/v1/nearby", nil, &st)
}

// NearbyChanged waits until the state is newer than version; now and then it
// returns the same.
func (c *Client) NearbyChanged(ctx context.Context, version uint64) (st nearby.State, err error) {
	return st, c.call(ctx, http.MethodGet, "/api/v1/nearby?after="+strconv.FormatUint(version, 10), nil, &st)
}

// NearbyRename changes what the node's device calls itself.
func (c *Client) NearbyRename(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodPatch, "/api/v1/nearby", NameChange{name}, nil)
}

// NearbyPair pairs a device; without a code, prompts of the state have it.
func (c *Client) NearbyPair(ctx context.Context, device, code string) (d nearby.Device, err error) {
	return d, c.call(ctx, http.MethodPost, "/api/v1/nearby/pair", PairRequest{device, code}, &d)
}

// NearbyPrompt gives the code that a prompt asks for.
func (c *Client) NearbyPrompt(ctx context.Context, id, code string) error {
	return c.call(ctx, http.MethodPost, "/api/v1/nearby/prompts/"+url.PathEscape(id), CodeAnswer{code}, nil)
}

// NearbyCard hands a link to the person at a device nearby.
func (c *Client) NearbyCard(ctx context.Context, r CardRequest) error {
	return c.call(ctx, http.MethodPost, "/api/v1/nearby/cards", r, nil)
}

// NearbyDropCard forgets a link that was handed over.
func (c *Client) NearbyDropCard(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/api/v1/nearby/cards/"+url.PathEscape(id), nil, nil)
}

// NearbyChange changes a paired device, by ID or name.
func (c *Client) NearbyChange(ctx context.Context, id string, change DeviceChange) (d nearby.Device, err error) {
	return d, c.call(ctx, http.MethodPatch, "/api/v1/nearby/devices/"+url.PathEscape(id), change, &d)
}

// NearbyForget takes a device out of the book.
func (c *Client) NearbyForget(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/api/v1/nearby/devices/"+url.PathEscape(id), nil, nil)
}

// NearbyServed asks a paired device what it serves.
func (c *Client) NearbyServed(ctx context.Context, id string) (list []serve.Told, err error) {
	return list, c.call(ctx, http.MethodGet, "/api/v1/nearby/devices/"+url.PathEscape(id)+"/serves", nil, &list)
}

// NearbySend sends files; the state tells how it goes.
func (c *Client) NearbySend(ctx context.Context, r nearby.SendRequest) (s nearby.Sent, err error) {
	return s, c.call(ctx, http.MethodPost, "/api/v1/nearby/send", r, &s)
}

// NearbyOffer accepts or declines an offer.
func (c *Client) NearbyOffer(ctx context.Context, id string, a nearby.Answered) error {
	return c.call(ctx, http.MethodPost, "/api/v1/nearby/offers/"+url.PathEscape(id), a, nil)
}

// NearbyCancel stops a transfer.
func (c *Client) NearbyCancel(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/api/v1/nearby/transfers/"+url.PathEscape(id), nil, nil)
}

// NearbyReceive starts a reception, and returns its ID.
func (c *Client) NearbyReceive(ctx context.Context, r nearby.Reception) (string, error) {
	var a receptionAnswer
	err := c.call(ctx, http.MethodPost, "/api/v1/nearby/receptions", r, &a)
	return a.ID, err
}

// NearbyStopReceiving ends a reception.
func (c *Client) NearbyStopReceiving(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/api/v1/nearby/receptions/"+url.PathEscape(id), nil, nil)
}

// NearbyServes lists what the node serves to paired devices.
func (c *Client) NearbyServes(ctx context.Context) (list []serve.Serve, err error) {
	return list, c.call(ctx, http.MethodGet, "/api/v1/nearby/serves", nil, &list)
}

// NearbyServe serves a folder or a web server to paired devices.
func (c *Client) NearbyServe(ctx context.Context, v serve.Serve) error {
	return c.call(ctx, http.MethodPut, servePath(v.Name), v, nil)
}

// NearbyUnserve ends that.
func (c *Client) NearbyUnserve(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodDelete, servePath(name), nil, nil)
}

func servePath(name string) string {
	if name == "" {
		name = unnamed
	}
	return "/api/v1/nearby/serves/" + url.PathEscape(name)
}
