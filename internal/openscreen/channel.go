package openscreen

import (
	"bufio"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/openscreen/wire"
)

// Encoding says what a message was before it became octets
// (data-channel-encoding-id).
type Encoding uint64

// The encodings of messages.
const (
	EncodingBlob        Encoding = 0
	EncodingString      Encoding = 1
	EncodingArrayBuffer Encoding = 2
)

// AutoID has a number chosen for a channel.
const AutoID = -1

// ChannelOptions describe a data channel.
type ChannelOptions struct {
	Label    string
	Protocol string
	// ID is the number of the channel, 0 to 65534, or AutoID.
	ID int
}

// DataChannel carries whole messages in order, in both directions.
type DataChannel struct {
	codec           *wire.Codec
	stream          *Stream
	r               *bufio.Reader
	label, protocol string
	id              uint16

	turn     chan struct{} // holds one token: the right to write
	buffered atomic.Int64
	in       chan *wire.DataFrame
	readEnd  chan struct{} // closed when reading ended, with readErr
	readErr  error
	quit     chan struct{} // closed when nobody will receive any more
	sendEnd  chan struct{} // closed when sending ended
	done     chan struct{}
	quitOnce sync.Once
	sendOnce sync.Once
}

// newChannel makes a channel of a stream behind its opening messages. free is
// called when it is over.
func newChannel(c *wire.Codec, st *Stream, r *bufio.Reader, m *wire.ChannelRequest, free func()) *DataChannel {
	ch := &DataChannel{
		codec: c, stream: st, r: r, label: m.Label, protocol: m.Protocol, id: uint16(m.Channel),
		turn: make(chan struct{}, 1), in: make(chan *wire.DataFrame), readEnd: make(chan struct{}),
		quit: make(chan struct{}), sendEnd: make(chan struct{}), done: make(chan struct{}),
	}
	ch.turn <- struct{}{}
	go ch.read()
	go func() {
		<-ch.readEnd
		<-ch.sendEnd
		close(ch.done)
		free()
	}()
	return ch
}

// Label is what the opener called the channel.
func (c *DataChannel) Label() string { return c.label }

// Protocol is the subprotocol that the opener named.
func (c *DataChannel) Protocol() string { return c.protocol }

// ID is the number of the channel, unique in its session.
func (c *DataChannel) ID() uint16 { return c.id }

// Send sends a message and returns when QUIC has taken all of it, so that a slow
// peer slows the sender. Messages of several callers are not mixed. When ctx ends
// in the middle of a message, the channel is given up.
func (c *DataChannel) Send(ctx context.Context, e Encoding, message []byte) error {
	data, err := c.codec.Append(nil, &wire.DataFrame{Encoding: uint64(e), Payload: message})
	if errors.Is(err, wire.ErrTooLarge) {
		return fault.New(fault.TooLarge, "a message of %d octets is too large for a data channel", len(message))
	}
	if err != nil {
		return err
	}
	c.buffered.Add(int64(len(message)))
	defer c.buffered.Add(-int64(len(message)))
	select {
	case <-c.turn:
	case <-c.sendEnd:
		return errChannelClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { c.turn <- struct{}{} }()
	select {
	case <-c.sendEnd:
		return errChannelClosed
	default:
	}
	stop := context.AfterFunc(ctx, c.Reset)
	defer stop()
	if _, err := c.stream.Write(data); err != nil {
		c.Reset()
		return errors.Join(ctx.Err(), err)
	}
	return nil
}

// errChannelClosed is the error of a channel after its end.
var errChannelClosed = fault.New(fault.Canceled, "the data channel is closed")

// BufferedAmount is how many octets of messages wait in Send.
func (c *DataChannel) BufferedAmount() int { return int(c.buffered.Load()) }

// read takes messages off the stream, one ahead of Receive.
func (c *DataChannel) read() {
	err := c.readAll()
	c.readErr = err
	close(c.readEnd)
	if errors.Is(err, io.EOF) {
		c.endSending() // the peer closed: the answer is to close as well
		return
	}
	c.Reset()
}

func (c *DataChannel) readAll() error {
	for {
		m, err := c.codec.Read(c.r)
		if err != nil {
			return err
		}
		frame, ok := m.(*wire.DataFrame)
		if !ok {
			return errUnexpected
		}
		select {
		case c.in <- frame:
		case <-c.quit:
			return errChannelClosed
		}
	}
}

// Receive returns the next message, io.EOF when the peer closed the channel in
// order, or the error that ended it.
func (c *DataChannel) Receive(ctx context.Context) (Encoding, []byte, error) {
	select {
	case m := <-c.in:
		return Encoding(m.Encoding), m.Payload, nil
	case <-c.readEnd:
		return 0, nil, c.readErr
	case <-ctx.Done():
		return 0, nil, ctx.Err()
	}
}

// endSending ends the own direction in order, behind the message that is being
// sent.
func (c *DataChannel) endSending() {
	c.sendOnce.Do(func() {
		close(c.sendEnd)
		go func() {
			<-c.turn
			if err := c.stream.Close(); err != nil {
				c.stream.CancelWrite(0)
			}
			c.turn <- struct{}{}
		}()
	})
}

// Close closes the channel after what was sent; the peer's close follows. What
// the peer sent until then can still be received, for some seconds.
func (c *DataChannel) Close() error {
	c.endSending()
	time.AfterFunc(closeGrace, c.stopReading)
	return nil
}

func (c *DataChannel) stopReading() {
	c.quitOnce.Do(func() {
		close(c.quit)
		c.stream.CancelRead(0)
	})
}

// Reset gives the channel up at once, in both directions.
func (c *DataChannel) Reset() {
	c.stream.CancelWrite(0)
	c.sendOnce.Do(func() { close(c.sendEnd) })
	c.stopReading()
}

// Done is closed when the channel carries nothing any more in either direction.
func (c *DataChannel) Done() <-chan struct{} { return c.done }
