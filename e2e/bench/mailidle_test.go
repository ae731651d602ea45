package bench

import (
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/kith-web/kith/e2e/harness"
	"github.com/kith-web/kith/internal/mailbox"
)

// mailIdle is how many sessions wait.
const mailIdle = 5000

// mailMemory opens sessions with a relay's mailboxes, each past its HELLO, and
// returns by how many KiB the relay grew for one.
func (b *bench) mailMemory(t *testing.T) float64 {
	t.Helper()
	s := b.mailRelay(t, "")
	before, err := harness.UsageOf(s.process.PID())
	must(t, err)
	var open []*websocket.Conn
	defer func() {
		for _, c := range open {
			_ = c.CloseNow()
		}
	}()
	for range mailIdle {
		ctx, stop := withTime(time.Minute)
		c, _, err := websocket.Dial(ctx, "ws://"+s.addr+mailbox.Path, &websocket.DialOptions{Subprotocols: []string{mailbox.Protocol}})
		must(t, err)
		open = append(open, c)
		hello := mailbox.Append(nil, mailbox.Hello, 1, mailbox.HelloPayload{Version: mailbox.Version}.Append(nil))
		must(t, c.Write(ctx, websocket.MessageBinary, hello))
		_, _, err = c.Read(ctx)
		must(t, err)
		stop()
	}
	after, err := harness.UsageOf(s.process.PID())
	must(t, err)
	return float64(after.RSS-before.RSS) / kib / mailIdle
}
