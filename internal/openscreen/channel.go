package openscreen

import "context"

// Encoding says what a message was before it became octets
// (data-channel-encoding-id).
type Encoding uint64

// The encodings of messages.
const (
	EncodingBlob        Encoding = 0
	EncodingString      Encoding = 1
	EncodingArrayBuffer Encoding = 2
)

// AutoID has [Session.OpenDataChannel] choose a number.
const AutoID = -1

// ChannelOptions describe a data channel.
type ChannelOptions struct {
	Label    string
	Protocol string
	// ID is the number of the channel, 0 to 65534, or AutoID.
	ID int
}

// DataChannel carries whole messages in order, in both directions.
type DataChannel struct{}

// Label is what the opener called the channel.
func (c *DataChannel) Label() string { return "" }

// Protocol is the subprotocol that the opener named.
func (c *DataChannel) Protocol() string { return "" }

// ID is the number of the channel, unique in its session.
func (c *DataChannel) ID() uint16 { return 0 }

// Send sends a message and returns when QUIC has taken all of it, so that a slow
// peer slows the sender. Messages of several callers are not mixed.
func (c *DataChannel) Send(ctx context.Context, e Encoding, message []byte) error {
	return errUnbuilt
}

// BufferedAmount is how many octets of messages wait in Send.
func (c *DataChannel) BufferedAmount() int { return 0 }

// Receive returns the next message, io.EOF when the peer closed the channel in
// order, or the error that ended it.
func (c *DataChannel) Receive(ctx context.Context) (Encoding, []byte, error) {
	return 0, nil, errUnbuilt
}

// Close closes the channel after what was sent; the peer's close follows. What
// the peer sent until then can still be received.
func (c *DataChannel) Close() error { return errUnbuilt }

// Reset gives the channel up at once, in both directions.
func (c *DataChannel) Reset() {}

// Done is closed when the channel carries nothing any more in either direction.
func (c *DataChannel) Done() <-chan struct{} { return nil }

// ChannelRequest is a data channel that the peer wants to open. It waits, for a
// minute at most, to be accepted or rejected.
type ChannelRequest struct {
	Label    string
	Protocol string
	ID       uint16
}

// Accept says yes.
func (r *ChannelRequest) Accept() (*DataChannel, error) { return nil, errUnbuilt }

// Reject says no.
func (r *ChannelRequest) Reject() error { return errUnbuilt }
