package nearby

import (
	"context"
	"errors"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby/transfer"
)

// StateWaiting is the state of a transfer whose device went away. It goes on
// where it stopped when the device is back in time.
const StateWaiting transfer.State = "waiting"

// How long to wait between attempts to reach a device that went away.
const (
	firstPause = 500 * time.Millisecond
	mostPause  = 8 * time.Second
)

// retryTime is how long a device that went away is waited for.
func (s *Service) retryTime(seconds int) time.Duration {
	switch {
	case seconds < 0:
		return 0
	case seconds > 0:
		return time.Duration(seconds) * time.Second
	}
	return max(s.o.RetryTime, 0)
}

// wentAway says whether a transfer ended because the other device cannot be
// reached, rather than by what somebody decided.
func wentAway(err error) bool {
	var said *transfer.Ended
	return fault.KindOf(err) == fault.Unreachable && !errors.As(err, &said)
}

// deliver sends to one device, and again when it went away and is back: what
// arrived is not sent twice. fresh makes a Push of the same files.
func (s *Service) deliver(
	ctx context.Context, r *running, push *transfer.Push, fresh func() *transfer.Push, who string, how SendRequest,
) (transfer.Result, error) {
	patience, pause := s.retryTime(how.Retry), firstPause
	var until time.Time // how long it is waited for; zero before the first bytes
	var broke error     // what ended the last attempt that had bytes on their way
	for {
		result, moved, err := s.attempt(ctx, r, push, who, how, until)
		if moved {
			until, pause, broke = time.Now().Add(patience), firstPause, err
		}
		// A device that is back may not have noticed yet that it was away.
		back := errors.Is(err, errRejected) && time.Now().Before(until)
		if !wentAway(err) && !back || until.IsZero() || context.Cause(ctx) != nil {
			return result, err
		}
		if !time.Now().Before(until) {
			return result, fault.New(fault.Unreachable, "%q went away: %w", r.Name, broke).
				WithHint("send again when it is back: what arrived is not sent twice")
		}
		s.mu.Lock()
		p := r.Progress
		s.mu.Unlock()
		p.State = StateWaiting
		s.progress(r, p)
		select {
		case <-time.After(min(pause, time.Until(until))):
		case <-ctx.Done():
			return result, context.Cause(ctx)
		}
		pause, push = min(2*pause, mostPause), fresh()
	}
}

// attempt reaches one device, by a time unless that is zero, and sends. moved says
// whether bytes were on their way.
func (s *Service) attempt(
	ctx context.Context, r *running, push *transfer.Push, who string, how SendRequest, by time.Time,
) (result transfer.Result, moved bool, err error) {
	reach, cancel := ctx, context.CancelFunc(func() {})
	if !by.IsZero() {
		reach, cancel = context.WithDeadline(ctx, by)
	}
	defer cancel()
	t, err := s.locate(reach, who, time.Duration(how.Wait)*time.Second)
	if err != nil {
		return result, false, err
	}
	s.mu.Lock()
	r.Device, r.Name = ID(t.fingerprint), t.name
	s.note()
	s.mu.Unlock()
	transport, err := s.transport(reach, t, s.withCode(how.Code), transferProtocol)
	if errors.Is(err, errRejected) {
		return result, false, noFiles(t.name)
	}
	if err != nil {
		return result, false, cause(ctx, err)
	}
	result, err = push.To(ctx, fileSession{transport}, func(p transfer.Progress) {
		moved = moved || p.State == transfer.StateMoving
		s.progress(r, p)
	})
	return result, moved, err
}

// cause prefers why a person stopped something to what that led to.
func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil {
		return c
	}
	return err
}

// noFiles says that a device takes none.
func noFiles(name string) error {
	no := fault.New(fault.Forbidden, "%q takes no files", name).WithHint("run 'kith nearby receive' there")
	no.Err = errRejected
	return no
}
