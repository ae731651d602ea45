package tracker_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/relay/guard"
	"github.com/kith-web/kith/internal/relay/tracker"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// running is a tracker with all its doors on loopback.
type running struct {
	*tracker.Tracker
	tcp, udp, udp6 string
}

func run(t *testing.T, o tracker.Options) *running {
	t.Helper()
	if o.Rate == (guard.Limit{}) {
		o.Rate.PerSecond = -1
	}
	tr, err := tracker.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	web := httptest.NewServer(tr)
	done := make(chan struct{}, 3)
	r := &running{Tracker: tr, tcp: web.Listener.Addr().String()}
	packet := func(addr string) string {
		conn, err := net.ListenPacket("udp", addr)
		if err != nil {
			t.Skipf("this system has no %s: %v", addr, err)
		}
		go func() {
			if err := tr.ServePacket(ctx, conn.(*net.UDPConn)); err != nil {
				t.Error(err)
			}
			conn.Close()
			done <- struct{}{}
		}()
		return conn.LocalAddr().String()
	}
	r.udp, r.udp6 = packet("127.0.0.1:0"), packet("[::1]:0")
	go func() {
		tr.Run(ctx)
		done <- struct{}{}
	}()
	t.Cleanup(func() {
		drain, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		tr.Drain(drain, 0)
		stop()
		for range cap(done) {
			<-done
		}
		http.DefaultClient.CloseIdleConnections()
		web.Close()
	})
	return r
}
