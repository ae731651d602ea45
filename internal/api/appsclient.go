package api

import (
	"context"
	"net/http"
	"net/url"

	"github.com/kith-web/kith/internal/app"
	"github.com/kith-web/kith/internal/sharing"
)

// Apps returns what web apps want and may.
func (c *Client) Apps(ctx context.Context) (st app.State, err error) {
	return st, c.call(ctx, http.MethodGet, "/api/v1/apps", nil, &st)
}

// HeldApps returns the apps that have documents, connected or not.
func (c *Client) HeldApps(ctx context.Context) ([]sharing.Held, error) {
	var held HeldApps
	err := c.call(ctx, http.MethodGet, "/api/v1/apps/held", nil, &held)
	return held.Apps, err
}

// AnswerApp answers a question that a web app asks.
func (c *Client) AnswerApp(ctx context.Context, id string, a app.Answer) error {
	return c.call(ctx, http.MethodPost, "/api/v1/apps/asks/"+url.PathEscape(id), a, nil)
}

// ChangeApp changes what an app may.
func (c *Client) ChangeApp(ctx context.Context, label string, change app.Change) (g app.Grant, err error) {
	return g, c.call(ctx, http.MethodPatch, "/api/v1/apps/"+url.PathEscape(label), change, &g)
}

// RevokeApp takes everything back from an app. Its documents stay.
func (c *Client) RevokeApp(ctx context.Context, label string) error {
	return c.call(ctx, http.MethodDelete, "/api/v1/apps/"+url.PathEscape(label), nil, nil)
}
