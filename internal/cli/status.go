package cli

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/text"
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
	w := p.table("")
	about := func(name, format string, args ...any) {
		w.row("%s\t%s", p.lang.Text(name), p.lang.Say(format, args...))
	}
	about("Console", "%s", st.Console)
	about("Home", "%s", st.Home)
	about("Running", "for %s, version %s, process %d", duration(time.Duration(st.Uptime*float64(time.Second))), st.Version, st.PID)
	about("Memory", "%s", bytesText(int64(st.Memory)))
	about("Sites", "%d known, %d open, %d pinned, %d published, %s on disk",
		st.Sites, st.Open, st.Pinned, st.Published, bytesText(st.Disk))
	about("Traffic", "%s down (%s), %s up (%s)",
		bytesText(st.Downloaded), rate(st.DownRate), bytesText(st.Uploaded), rate(st.UpRate))
	for _, name := range slices.Sorted(maps.Keys(st.Engines)) {
		e := st.Engines[name]
		said := text.Of("%s", text.Count(e.Peers, "%d peer", "%d peers"))
		if e.DHTNodes >= 0 {
			said = text.Of("%s, %d DHT nodes", said, e.DHTNodes)
		}
		switch e.Reachable {
		case "yes":
			said = text.Of("%s, reachable", said)
		case "no":
			said = text.Of("%s, not reachable from outside", said)
		}
		w.row("%s\t%s", name, said)
		for _, listen := range e.Listen {
			place, _, _ := strings.Cut(listen, "/p2p/") // the peer's id says nothing of where
			w.row("\t%s", text.Of("at %s", place))
		}
	}
	return w.Flush()
}
