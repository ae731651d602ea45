package api

import (
	"context"
	"net/http"
	"net/url"

	"github.com/kith-web/kith/internal/app"
)

// Apps returns what web apps want and may.
func (c *Client) Apps(ctx context.Context) (st app.State, err error) {
	return st, c.call(ctx, http.MethodGet, "/api/v1/apps", nil, &st)
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
