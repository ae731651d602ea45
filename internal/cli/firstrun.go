package cli

import (
	"context"
	"time"

	"github.com/kith-web/kith/internal/node"
)

// tourTime is how long a node that just started may take to say whether its home is
// new.
const tourTime = 20 * time.Second

// tourPlace is where in the console the tour is.
const tourPlace = "#/tour"

// firstRun shows somebody the tour who starts a node on a new home, at a terminal of
// their own. It is beside what the node does: that it fails is said, and nothing else.
func (p *program) firstRun(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, tourTime)
	defer stop()
	client, err := p.dial(ctx)
	if err != nil {
		return // the node has said why
	}
	tour, err := client.Tour(ctx)
	if err != nil || !tour.New {
		return
	}
	if err := p.browse(client.Console() + tourPlace); err != nil && ctx.Err() == nil {
		p.complain(err)
	}
}

// seesBrowser says whether a browser may be opened without being asked for: by
// somebody who looks at the output, and only then.
func (p *program) seesBrowser() bool { return isTerminal(p.Out) && node.HasDesktop() }
