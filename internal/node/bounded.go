package node

import (
	"net"
	"net/http"
	"sync"
)

// places are those that connections take: a connection without one waits in the
// system's queue until another is over.
type places chan struct{}

// connState is the http.Server's hook that gives back the place of a connection.
func (p places) connState(_ net.Conn, state http.ConnState) {
	if state == http.StateClosed || state == http.StateHijacked {
		<-p
	}
}

// bounded is a listener whose connections take places. It hands them out as they
// are, so that files still go to them by the kernel's own copy; the server says
// when one is over.
type bounded struct {
	net.Listener
	places places
	closed chan struct{}
	once   sync.Once
}

func newBounded(l net.Listener, p places) *bounded {
	return &bounded{Listener: l, places: p, closed: make(chan struct{})}
}

func (b *bounded) Accept() (net.Conn, error) {
	select {
	case b.places <- struct{}{}:
	case <-b.closed:
		return nil, net.ErrClosed
	}
	c, err := b.Listener.Accept()
	if err != nil {
		<-b.places
	}
	return c, err
}

// Close also ends an Accept that waits for a place.
func (b *bounded) Close() error {
	b.once.Do(func() { close(b.closed) })
	return b.Listener.Close()
}
