package page

import "github.com/kith-web/kith/internal/fault"

// obey does what a page says. An error ends the socket: the page's script is
// ours, so whoever breaks the protocol is not.
func (sk *socket) obey(data []byte) error {
	c, err := readCommand(data)
	if err != nil {
		return err
	}
	switch c.Op {
	case "receive":
		return sk.receive(c)
	case "request":
		return sk.request(c)
	case "devices":
		sk.devices(c.ID)
		return nil
	case "open-channel", "open-transport":
		return sk.inConnection(c)
	case "open-stream":
		return sk.inTransport(c)
	case "stop", "accept", "want", "fin", "reset", "stop-sending", "close", "credit":
		if o := sk.object(c.ID); o != nil {
			return o.command(c)
		}
		return nil // it ended while this was on its way
	}
	return fault.New(fault.Invalid, "there is no command %.20q", c.Op)
}

func (sk *socket) inConnection(c command) error {
	on, ok := sk.object(c.Connection).(*connection)
	switch {
	case !ok:
		sk.fail(c.ID, nameNetwork, "the connection is closed")
		return nil
	case c.Op == "open-channel":
		return on.openChannel(c)
	default:
		return on.openTransport(c)
	}
}

func (sk *socket) inTransport(c command) error {
	t, ok := sk.object(c.Transport).(*transport)
	if !ok {
		sk.fail(c.ID, nameNetwork, "the transport is closed")
		return nil
	}
	return t.openStream(c)
}

// unknown is the error for a command that an object does not have.
func unknown(c command, what string) error {
	return fault.New(fault.Invalid, "a %s has no command %.20q", what, c.Op)
}

// devices tells which devices the person lets the app reach without asking. It
// says nothing of whether they are near, and takes the same time for any number.
func (sk *socket) devices(id uint32) {
	list := []known{}
	for _, d := range sk.s.o.Desk.Reachable(sk.app.ID) {
		list = append(list, known{Device: sk.s.o.Desk.Pseudonym(sk.app.ID, d.ID), Name: d.Name})
	}
	sk.say(news{Op: "devices", ID: id, Devices: &list})
}
