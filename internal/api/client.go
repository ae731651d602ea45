package api

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/text"
)

const (
	// dialTime bounds finding the node: it is on this computer.
	dialTime = 3 * time.Second
	// maxAnswer bounds what the client reads of one answer that is no stream.
	maxAnswer = 64 << 20
)

// Client talks to the running node of one home. It is safe for concurrent use.
type Client struct {
	beacon Beacon
	token  string
	http   *http.Client
	// language is what the node is asked to speak; "" is English.
	language string
}

// Dial finds the node that runs on home. The error is fault.NotRunning when
// there is none.
func Dial(ctx context.Context, home string) (*Client, error) {
	beacon, err := ReadBeacon(home)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notRunning(home)
	}
	if err != nil {
		return nil, err
	}
	token, err := os.ReadFile(filepath.Join(home, tokenName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notRunning(home)
	}
	if err != nil {
		return nil, fault.New(fault.Forbidden, "the token of %s cannot be read: %w", home, err).
			WithHint("this home belongs to another user; choose your own with --home")
	}
	c := &Client{beacon: beacon, token: strings.TrimSpace(string(token))}
	c.http = &http.Client{Transport: c.transport()}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	if err := c.verify(ctx); err != nil {
		gone := notRunning(home)
		gone.Err = err
		return nil, gone
	}
	return c, nil
}

func notRunning(home string) *fault.Error {
	return fault.New(fault.NotRunning, "no node is running on %s", home)
}

// transport connects every request, whatever origin it is for, to the node:
// names under localhost are never asked of a resolver.
func (c *Client) transport() *http.Transport {
	var d net.Dialer
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return d.DialContext(ctx, "tcp", c.beacon.Listen)
		},
		Proxy:               nil,
		DisableCompression:  true,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     30 * time.Second,
	}
}

// verify makes sure that what listens there is the node: only it can know the
// token. Another program may have the port by now.
func (c *Client) verify(ctx context.Context) error {
	nonce := randomHex(16)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url("/api/v1/proof?nonce="+nonce), nil)
	if err != nil {
		return err
	}
	var p proofAnswer
	if err := c.do(r, &p); err != nil {
		return err
	}
	if !hmac.Equal([]byte(p.Proof), []byte(proof(c.token, nonce))) {
		return errors.New("another program listens there")
	}
	return nil
}

// Console is the URL of the node's console.
func (c *Client) Console() string { return c.beacon.Console }

// HTTP is a client that reaches the origins of sites through the node, without
// any name being looked up. It follows redirects between them.
func (c *Client) HTTP() *http.Client { return c.http }

func (c *Client) url(path string) string { return strings.TrimSuffix(c.beacon.Console, "/") + path }

// request makes a request of the owner. A body that is not an io.Reader is sent
// as JSON.
func (c *Client) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case io.Reader:
		reader = b
	default:
		data, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.url(path), reader)
	if err != nil {
		return nil, err
	}
	c.authorize(r)
	if reader != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, nil
}

// authorize marks a request as the owner's.
func (c *Client) authorize(r *http.Request) {
	r.Header.Set("Authorization", "Bearer "+c.token)
	if c.language != "" {
		r.Header.Set("Accept-Language", c.language)
	}
}

// call sends a request and reads the answer into out, unless that is nil.
func (c *Client) call(ctx context.Context, method, path string, body, out any) error {
	r, err := c.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	return c.do(r, out)
}

func (c *Client) do(r *http.Request, out any) error {
	resp, err := c.http.Do(r)
	if err != nil {
		return c.lost(r.Context(), err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return c.lost(r.Context(), err)
	}
	if resp.StatusCode >= 300 {
		return fault.Decode(data)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("the node's answer: %w", err)
	}
	return nil
}

// lost says that the node went away, unless it was the caller who did.
func (c *Client) lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fault.New(fault.NotRunning, "the node at %s does not answer: %w", c.beacon.Listen, err)
}

// Speak lets the node say its errors and findings in a language from now on; nil
// is English. Call it before the first request.
func (c *Client) Speak(l *text.Language) { c.language = l.Tag() }
