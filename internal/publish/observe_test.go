package publish

import (
	"context"
	"testing"
	"time"
)

// TestComparing tries what observe falls back to where the system cannot
// report changes.
func TestComparing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := &Publisher{o: Options{Poll: time.Millisecond}}
	changes, done := make(chan struct{}, 1), make(chan struct{})
	go func() { p.compare(ctx, changes); close(done) }()
	for range 3 {
		<-changes
	}
	cancel()
	<-done
}
