package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/site"
)

// maxLine bounds one line of a stream.
const maxLine = 16 << 20

// Status returns how the node is doing.
func (c *Client) Status(ctx context.Context) (st Status, err error) {
	return st, c.call(ctx, http.MethodGet, "/api/v1/status", nil, &st)
}

// Sites lists the sites the node knows, the last used first.
func (c *Client) Sites(ctx context.Context) (list SiteList, err error) {
	return list, c.call(ctx, http.MethodGet, "/api/v1/sites", nil, &list)
}

// Site returns one site; fault.NotFound when the node does not know it.
func (c *Client) Site(ctx context.Context, a address.Address) (known site.Site, err error) {
	path, err := sitePath(a)
	if err != nil {
		return known, err
	}
	return known, c.call(ctx, http.MethodGet, path, nil, &known)
}

// Tree returns what is at name, a path as in io/fs, in the site at a. It waits
// for peers.
func (c *Client) Tree(ctx context.Context, a address.Address, name string) (t Tree, err error) {
	path, err := sitePath(a)
	if err != nil {
		return t, err
	}
	escaped := (&url.URL{Path: strings.TrimPrefix(name, ".")}).EscapedPath()
	return t, c.call(ctx, http.MethodGet, path+"/tree/"+escaped, nil, &t)
}

// Change changes a site. Pinning one that is not known opens it, with the help
// of what a magnet link says about where it is.
func (c *Client) Change(ctx context.Context, a address.Address, change SiteChange) (known site.Site, err error) {
	path, err := sitePath(a)
	if err != nil {
		return known, err
	}
	if link := a.Magnet(); link != a.Root().Magnet() { // the path has no room for hints
		if _, err := c.Open(ctx, OpenRequest{Address: link}); err != nil {
			return known, err
		}
	}
	return known, c.call(ctx, http.MethodPatch, path, change, &known)
}

// Remove forgets a site and deletes what was stored of it.
func (c *Client) Remove(ctx context.Context, a address.Address) error {
	path, err := sitePath(a)
	if err != nil {
		return err
	}
	return c.call(ctx, http.MethodDelete, path, nil, nil)
}

func sitePath(a address.Address) (string, error) {
	label, err := a.Label()
	return "/api/v1/sites/" + url.PathEscape(label), err
}

// Open begins to open an address and does not wait for peers.
func (c *Client) Open(ctx context.Context, q OpenRequest) (o Opened, err error) {
	return o, c.call(ctx, http.MethodPost, "/api/v1/open", q, &o)
}

// ImportTorrent takes in a .torrent file.
func (c *Client) ImportTorrent(ctx context.Context, file io.Reader) (o Opened, err error) {
	return o, c.call(ctx, http.MethodPost, "/api/v1/torrents", file, &o)
}

// ImportCAR takes in the blocks of a CAR.
func (c *Client) ImportCAR(ctx context.Context, file io.Reader) (i Imported, err error) {
	return i, c.call(ctx, http.MethodPost, "/api/v1/cars", file, &i)
}

// Resolve says what an address points at.
func (c *Client) Resolve(ctx context.Context, text string) (res Resolved, err error) {
	return res, c.call(ctx, http.MethodGet, "/api/v1/resolve?address="+url.QueryEscape(text), nil, &res)
}

// Publications lists what this node publishes, the newest first.
func (c *Client) Publications(ctx context.Context) (list Publications, err error) {
	return list, c.call(ctx, http.MethodGet, "/api/v1/publications", nil, &list)
}

// Unpublish stops serving a publication. Its folder is not touched.
func (c *Client) Unpublish(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/api/v1/publications/"+url.PathEscape(id), nil, nil)
}

// Doctor lets the node examine itself.
func (c *Client) Doctor(ctx context.Context) (checkup Checkup, err error) {
	return checkup, c.call(ctx, http.MethodGet, "/api/v1/doctor", nil, &checkup)
}

// Publish publishes a folder. onEvent is called with every line of the answer;
// while watching there are many results. It returns when the node is done, or
// ctx ends.
func (c *Client) Publish(ctx context.Context, q PublishRequest, onEvent func(PublishEvent)) error {
	r, err := c.request(ctx, http.MethodPost, "/api/v1/publish", q)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return c.lost(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 300 {
		data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		return errors.Join(err, fault.Decode(data))
	}
	scanner := bufio.NewScanner(resp.Body)
	scanner.Buffer(nil, maxLine)
	finished := false
	for scanner.Scan() {
		if bytes.HasPrefix(scanner.Bytes(), []byte(`{"error"`)) {
			return fault.Decode(scanner.Bytes())
		}
		var e PublishEvent
		if err := json.Unmarshal(scanner.Bytes(), &e); err != nil {
			return fmt.Errorf("the node's answer: %w", err)
		}
		finished = e.Result != nil && !q.Watch
		onEvent(e)
	}
	if err := scanner.Err(); err != nil {
		return c.lost(ctx, err)
	}
	if !finished {
		return c.lost(ctx, errors.New("it stopped before it was done"))
	}
	return nil
}
