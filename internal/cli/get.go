package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
)

func (p *program) getCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:     "get <address>",
		GroupID: groupUse,
		Short:   "Fetch a file or folder of a site",
		Long: `Fetch a file of a site and write it to standard output, or with -o to a file.
With -o a folder is fetched whole. What was fetched before an interruption is
not fetched again.

Without a path in the address, the site's front page is written; with -o, the
whole site.`,
		Example: "  kith get ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi/logo.svg > logo.svg\n" +
			"  kith get wtp://2b7f1e0c9d3a4b5c6d7e8f90a1b2c3d4e5f60718/ -o holiday",
		Args:              exactly(1, "an address"),
		ValidArgsFunction: p.completeSites,
		RunE: func(c *cobra.Command, args []string) error {
			client, err := p.dial(c.Context())
			if err != nil {
				return err
			}
			opened, err := client.Open(c.Context(), api.OpenRequest{Address: absoluteFile(args[0])})
			if err != nil {
				return err
			}
			g, err := p.newGetter(client, opened.Address)
			if err != nil {
				return err
			}
			defer g.bar.end()
			switch {
			case out == "":
				err = g.stream(c.Context(), p.Out)
			default:
				err = g.save(c.Context(), out)
			}
			if err == nil && p.json {
				err = p.printJSON(g.summary)
			}
			return err
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "write to this file or folder")
	return p.jsonFlag(c)
}

// getter fetches from the origin of one site.
type getter struct {
	node    *api.Client
	client  *http.Client
	address address.Address
	start   *url.URL // of what the address names
	bar     *bar

	done, total int64
	summary     got
}

// got is what --json prints.
type got struct {
	Address address.Address `json:"address"`
	Output  string          `json:"output,omitempty"`
	Files   int             `json:"files"`
	Bytes   int64           `json:"bytes"`
}

func (p *program) newGetter(client *api.Client, a address.Address) (*getter, error) {
	console, err := url.Parse(client.Console())
	if err != nil {
		return nil, err
	}
	text, err := a.URL(console.Host)
	if err != nil {
		return nil, err
	}
	start, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	start.Fragment = ""
	return &getter{
		node: client, client: client.HTTP(), address: a.Root(), start: start,
		bar: p.newBar("fetching"), summary: got{Address: a},
	}, nil
}

// request asks for u. Answers other than 200 and 206 are errors.
func (g *getter) request(ctx context.Context, method string, u *url.URL, header http.Header) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return nil, err
	}
	r.Header = header
	resp, err := g.client.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fault.New(fault.NotRunning, "the node does not answer: %w", err)
	}
	if resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusPartialContent {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	return nil, statusError(u, resp)
}

// statusError tells what an answer of the gateway means.
func statusError(u *url.URL, resp *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		return fault.Decode(body)
	}
	kinds := map[int]fault.Kind{
		http.StatusNotFound: fault.NotFound, http.StatusForbidden: fault.Forbidden, http.StatusGone: fault.NotFound,
		http.StatusGatewayTimeout: fault.Unreachable, http.StatusBadGateway: fault.Corrupt,
		http.StatusBadRequest: fault.Invalid, http.StatusNotImplemented: fault.Unsupported,
	}
	kind, ok := kinds[resp.StatusCode]
	if !ok {
		kind = fault.Internal
	}
	if kind == fault.NotFound {
		return fault.New(kind, "the site has no %s", u.Path)
	}
	return fault.New(kind, "%s: %s", u.Path, firstLine(string(body), resp.Status))
}

func firstLine(text, otherwise string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if line == "" || strings.HasPrefix(line, "<") {
		return otherwise
	}
	return printable(clip(line, 300))
}

// stream writes one file to w as it comes.
func (g *getter) stream(ctx context.Context, w io.Writer) error {
	resp, err := g.request(ctx, http.MethodGet, g.start, http.Header{})
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	n, err := io.Copy(w, resp.Body)
	g.summary.Files, g.summary.Bytes = 1, n
	return cut(ctx, g.start, err)
}

// cut says why a body ended early.
func cut(ctx context.Context, u *url.URL, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fault.New(fault.Unreachable, "%s: the node could not get all of it: %w", u.Path, err).
			WithHint("run the same command again: it goes on where it stopped")
	}
	return fmt.Errorf("%s: %w", u.Path, err)
}

// save writes the file or folder at the address to out.
func (g *getter) save(ctx context.Context, out string) error {
	g.summary.Output = out
	tree, err := g.node.Tree(ctx, g.address, strings.Trim(g.start.Path, "/"))
	if err != nil {
		return err
	}
	if tree.Folder {
		return g.saveFolder(ctx, tree, out)
	}
	if info, err := os.Stat(out); err == nil && info.IsDir() {
		name := path.Base(tree.Path)
		if name == "." { // the address is of a single file, which has no name
			name, _ = g.address.Label()
		}
		out = filepath.Join(out, name)
	}
	return g.saveFile(ctx, g.start, out)
}
