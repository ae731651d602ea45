package node

import (
	"context"
	"os"
	"runtime/debug"
	"time"

	"github.com/kith-web/kith/internal/sharing"
)

// Where there are many documents, most of what a node uses is the index of them,
// which hardly changes: it is worth looking for garbage sooner.
const (
	manyDocuments   = 20_000
	manyDocumentsGC = 50 // percent of what is used
	countEvery      = 20 * time.Second
)

// watchDocuments keeps small what a node with many documents has in memory, until
// ctx ends.
func watchDocuments(ctx context.Context, s *sharing.Service) {
	if os.Getenv("GOGC") != "" {
		return // somebody has chosen
	}
	tick := time.NewTicker(countEvery)
	defer tick.Stop()
	for s.State().Person.Documents < manyDocuments {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
	debug.SetGCPercent(manyDocumentsGC)
	for range 3 { // reading an index makes as much garbage again, and starting some more
		debug.FreeOSMemory()
		settle()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
