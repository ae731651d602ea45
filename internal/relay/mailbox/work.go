package mailbox

import (
	"context"
	"sync"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// What is put or acknowledged by many at once is handed to the store together.
// Those who put are several, each for queues of its own, so that some write while
// others wait for a disk, and messages of a queue stay in order.
const (
	atOnce      = 512
	atOnceBytes = 8 << 20
	putters     = 2
)

// putJob is a message on its way into the store; then is told what became of it,
// and may use the body until it returns.
type putJob struct {
	queue.Put
	then   func(queue.Taken, []byte)
	pooled *[]byte // the body, when it is to be used again; else nil
}

// ackJob is an acknowledgement on its way.
type ackJob struct {
	queue.Ack
	then func(error)
}

// work hands commands to the store, as many at a time as there are.
type work struct {
	store  queue.Store
	puts   [putters]chan putJob
	acks   chan ackJob
	bodies sync.Pool // of *[]byte
}

// body returns a copy of b from the pool.
func (w *work) body(b []byte) *[]byte {
	c, ok := w.bodies.Get().(*[]byte)
	if !ok {
		c = new([]byte)
	}
	*c = append((*c)[:0], b...)
	return c
}

func newWork(store queue.Store) *work {
	w := &work{store: store, acks: make(chan ackJob, atOnce)}
	for i := range w.puts {
		w.puts[i] = make(chan putJob, atOnce)
	}
	return w
}

// put waits while too many do already, which the sender's TCP feels.
func (w *work) put(j putJob) { w.door(j) <- j }

// door is where a message goes in.
func (w *work) door(j putJob) chan<- putJob { return w.puts[j.Sender[0]%putters] }

func (w *work) ack(j ackJob) { w.acks <- j }

// run works until ctx ends, which is when nobody has anything in it any more.
func (w *work) run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, puts := range w.puts {
		wg.Go(func() {
			for jobs := []putJob(nil); ; {
				size := 0
				if jobs = gather(ctx, puts, jobs[:0], func(j putJob) bool {
					size += len(j.Body)
					return size < atOnceBytes
				}); len(jobs) == 0 {
					return
				}
				w.putAll(jobs)
			}
		})
	}
	wg.Go(func() {
		for jobs := []ackJob(nil); ; {
			if jobs = gather(ctx, w.acks, jobs[:0], func(ackJob) bool { return true }); len(jobs) == 0 {
				return
			}
			w.ackAll(jobs)
		}
	})
	wg.Wait()
}

// gather waits for one and takes what there is besides. It returns none when ctx
// has ended.
func gather[J any](ctx context.Context, from chan J, jobs []J, more func(J) bool) []J {
	select {
	case <-ctx.Done():
		return nil
	case j := <-from:
		jobs = append(jobs, j)
		if !more(j) {
			return jobs
		}
	}
	for len(jobs) < atOnce {
		select {
		case j := <-from:
			jobs = append(jobs, j)
			if !more(j) {
				return jobs
			}
		default:
			return jobs
		}
	}
	return jobs
}

func (w *work) putAll(jobs []putJob) {
	ctx, stop := context.WithTimeout(context.Background(), storeTimeout)
	defer stop()
	puts := make([]queue.Put, len(jobs))
	for i, j := range jobs {
		puts[i] = j.Put
	}
	taken, err := w.store.Put(ctx, puts)
	for i, j := range jobs {
		switch {
		case err != nil:
			j.then(queue.Taken{Err: err}, nil)
		case i < len(taken):
			j.then(taken[i], j.Body)
			if j.pooled != nil {
				w.bodies.Put(j.pooled)
			}
		}
	}
	clear(jobs)
}

func (w *work) ackAll(jobs []ackJob) {
	ctx, stop := context.WithTimeout(context.Background(), storeTimeout)
	defer stop()
	acks := make([]queue.Ack, len(jobs))
	for i, j := range jobs {
		acks[i] = j.Ack
	}
	err := w.store.Ack(ctx, acks)
	for _, j := range jobs {
		j.then(err)
	}
	clear(jobs)
}
