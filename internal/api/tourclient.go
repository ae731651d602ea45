package api

import (
	"context"
	"net/http"
)

// Tour says how far somebody has come who has just begun.
func (c *Client) Tour(ctx context.Context) (t Tour, err error) {
	return t, c.call(ctx, http.MethodGet, "/api/v1/tour", nil, &t)
}
