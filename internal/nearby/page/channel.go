package page

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/kith-web/kith/internal/fault"
)

// endOfFrames marks, among what a page sent, that nothing follows.
const endOfFrames = 0xff

// channel is a data channel of a page.
type channel struct {
	sk      *socket
	on      *connection
	id      uint32
	kind    string
	channel Channel
	out     *queue

	mu      sync.Mutex
	waiting int // octets of the page that were not acknowledged
}

func newChannel(c *connection) *channel {
	return &channel{sk: c.sk, on: c, kind: c.channelKind(), out: newQueue(c.sk.free)}
}

func (ch *channel) command(c command) error {
	switch c.Op {
	case "close":
		ch.out.put(frame{kind: endOfFrames})
		return nil
	case "credit":
		return nil
	}
	return unknown(c, "channel")
}

// take queues a message. A page may begin one as long as less than a window is
// on the way.
func (ch *channel) take(f frame) error {
	ch.mu.Lock()
	over := ch.waiting >= ch.sk.s.o.Window || len(f.payload) > ch.sk.s.o.MaxMessage || f.kind > byte(ArrayBuffer)
	ch.waiting += len(f.payload) + frameCost
	ch.mu.Unlock()
	if over {
		ch.sk.free(f)
		return fault.New(fault.Invalid, "a message that the channel has no room for")
	}
	ch.out.put(f)
	return nil
}

// run passes messages on in both directions until the channel is closed.
func (ch *channel) run() {
	ctx, cancel := context.WithCancelCause(ch.on.ctx)
	ch.sk.wait.Go(func() { cancel(ch.pump(ctx)) })
	err := ch.receive(ctx)
	cancel(err)
	_ = ch.channel.Close()
	ch.sk.drop(ch.id, ch.kind)
	ch.out.close()
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, io.EOF), errors.Is(cause, errStopped), ch.on.ctx.Err() != nil:
		ch.sk.say(news{Op: "closed", ID: ch.id})
	default:
		ch.sk.fail(ch.id, nameNetwork, cause.Error())
	}
}

// pump sends what the page sent, and says how much of it is on its way.
func (ch *channel) pump(ctx context.Context) error {
	passed := &receipt{sk: ch.sk, id: ch.id}
	for {
		f, err := ch.out.get(ctx)
		if err != nil {
			return err
		}
		if f.kind == endOfFrames {
			return ch.shut()
		}
		err = ch.channel.Send(ctx, Encoding(f.kind), f.payload)
		ch.sk.free(f)
		if err != nil {
			return err
		}
		ch.mu.Lock()
		ch.waiting -= len(f.payload) + frameCost
		ch.mu.Unlock()
		passed.add(len(f.payload) + frameCost)
	}
}

func (ch *channel) shut() error {
	if err := ch.channel.Close(); err != nil {
		return err
	}
	return errStopped
}

// receive gives the page the messages of the other side.
func (ch *channel) receive(ctx context.Context) error {
	for {
		e, message, err := ch.channel.Receive(ctx)
		if err != nil {
			return err
		}
		ch.sk.send(byte(e), ch.id, message)
	}
}
