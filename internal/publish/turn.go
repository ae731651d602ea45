package publish

import "context"

// turn lets one goroutine at a time publish a folder.
type turn struct {
	free    chan struct{} // holds one token while nobody publishes
	waiting int           // guarded by Publisher.mu
}

// await waits until nobody else publishes folder. The caller calls done in the
// end.
func (p *Publisher) await(ctx context.Context, folder string) (done func(), err error) {
	p.mu.Lock()
	t := p.folders[folder]
	if t == nil {
		t = &turn{free: make(chan struct{}, 1)}
		t.free <- struct{}{}
		p.folders[folder] = t
	}
	t.waiting++
	p.mu.Unlock()
	leave := func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if t.waiting--; t.waiting == 0 {
			delete(p.folders, folder)
		}
	}
	select {
	case <-t.free:
		return func() { t.free <- struct{}{}; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, context.Cause(ctx)
	}
}
