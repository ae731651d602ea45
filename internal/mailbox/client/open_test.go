package client

import (
	"testing"
	"testing/synctest"
)

// TestASessionThatEndedAtOnce: who waited for another caller to open a session, and
// finds it ended, opens one, which nobody answers here; it is never handed none.
func TestASessionThatEndedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(PoolOptions{})
		l := &line{opening: make(chan struct{})}
		type opened struct {
			s   *Session
			err error
		}
		done := make(chan opened)
		go func() {
			s, err := p.open(t.Context(), "ws://127.0.0.1:1", l)
			done <- opened{s, err}
		}()
		synctest.Wait()
		l.mu.Lock()
		close(l.opening) // it was opened, and has ended: there is neither a session nor an error
		l.opening = nil
		l.mu.Unlock()
		if o := <-done; o.s == nil && o.err == nil {
			t.Error("there is no session and no error")
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}
