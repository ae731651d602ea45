package serve

import (
	"context"
	"net/http"
	"time"
)

// lateTime is how long an answer may take before the device is asked whether it
// is still there, again and again. A connection does not tell: what was sent to a
// device that is gone waits for as long as TCP has patience.
const lateTime = 5 * time.Second

// patient hands requests to a device and waits for their answers for as long as
// the device is there.
type patient struct{ v *Visitor }

var _ http.RoundTripper = patient{}

func (p patient) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context()) // ends with the request, after its body
	answered := make(chan struct{})
	go func() {
		if err := p.follow(ctx, r.URL.Host, answered); err != nil {
			cancel(err)
			p.v.client.CloseIdleConnections()
		}
	}()
	resp, err := p.v.client.RoundTrip(r.WithContext(ctx))
	close(answered)
	if err != nil && r.Context().Err() == nil && context.Cause(ctx) != nil {
		err = context.Cause(ctx)
	}
	return resp, err
}

// follow returns an error when the device does not answer any more, and nil when
// the request is over.
func (p patient) follow(ctx context.Context, id string, answered <-chan struct{}) error {
	for {
		select {
		case <-time.After(lateTime):
		case <-answered:
			return nil
		case <-ctx.Done():
			return nil
		}
		asking, stop := context.WithTimeout(ctx, reachTime)
		_, err := p.v.ask(asking, id)
		stop()
		select {
		case <-answered:
			return nil
		default:
		}
		if err != nil {
			return err
		}
	}
}
