package cli

import (
	"runtime"

	"github.com/spf13/cobra"
)

func (p *program) versionCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use:     "version",
		GroupID: groupNode,
		Short:   "Print the version",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if p.json {
				return p.printJSON(map[string]string{"version": p.version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH})
			}
			p.say("kith %s (%s, %s/%s)", p.version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	})
}
