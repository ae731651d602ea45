package queuetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// Report is what Load writes, and lets others wait for it.
type Report struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (r *Report) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.Write(p)
}

// Lines is a copy of all whole lines so far.
func (r *Report) Lines() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.buf.Bytes()
	return bytes.Clone(all[:bytes.LastIndexByte(all, '\n')+1])
}

// Wait waits until there are n lines, or those that write have ended.
func (r *Report) Wait(ctx context.Context, n int, ended <-chan error) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for bytes.Count(r.Lines(), []byte{'\n'}) < n {
		select {
		case err := <-ended:
			return errors.Join(errors.New("the load ended early"), err)
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// Follow reads a child's report until it ends.
func (r *Report) Follow(from io.Reader) <-chan error {
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(r, from)
		ended <- err
	}()
	return ended
}
