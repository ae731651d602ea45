package api

import (
	"context"
	"net/http"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// endEvery is how often Client.End looks whether the node has ended.
const endEvery = 50 * time.Millisecond

// postEnd ends the node once the answer is on its way.
func (s *Server) postEnd(w http.ResponseWriter, _ *http.Request) {
	if s.o.End == nil {
		fail(w, fault.New(fault.Unsupported, "this node ends with the program it runs in"))
		return
	}
	w.WriteHeader(http.StatusAccepted)
	_ = http.NewResponseController(w).Flush() // who has gone has no use for it
	s.o.End()
}

// End ends the node and waits until it has ended, or ctx ends.
func (c *Client) End(ctx context.Context, home string) error {
	if err := c.call(ctx, http.MethodPost, "/api/v1/end", nil, nil); err != nil {
		return err
	}
	tick := time.NewTicker(endEvery)
	defer tick.Stop()
	for {
		if _, err := ReadBeacon(home); err != nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fault.New(fault.Conflict, "the node was told to end and has not").
				WithHint("process %d is the node's", c.beacon.PID)
		}
	}
}
