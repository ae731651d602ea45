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

// stayFrugal keeps small what a command for devices nearby has in memory while
// bytes move. The program is much larger than what a transfer needs of it. Before,
// there are more urgent things to do.
func (n *Nearby) stayFrugal() {
	var version uint64
	for {
		st, err := n.Changed(context.Background(), version)
		if err != nil {
			return // it is closed
		}
		version = st.Version
		for _, t := range st.Transfers {
			if t.State == transfer.StateMoving && t.Done > t.Resumed {
				if os.Getenv("GOGC") == "" {
					debug.SetGCPercent(commandGC)
				}
				settle()
				return
			}
		}
	}
}
