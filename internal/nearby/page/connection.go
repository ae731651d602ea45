package page

import (
	"context"
	"fmt"

	"github.com/kith-web/kith/internal/fault"
)

const (
	kindConnection = "connection"
	// maxLabel is how many octets a label and a subprotocol have, as in WebRTC.
	maxLabel = 65535
	// maxChannelID is the largest number of a channel (Local Peer-to-Peer API,
	// data channel extension).
	maxChannelID = 65534
)

// connection is a connection of a page with the same app on another device.
type connection struct {
	sk   *socket
	id   uint32
	conn Conn
	ctx  context.Context
}

// connect gives the page a connection, under the source it comes from.
func (sk *socket) connect(source uint32, shown Link, conn Conn) {
	c := &connection{sk: sk, conn: conn}
	ctx, cancel := context.WithCancelCause(conn.Context())
	c.ctx = ctx
	id, ok := sk.add(c, kindConnection, sk.s.o.MaxConnections)
	if !ok || sk.ctx.Err() != nil {
		cancel(nil)
		_ = conn.Close()
		return
	}
	c.id = id
	shown.Connected = true
	sk.s.addLink(ctx, shown, func(cause error) { cancel(cause) })
	nickname := shown.Nickname
	sk.say(news{
		Op: "connection", ID: id, Source: source, Nickname: &nickname,
		Device: sk.s.o.Desk.Pseudonym(sk.app.ID, shown.Device.ID),
	})
	stop := context.AfterFunc(sk.ctx, func() { cancel(context.Cause(sk.ctx)) })
	sk.wait.Go(c.acceptChannels)
	sk.wait.Go(c.acceptTransports)
	sk.wait.Go(c.hearWants)
	sk.wait.Go(func() {
		<-ctx.Done()
		stop()
		cancel(nil)
		_ = conn.Close()
		sk.drop(id, kindConnection)
		sk.say(news{Op: "closed", ID: id})
	})
}

func (c *connection) command(cmd command) error {
	switch cmd.Op {
	case "close":
		return c.end()
	case "want":
		c.sk.wait.Go(func() { _ = c.conn.Want() })
		return nil
	}
	return unknown(cmd, "connection")
}

// end closes the connection; what waits on its context does the rest.
func (c *connection) end() error {
	c.sk.wait.Go(func() { _ = c.conn.Close() })
	return nil
}

func (c *connection) take(f frame) error {
	c.sk.free(f)
	return nil
}

func (c *connection) channelKind() string   { return fmt.Sprintf("channel of %d", c.id) }
func (c *connection) transportKind() string { return fmt.Sprintf("transport of %d", c.id) }

func (c *connection) hearWants() {
	for c.conn.Wanted(c.ctx) == nil {
		c.sk.say(news{Op: "wanted", ID: c.id})
	}
}

// openChannel opens a data channel to the other side.
func (c *connection) openChannel(cmd command) error {
	number := -1
	if cmd.Channel != nil {
		number = *cmd.Channel
	}
	if number < -1 || number > maxChannelID || len(cmd.Label) > maxLabel || len(cmd.Protocol) > maxLabel {
		return fault.New(fault.Invalid, "a channel that cannot be")
	}
	ch := newChannel(c)
	ok, err := c.sk.enter(cmd.ID, ch, ch.kind, c.sk.s.o.MaxChannels)
	if err != nil {
		return err
	}
	if !ok {
		c.sk.fail(cmd.ID, nameBusy, fmt.Sprintf("a connection has at most %d channels", c.sk.s.o.MaxChannels))
		return nil
	}
	ch.id = cmd.ID
	c.sk.wait.Go(func() {
		opened, err := c.conn.OpenChannel(c.ctx, cmd.Label, cmd.Protocol, number)
		if err != nil {
			c.sk.drop(ch.id, ch.kind)
			ch.out.close()
			c.sk.fail(ch.id, nameBusy, err.Error())
			return
		}
		ch.channel = opened
		got := opened.ID()
		c.sk.say(news{Op: "opened", ID: ch.id, Channel: &got})
		ch.run()
	})
	return nil
}

func (c *connection) acceptChannels() {
	for {
		opened, err := c.conn.AcceptChannel(c.ctx)
		if err != nil {
			return
		}
		ch := newChannel(c)
		ch.channel = opened
		id, ok := c.sk.add(ch, ch.kind, c.sk.s.o.MaxChannels)
		if !ok {
			_ = opened.Close()
			continue
		}
		ch.id = id
		number, label, protocol := opened.ID(), opened.Label(), opened.Protocol()
		c.sk.say(news{Op: "channel", ID: id, Connection: c.id, Label: &label, Protocol: &protocol, Channel: &number})
		c.sk.wait.Go(ch.run)
	}
}

// openTransport opens a transport to the other side.
func (c *connection) openTransport(cmd command) error {
	t := newTransport(c)
	ok, err := c.sk.enter(cmd.ID, t, t.kind, c.sk.s.o.MaxTransports)
	if err != nil {
		return err
	}
	if !ok {
		c.sk.fail(cmd.ID, nameQuota, fmt.Sprintf("a connection has at most %d transports", c.sk.s.o.MaxTransports))
		return nil
	}
	t.id = cmd.ID
	c.sk.wait.Go(func() {
		opened, err := c.conn.OpenTransport(t.ctx)
		if err != nil {
			t.cancel(nil)
			c.sk.drop(t.id, t.kind)
			c.sk.fail(t.id, nameNetwork, err.Error())
			return
		}
		t.begin(opened)
	})
	return nil
}

func (c *connection) acceptTransports() {
	for {
		offered, err := c.conn.AcceptTransport(c.ctx)
		if err != nil {
			return
		}
		t := newTransport(c)
		t.offered = offered
		id, ok := c.sk.add(t, t.kind, c.sk.s.o.MaxTransports)
		if !ok {
			t.cancel(nil)
			_ = offered.Close(0, "too many transports")
			continue
		}
		t.id = id
		c.sk.say(news{Op: "transport", ID: id, Connection: c.id})
		c.sk.wait.Go(t.watchOffer)
	}
}
