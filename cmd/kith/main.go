// Command kith opens and publishes websites from peers. 'kith help' tells more.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/kith-web/kith/internal/cli"
)

func main() { os.Exit(run()) }

// run ends the command's context at the first signal, and lets the second end
// the process at once.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return cli.Main(ctx, os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
}
