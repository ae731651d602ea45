package cli

import (
	"bufio"
	"context"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
)

func (p *program) importCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "import <file>",
		GroupID: groupKeep,
		Short:   "Take in a .torrent file, or a .car file with a whole site",
		Long: `Take in a file: a .torrent file, which names a site, or a .car file (a content
archive of IPFS), which holds one. The site is opened and its address printed.
"-" reads standard input.`,
		Example: "  kith import holiday.torrent\n  kith import site.car",
		Args:    exactly(1, "a .torrent or .car file"),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := p.dial(c.Context())
			if err != nil {
				return err
			}
			opened, err := p.importFile(c.Context(), client, args[0])
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(api.Imported{Sites: opened})
			}
			for _, o := range opened {
				p.say("%s", o.Address)
				p.note("  %s", o.URL)
			}
			return nil
		},
	}
	return p.jsonFlag(c)
}

func (p *program) importFile(ctx context.Context, client *api.Client, name string) ([]api.Opened, error) {
	var in io.Reader = p.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fault.New(fault.KindOf(err), "cannot read %s: %w", name, err).WithHint("check the path")
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	r := bufio.NewReader(in)
	if isTorrent(name, r) {
		o, err := client.ImportTorrent(ctx, r)
		return []api.Opened{o}, err
	}
	list, err := client.ImportCAR(ctx, r)
	return list.Sites, err
}

// isTorrent goes by the name and, without one that tells, by the beginning: a
// .torrent file is a bencoded dictionary, whose first key has a length.
func isTorrent(name string, r *bufio.Reader) bool {
	switch {
	case strings.HasSuffix(name, ".torrent"):
		return true
	case strings.HasSuffix(name, ".car"):
		return false
	}
	head, _ := r.Peek(2)
	return len(head) == 2 && head[0] == 'd' && '0' <= head[1] && head[1] <= '9'
}
