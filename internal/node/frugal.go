package node

import (
	"context"
	"os"
	"runtime/debug"

	"github.com/kith-web/kith/internal/nearby/transfer"
)

// commandGC is how much garbage a command may have, in percent of what it uses: it
// has little to do besides moving bytes through buffers that it keeps.
const commandGC = 50

// stayFrugal keeps small what a command for devices nearby has in memory. The
// program is much larger than what a transfer needs of it.
func (n *Nearby) stayFrugal() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(commandGC)
	}
	settle()
	go func() {
		var version uint64
		for {
			st, err := n.Changed(context.Background(), version)
			if err != nil {
				return // it is closed
			}
			version = st.Version
			for _, t := range st.Transfers {
				if t.State == transfer.StateMoving {
					settle() // what it took to get here is done with
					return
				}
			}
		}
	}()
}
