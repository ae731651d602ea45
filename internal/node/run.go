package node

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// Bounds of the gateway's connections. There is none for writing: a site may
// stream for hours.
const (
	headerTime  = 10 * time.Second
	idleTime    = 2 * time.Minute
	headerBytes = 64 << 10
	// bodyTime is how long the next bytes of a request's body may take.
	bodyTime = 30 * time.Second
	// maxConnections is how many may be open at once, so that nobody on this
	// computer takes every file descriptor from the engines.
	maxConnections = 2048
	// drainTime is how long answers that are under way may take to notice that
	// the node ends.
	drainTime = 500 * time.Millisecond
)

// Run serves until ctx ends or End is called, then closes everything and returns
// nil. What does
// not close in time is left to the end of the process; nothing acknowledged is
// lost by that.
func (n *Node) Run(ctx context.Context) error {
	// Requests end with the node, streams of events among them.
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	open := make(places, maxConnections)
	server := &http.Server{
		ConnState:         open.connState,
		Handler:           steadyBodies(n.handler, bodyTime),
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
		BaseContext:       func(net.Listener) context.Context { return serving },
		ErrorLog:          slog.NewLogLogger(n.o.Log.Handler(), slog.LevelDebug),
	}
	group, groupCtx := errgroup.WithContext(ctx)
	for _, l := range n.listeners {
		group.Go(func() error {
			if err := server.Serve(newBounded(l, open)); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
	}
	working, rest := context.WithCancel(groupCtx)
	defer rest()
	for _, run := range n.runs {
		group.Go(func() error { return run(working) })
	}
	n.o.Log.Info("ready", "console", n.console)
	select {
	case <-groupCtx.Done():
	case <-n.told:
	}
	n.o.Log.Info("ending")
	stop()
	rest()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if server.Shutdown(drain) != nil {
		_ = server.Close()
	}
	return errors.Join(group.Wait(), n.end())
}

// end closes everything within endTime.
func (n *Node) end() error {
	ended := make(chan error, 1)
	go func() { ended <- n.close() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(endTime - drainTime):
		n.o.Log.Warn("some parts did not close in time")
		return nil
	}
}
