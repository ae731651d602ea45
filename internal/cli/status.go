package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/api"
)

func (p *program) statusCommand() *cobra.Command {
	return p.jsonFlag(&cobra.Command{
		Use:     "status",
		GroupID: groupNode,
		Short:   "Show how the node is doing",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := p.dial(c.Context())
			if err != nil {
				return err
			}
			st, err := client.Status(c.Context())
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(st)
			}
			return p.printStatus(st)
		},
	})
}

func (p *program) printStatus(st api.Status) error {
	w := tabwriter.NewWriter(p.Out, 0, 4, 2, ' ', 0)
	row := func(name, format string, args ...any) { _, _ = fmt.Fprintf(w, name+"\t"+format+"\n", args...) }
	row("Console", "%s", st.Console)
	row("Home", "%s", st.Home)
	row("Running", "for %s, version %s, process %d", duration(time.Duration(st.Uptime*float64(time.Second))), st.Version, st.PID)
	row("Memory", "%s", bytesText(int64(st.Memory)))
	row("Sites", "%d known, %d open, %d pinned, %d published, %s on disk",
		st.Sites, st.Open, st.Pinned, st.Published, bytesText(st.Disk))
	row("Traffic", "%s down (%s), %s up (%s)",
		bytesText(st.Downloaded), rate(st.DownRate), bytesText(st.Uploaded), rate(st.UpRate))
	for _, name := range slices.Sorted(maps.Keys(st.Engines)) {
		e := st.Engines[name]
		text := count(e.Peers, "peer")
		if e.DHTNodes >= 0 {
			text += fmt.Sprintf(", %d DHT nodes", e.DHTNodes)
		}
		text += map[string]string{
			"yes": ", reachable", "no": ", not reachable from outside",
		}[e.Reachable]
		row(name, "%s", text)
		for _, listen := range e.Listen {
			place, _, _ := strings.Cut(listen, "/p2p/") // the peer's id says nothing of where
			row("", "at %s", place)
		}
	}
	return w.Flush()
}
