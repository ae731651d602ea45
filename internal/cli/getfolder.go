package cli

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
)

// maxDepth is how many folders deep a site is fetched.
const maxDepth = 128

// saveFolder fetches a folder and everything below it into out.
func (g *getter) saveFolder(ctx context.Context, tree api.Tree, out string) error {
	if strings.Count(tree.Path, "/") > maxDepth {
		return fault.New(fault.TooLarge, "the site has more than %d folders in one another", maxDepth)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("write %s: %w", out, err)
	}
	for _, e := range tree.Entries {
		if !safeName(e.Name) {
			return fault.New(fault.Corrupt, "the site has a file named %q, which cannot be written here", e.Name)
		}
		name, target := path.Join(tree.Path, e.Name), filepath.Join(out, e.Name)
		if !e.Folder {
			if err := g.saveFile(ctx, g.at(name), target); err != nil {
				return err
			}
			continue
		}
		sub, err := g.node.Tree(ctx, g.address, name)
		if err != nil {
			return err
		}
		if err := g.saveFolder(ctx, sub, target); err != nil {
			return err
		}
	}
	return nil
}

// at is the URL of a path in the site.
func (g *getter) at(name string) *url.URL {
	u := *g.start
	u.Path, u.RawPath, u.RawQuery = "/"+name, "", ""
	return &u
}

// safeName keeps a site from writing anywhere but into its folder.
func safeName(name string) bool {
	return name != "" && name != "." && name != ".." && filepath.IsLocal(name) && !strings.ContainsAny(name, "/\\\x00")
}
