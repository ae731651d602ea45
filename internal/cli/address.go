package cli

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/address"
)

// absoluteFile makes the path of a file on this computer absolute, for the
// node may have been started elsewhere. Everything else stays as it is.
func absoluteFile(arg string) string {
	a, err := address.Parse(arg)
	if err != nil || a.Kind() != address.Index {
		return arg
	}
	if info, err := os.Stat(a.Location()); err != nil || !info.Mode().IsRegular() {
		return arg
	}
	abs, err := filepath.Abs(a.Location())
	if err != nil {
		return arg
	}
	return abs
}

// completeSites completes an argument by the addresses the node knows.
func (p *program) completeSites(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	client, err := p.dial(c.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	list, err := client.Sites(c.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var out []string
	for _, s := range list.Sites {
		out = append(out, cobra.CompletionWithDesc(s.Address.String(), s.Name))
	}
	return out, cobra.ShellCompDirectiveDefault
}

// completeFriends completes an argument by the names of friends; after those
// comes what follow adds, such as the slash before a document.
func (p *program) completeFriends(follow string) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		directive := cobra.ShellCompDirectiveNoFileComp
		if len(args) > 0 {
			return nil, directive
		}
		client, err := p.dial(c.Context())
		if err != nil {
			return nil, directive
		}
		st, err := client.SharingState(c.Context())
		if err != nil {
			return nil, directive
		}
		var out []string
		for _, f := range st.Friends {
			out = append(out, f.Name+follow)
		}
		if follow != "" {
			directive |= cobra.ShellCompDirectiveNoSpace
		}
		return out, directive
	}
}
