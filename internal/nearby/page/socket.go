package page

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/sync/semaphore"

	"github.com/kith-web/kith/internal/fault"
)

// frameCost is what a frame that waits costs beside its octets, so that many
// empty ones are bounded too.
const frameCost = 32

// closeTime is how long a page may take to answer that its socket is closed.
const closeTime = time.Second

// object is something of a page that has a number.
type object interface {
	// command does what the page says; an error ends the socket.
	command(c command) error
	// take gets octets, with the cost that was reserved for them; an error ends
	// the socket.
	take(f frame) error
}

// socket is one page's WebSocket and all that goes over it.
type socket struct {
	s      *Server
	app    App
	ctx    context.Context
	cancel context.CancelCauseFunc
	ws     *websocket.Conn
	room   *semaphore.Weighted
	full   atomic.Bool // nothing is read, because too much waits
	wait   sync.WaitGroup

	mu      sync.Mutex
	objects map[uint32]object
	next    uint32 // even
	count   map[string]int
}

func newSocket(s *Server, app App) *socket {
	sk := &socket{
		s: s, app: app, objects: map[uint32]object{}, next: 2, count: map[string]int{},
		room: semaphore.NewWeighted(int64(s.o.MaxBuffered + frameCost)),
	}
	sk.ctx, sk.cancel = context.WithCancelCause(s.ctx)
	return sk
}

// run serves until the page goes away, breaks the protocol, or is cut.
func (sk *socket) run(ws *websocket.Conn) {
	sk.ws = ws
	ws.SetReadLimit(int64(max(sk.s.o.MaxMessage+frameHead, maxText)))
	sk.wait.Go(sk.ping)
	sk.wait.Go(sk.hangUp)
	sk.welcome()
	sk.cancel(sk.read())
	sk.wait.Wait()
}

// hangUp closes the WebSocket when the socket is over, and says why. What reads
// and writes has no part in sk.ctx: to cancel that would cut the connection before
// anything could be said.
func (sk *socket) hangUp() {
	<-sk.ctx.Done()
	code, reason := websocket.StatusNormalClosure, ""
	switch cause := context.Cause(sk.ctx); {
	case errors.Is(cause, errEnded):
		code, reason = websocket.StatusGoingAway, "the node ends"
	case errors.Is(cause, errRevoked):
		code, reason = websocket.StatusPolicyViolation, "the person took the permission back"
	case fault.KindOf(cause) == fault.Invalid || fault.KindOf(cause) == fault.TooLarge:
		code, reason = websocket.StatusPolicyViolation, cause.Error()
		sk.s.o.Log.Debug("a page broke the protocol", "app", sk.app.ID, "error", cause)
	}
	if len(reason) > 120 { // RFC 6455 §5.5
		reason = reason[:120]
	}
	late := time.AfterFunc(closeTime, func() { _ = sk.ws.CloseNow() })
	defer late.Stop()
	_ = sk.ws.Close(code, reason) // the page may be gone already
}

func (sk *socket) welcome() {
	o := sk.s.o
	sk.say(news{Op: "welcome", Version: 1, Console: o.Console, Limits: &limits{
		Sources: o.MaxSources, Channels: o.MaxChannels, Transports: o.MaxTransports, Streams: o.MaxStreams,
		Message: o.MaxMessage, Datagram: o.MaxDatagram, Window: o.Window,
	}})
}

// ping notices a page that is gone without a word. While nothing is read because
// too much waits, no answer could be seen.
func (sk *socket) ping() {
	ticker := time.NewTicker(sk.s.o.PingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-sk.ctx.Done():
			return
		case <-ticker.C:
		}
		if sk.full.Load() {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), sk.s.o.WriteTime)
		err := sk.ws.Ping(ctx)
		cancel()
		if err != nil && !sk.full.Load() {
			sk.cancel(err)
			return
		}
	}
}

// read does what the page says until it says nothing more.
func (sk *socket) read() error {
	for {
		kind, data, err := sk.ws.Read(context.Background())
		if err != nil {
			return err
		}
		if kind == websocket.MessageText {
			err = sk.obey(data)
		} else {
			err = sk.deliver(data)
		}
		if err != nil {
			return err
		}
	}
}

func (sk *socket) deliver(data []byte) error {
	f, err := readFrame(data)
	if err != nil {
		return err
	}
	o := sk.object(f.id)
	if o == nil {
		return nil // it ended while this was on its way
	}
	if !sk.room.TryAcquire(cost(f.payload)) {
		sk.full.Store(true)
		err := sk.room.Acquire(sk.ctx, cost(f.payload))
		sk.full.Store(false)
		if err != nil {
			return context.Cause(sk.ctx)
		}
	}
	return o.take(f)
}

// cost is what a payload that waits takes of the room.
func cost(payload []byte) int64 { return int64(len(payload) + frameCost) }

// free gives back the room that a frame took. Marks in a queue took none.
func (sk *socket) free(f frame) {
	if f.kind <= frameDatagram {
		sk.room.Release(cost(f.payload))
	}
}

// say tells the page something. A page that does not listen is cut.
func (sk *socket) say(n news) {
	data, err := json.Marshal(n)
	if err != nil {
		sk.cancel(err)
		return
	}
	sk.write(websocket.MessageText, data)
}

// send gives the page octets.
func (sk *socket) send(kind byte, id uint32, payload []byte) {
	data := make([]byte, frameHead, frameHead+len(payload))
	data[0] = kind
	binary.BigEndian.PutUint32(data[1:], id)
	sk.write(websocket.MessageBinary, append(data, payload...))
}

func (sk *socket) write(kind websocket.MessageType, data []byte) {
	if sk.ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), sk.s.o.WriteTime)
	defer cancel()
	if err := sk.ws.Write(ctx, kind, data); err != nil {
		sk.cancel(err)
	}
}

// fail tells the page that what has the number id did not work, or ended badly.
func (sk *socket) fail(id uint32, name, message string) {
	sk.say(news{Op: "failed", ID: id, Name: name, Message: message})
}

// enter gives o the number that the page chose. It counts as one of kind, of
// which there may be most.
func (sk *socket) enter(id uint32, o object, kind string, most int) (ok bool, err error) {
	sk.mu.Lock()
	defer sk.mu.Unlock()
	if id%2 == 0 || sk.objects[id] != nil {
		return false, fault.New(fault.Invalid, "the number %d is not the page's to give", id)
	}
	if sk.count[kind] >= most || len(sk.objects) >= sk.s.o.MaxObjects {
		return false, nil
	}
	sk.count[kind]++
	sk.objects[id] = o
	return true, nil
}

// add gives o a number of the node's. It is false where there are too many.
func (sk *socket) add(o object, kind string, most int) (id uint32, ok bool) {
	sk.mu.Lock()
	defer sk.mu.Unlock()
	if sk.count[kind] >= most || len(sk.objects) >= sk.s.o.MaxObjects {
		return 0, false
	}
	id = sk.next
	sk.next += 2
	sk.count[kind]++
	sk.objects[id] = o
	return id, true
}

// drop takes a number out of use.
func (sk *socket) drop(id uint32, kind string) {
	sk.mu.Lock()
	defer sk.mu.Unlock()
	if _, ok := sk.objects[id]; !ok {
		return
	}
	delete(sk.objects, id)
	if sk.count[kind]--; sk.count[kind] <= 0 {
		delete(sk.count, kind)
	}
}

func (sk *socket) object(id uint32) object {
	sk.mu.Lock()
	defer sk.mu.Unlock()
	return sk.objects[id]
}
