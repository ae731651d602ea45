package nearby

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby/transfer"
	"github.com/kith-web/kith/internal/openscreen"
)

// maxReceivers bounds one push.
const maxReceivers = 100

// SendRequest says what to send to whom.
type SendRequest struct {
	// Paths are files and folders of this computer.
	Paths []string `json:"paths"`
	// To are names or IDs of devices.
	To []string `json:"to"`
	// Code pairs devices that are not paired yet; "" asks for theirs in a prompt.
	Code string `json:"code,omitempty"`
	// Wait is how many seconds a device is looked for; 0 for the usual time.
	Wait int `json:"wait,omitempty"`
	// Retry is how many seconds a device that went away is waited for; 0 for the
	// usual time, negative for not at all.
	Retry int `json:"retry,omitempty"`
	// NoTCP sends over QUIC alone.
	NoTCP bool `json:"noTCP,omitempty"`
}

// Sent is what Send began.
type Sent struct {
	Batch string `json:"batch"`
	// Transfers has one ID for each device, in the order of SendRequest.To.
	Transfers []string `json:"transfers"`
	// Skipped are paths that are not sent, such as symbolic links.
	Skipped []string `json:"skipped,omitempty"`
}

// running is a Transfer under way, and how to stop it.
type running struct {
	Transfer
	cancel context.CancelCauseFunc
	done   chan struct{}
	meter  meter
}

// meter measures a rate over the last seconds.
type meter struct {
	at   [meterSlots]time.Time
	done [meterSlots]int64
	n    int
}

const meterSlots = 16

// rate adds a measurement and returns the rate since the oldest.
func (m *meter) rate(now time.Time, done int64) int64 {
	if m.n > 0 {
		if last := (m.n - 1) % meterSlots; now.Sub(m.at[last]) < 200*time.Millisecond {
			return m.over(now, done)
		}
	}
	m.at[m.n%meterSlots], m.done[m.n%meterSlots] = now, done
	m.n++
	return m.over(now, done)
}

func (m *meter) over(now time.Time, done int64) int64 {
	oldest := 0
	if m.n > meterSlots {
		oldest = m.n % meterSlots
	}
	passed := now.Sub(m.at[oldest])
	if passed <= 0 {
		return 0
	}
	return int64(float64(done-m.done[oldest]) / passed.Seconds())
}

// begin enters a transfer that starts.
func (s *Service) begin(t Transfer, cancel context.CancelCauseFunc) (*running, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.transfers)-len(s.ended) >= s.o.MaxTransfers {
		return nil, fault.New(fault.RateLimited, "%d transfers are under way already", s.o.MaxTransfers).
			WithHint("wait for one to end")
	}
	t.ID, t.Started = rand.Text(), time.Now()
	if t.Batch == "" {
		t.Batch = t.ID
	}
	r := &running{Transfer: t, cancel: cancel, done: make(chan struct{})}
	s.transfers[t.ID] = r
	s.note()
	return r, nil
}

// progress enters how far a transfer is.
func (s *Service) progress(r *running, p transfer.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Progress = p
	r.Rate, r.Left = 0, 0
	if p.State == transfer.StateMoving {
		r.Rate = r.meter.rate(time.Now(), p.Done)
		if r.Rate > 0 {
			r.Left = (p.Total - p.Done) / r.Rate
		}
	}
	s.note()
}

// end enters how a transfer ended, and forgets the oldest of those that ended.
func (s *Service) end(r *running, result transfer.Result, err error) {
	r.cancel(nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	r.Ended, r.Result, r.Error, r.Rate, r.Left = &now, &result, problem(err), 0, 0
	r.State = endState(err)
	if err == nil || fault.KindOf(err) == fault.Partial {
		r.Done = max(r.Done, result.Bytes)
	}
	r.TCP = result.TCP
	close(r.done)
	s.ended = append(s.ended, r.ID)
	for len(s.ended) > s.o.KeepEnded {
		delete(s.transfers, s.ended[0])
		s.ended = s.ended[1:]
	}
	s.note()
}

func endState(err error) transfer.State {
	var ended *transfer.Ended
	switch {
	case err == nil:
		return transfer.StateDone
	case fault.KindOf(err) == fault.Partial:
		return transfer.StatePartial
	case errors.As(err, &ended) && ended.Reason == transfer.Declined:
		return transfer.StateDeclined
	case fault.KindOf(err) == fault.Canceled, errors.As(err, &ended) && ended.Reason == transfer.Canceled:
		return transfer.StateCanceled
	}
	return transfer.StateFailed
}

// Send offers files to devices and delivers them to those that accept. It
// returns as soon as the files are found; the State tells the rest. ctx is for
// that alone.
func (s *Service) Send(ctx context.Context, r SendRequest) (Sent, error) {
	if len(r.To) == 0 || len(r.To) > maxReceivers {
		return Sent{}, fault.New(fault.Invalid, "files are sent to 1 to %d devices at once, not %d", maxReceivers, len(r.To)).
			WithHint("name a device; 'kith nearby' lists them")
	}
	if r.Code != "" {
		if _, err := openscreen.ParseCode(r.Code); err != nil {
			return Sent{}, err
		}
	}
	source, err := transfer.Scan(ctx, r.Paths, s.o.MaxFiles)
	if err != nil {
		return Sent{}, err
	}
	s.mu.Lock()
	name := s.name
	s.mu.Unlock()
	fresh := func() *transfer.Push {
		return transfer.NewPush(source, transfer.PushOptions{
			Name: name, Certificate: s.agent.Certificate(), Group: len(r.To), NoTCP: r.NoTCP, Log: s.o.Log,
		})
	}
	push := fresh() // one that all receivers share
	sent := Sent{Batch: rand.Text(), Skipped: source.Skipped}
	top := topNames(source.Files())
	for _, who := range r.To {
		ctx, cancel := context.WithCancelCause(s.ctx)
		t, err := s.begin(Transfer{
			Batch: sent.Batch, Direction: Sending, Name: who, Files: len(source.Files()), Top: top,
			Progress: transfer.Progress{State: transfer.StateOffered, Total: source.Total()},
		}, cancel)
		if err != nil {
			cancel(nil)
			return sent, err
		}
		sent.Transfers = append(sent.Transfers, t.ID)
		s.wait.Go(func() {
			result, err := s.deliver(ctx, t, push, fresh, who, r)
			s.end(t, result, err)
		})
	}
	return sent, nil
}

func topNames(files []transfer.File) []string {
	var out []string
	for _, f := range files {
		top := f.Path
		for i := range len(top) {
			if top[i] == '/' {
				top = top[:i]
				break
			}
		}
		if !slices.Contains(out, top) {
			if out = append(out, top); len(out) >= shownFiles {
				break
			}
		}
	}
	return out
}

// Cancel stops a transfer for good.
func (s *Service) Cancel(id string) error {
	s.mu.Lock()
	r := s.transfers[id]
	s.mu.Unlock()
	if r == nil {
		return fault.New(fault.NotFound, "there is no transfer %.40q", id)
	}
	r.cancel(transfer.ErrDiscard)
	return nil
}

// Wait returns when the transfers ended.
func (s *Service) Wait(ids []string) {
	for _, id := range ids {
		s.mu.Lock()
		r := s.transfers[id]
		s.mu.Unlock()
		if r != nil {
			<-r.done
		}
	}
}
