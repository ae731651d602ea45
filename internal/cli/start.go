package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/node"
)

// Times of a node that a command starts.
const (
	bootTime  = 30 * time.Second
	bootEvery = 100 * time.Millisecond
)

// bootLog is the file in the home that a node in the background writes to.
const bootLog = "kith.log"

// dialOrStart finds the running node, or starts one that goes on when this
// program has ended.
func (p *program) dialOrStart(ctx context.Context) (*api.Client, error) {
	client, err := p.dial(ctx)
	if fault.KindOf(err) != fault.NotRunning {
		return client, err
	}
	home, err := node.Home(p.home)
	if err != nil {
		return nil, err
	}
	ended, err := background(home)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, bootTime)
	defer cancel()
	tick := time.NewTicker(bootEvery)
	defer tick.Stop()
	log := filepath.Join(home, bootLog)
	for {
		select {
		case <-tick.C:
		case <-ended:
			// Another one may have been quicker: then it is the one to talk to.
			if client, err = p.dial(ctx); err != nil {
				return nil, fault.New(fault.NotRunning, "the node ended as soon as it was started").WithHint("%s says why", log)
			}
			return client, nil
		case <-ctx.Done():
			return nil, fault.New(fault.NotRunning, "the node was started and is not ready after %v", bootTime).WithHint("%s says why", log)
		}
		if client, err = p.dial(ctx); err == nil {
			return client, nil
		}
	}
}

// background starts a node for home that nothing of this process ends. The
// channel is closed when it has ended.
func background(home string) (<-chan struct{}, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, fmt.Errorf("make the home: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(home, bootLog), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write the node's log: %w", err)
	}
	defer log.Close() //nolint:errcheck // the node has its own
	c := exec.Command(program, "up", "--home", home)
	c.Dir, c.Stdout, c.Stderr, c.SysProcAttr = home, log, log, ownSession()
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("start the node: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.Wait() // its log says how it went
	}()
	return ended, nil
}
