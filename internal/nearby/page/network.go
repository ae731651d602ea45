package page

import (
	"context"
	"errors"

	"github.com/kith-web/kith/internal/nearby/consent"
)

// Encoding says what a message of a data channel was before it became octets
// (Local Peer-to-Peer API, data-channel-encoding-id).
type Encoding uint8

// The encodings of messages.
const (
	Blob        Encoding = 0
	String      Encoding = 1
	ArrayBuffer Encoding = 2
)

// Hello is what two apps tell each other first.
type Hello struct {
	// App is what both are.
	App string
	// Nickname is what a page calls itself: text of a stranger.
	Nickname string
}

// Network connects apps with the same apps on other devices.
type Network interface {
	// Connect opens a connection to an app on a device, and returns when the
	// person there agreed. The error is ErrNobody, wrapped, when the app is not
	// open there.
	Connect(ctx context.Context, device string, mine Hello) (conn Conn, theirs Hello, err error)
}

// ErrNobody says that no page waits for connections to an app.
var ErrNobody = errors.New("the app is not open there")

// Conn is a connection between an app here and one on another device.
type Conn interface {
	// OpenChannel opens a data channel. With id < 0 a number is chosen.
	OpenChannel(ctx context.Context, label, protocol string, id int) (Channel, error)
	// AcceptChannel waits for a channel that the other side opens.
	AcceptChannel(ctx context.Context) (Channel, error)
	// OpenTransport opens a transport, and returns when the other page took it.
	OpenTransport(ctx context.Context) (Transport, error)
	// AcceptTransport waits for a transport that the other side opens. It has to
	// be accepted or closed.
	AcceptTransport(ctx context.Context) (Transport, error)
	// Want asks the other side to open a transport.
	Want() error
	// Wanted waits until the other side asks to be opened a transport.
	Wanted(ctx context.Context) error
	// Context ends with the connection.
	Context() context.Context
	// Close ends the connection with all that is in it.
	Close() error
}

// Channel is a data channel.
type Channel interface {
	ID() int
	Label() string
	Protocol() string
	// Send returns when the message was handed on, which waits for the network.
	Send(ctx context.Context, e Encoding, message []byte) error
	// Receive returns the next message, and io.EOF when the other side closed the
	// channel in order.
	Receive(ctx context.Context) (Encoding, []byte, error)
	// Close closes the channel after what was sent.
	Close() error
}

// Transport carries streams and datagrams.
type Transport interface {
	// Accept takes a transport that the other side opened.
	Accept(ctx context.Context) error
	OpenStream(ctx context.Context) (Stream, error)
	AcceptStream(ctx context.Context) (Stream, error)
	OpenUniStream(ctx context.Context) (SendStream, error)
	AcceptUniStream(ctx context.Context) (ReceiveStream, error)
	// SendDatagram may lose what it is given.
	SendDatagram(p []byte) error
	ReceiveDatagram(ctx context.Context) ([]byte, error)
	// Context ends with the transport; its cause is a *Closed when the other
	// side closed it.
	Context() context.Context
	Close(code uint32, reason string) error
}

// SendStream is the half of a stream that is written.
type SendStream interface {
	Write(p []byte) (int, error)
	// Close ends the stream in order; CancelWrite gives it up.
	Close() error
	CancelWrite(code uint32)
}

// ReceiveStream is the half of a stream that is read. Read fails with a *Reset
// when the other side gave the stream up.
type ReceiveStream interface {
	Read(p []byte) (int, error)
	CancelRead(code uint32)
}

// Stream is a stream in both directions.
type Stream interface {
	SendStream
	ReceiveStream
}

// Closed is how the other side closed a transport.
type Closed struct {
	Code   uint32
	Reason string
}

func (c *Closed) Error() string { return "the other side closed the transport: " + c.Reason }

// Reset is how the other side gave up a stream: a reset for a reader, a request
// to stop for a writer.
type Reset struct{ Code uint32 }

func (r *Reset) Error() string { return "the other side gave the stream up" }

// Device is a device as the network and the desk know it.
type Device = consent.Device
