package openscreen

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/kith-web/kith/e2e/figure"
	"github.com/kith-web/kith/internal/fault"
)

// paired opens a session between two agents that know each other.
func paired(t *testing.T, change func(*Options)) (*Session, *Session) {
	t.Helper()
	options := func(o *Options) {
		knowsAll(o)
		if change != nil {
			change(o)
		}
	}
	a, b := agent(t, "a", options), agent(t, "b", options)
	return meet(t, a, b, found(b))
}

// opened opens something from one side, accepts it on the other, and returns both
// ends.
func opened[E any, R interface{ Accept() (E, error) }](
	t *testing.T, open func(context.Context) (E, error), await func(context.Context) (R, error),
) (near, far E) {
	t.Helper()
	ctx := background(t)
	got := make(chan E, 1)
	go func() {
		defer close(got)
		r, err := await(ctx)
		if err != nil {
			t.Error(err)
			return
		}
		far, err := r.Accept()
		if err != nil {
			t.Error(err)
		}
		got <- far
	}()
	near, err := open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return near, <-got
}

// channel opens a data channel from a to b.
func channel(t *testing.T, a, b *Session, o ChannelOptions) (*DataChannel, *DataChannel) {
	t.Helper()
	return opened(t, func(ctx context.Context) (*DataChannel, error) { return a.OpenDataChannel(ctx, o) }, b.AcceptDataChannel)
}

func TestADataChannelCarriesMessagesBothWays(t *testing.T) {
	as, bs := paired(t, nil)
	ctx := background(t)
	for _, opener := range []struct{ from, to *Session }{{as, bs}, {bs, as}} {
		a, b := channel(t, opener.from, opener.to, ChannelOptions{Label: "chat", Protocol: "text", ID: AutoID})
		if b.Label() != "chat" || b.Protocol() != "text" || a.ID() != b.ID() {
			t.Errorf("the peer sees %q %q %d, not %d", b.Label(), b.Protocol(), b.ID(), a.ID())
		}
		for i, m := range [][]byte{[]byte("grüß dich"), {}, bytes.Repeat([]byte{7}, 3<<20)} {
			e := []Encoding{EncodingString, EncodingBlob, EncodingArrayBuffer}[i]
			for _, c := range []struct{ from, to *DataChannel }{{a, b}, {b, a}} {
				sent := make(chan error, 1)
				go func() { sent <- c.from.Send(ctx, e, m) }()
				gotE, got, err := c.to.Receive(ctx)
				if err != nil || gotE != e || !bytes.Equal(got, m) {
					t.Fatalf("message %d: %d octets of %d, %v", i, len(got), gotE, err)
				}
				if err := <-sent; err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := a.Send(ctx, EncodingBlob, []byte("last")); err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if _, m, err := b.Receive(ctx); err != nil || string(m) != "last" {
			t.Errorf("before the end: %q, %v", m, err)
		}
		if _, _, err := b.Receive(ctx); !errors.Is(err, io.EOF) {
			t.Errorf("at the end: %v", err)
		}
		<-a.Done()
		<-b.Done()
		if err := b.Send(ctx, EncodingBlob, nil); err == nil {
			t.Error("a closed channel takes a message")
		}
		if err := a.Send(ctx, EncodingBlob, make([]byte, 17<<20)); fault.KindOf(err) != fault.TooLarge {
			t.Errorf("17 MiB: %v", err)
		}
	}
}

func TestChannelsCanBeRejectedAndNumbersAreUnique(t *testing.T) {
	as, bs := paired(t, nil)
	ctx := background(t)
	go func() {
		for {
			r, err := bs.AcceptDataChannel(ctx)
			if err != nil {
				return
			}
			if r.Label == "no" {
				_ = r.Reject()
				continue
			}
			_, _ = r.Accept()
		}
	}()
	if _, err := as.OpenDataChannel(ctx, ChannelOptions{Label: "no", ID: AutoID}); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a rejected channel: %v", err)
	}
	if _, err := as.OpenDataChannel(ctx, ChannelOptions{ID: 7}); err != nil {
		t.Error(err)
	}
	if _, err := as.OpenDataChannel(ctx, ChannelOptions{ID: 7}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a number twice: %v", err)
	}
	if _, err := as.OpenDataChannel(ctx, ChannelOptions{ID: 65535}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a number out of range: %v", err)
	}
}

// TestTenThousandChannelsEndInAClearError: of the caller, and of a peer that
// does not keep to the limit itself.
func TestTenThousandChannelsEndInAClearError(t *testing.T) {
	as, bs := paired(t, func(o *Options) { o.Limits.Channels = 100 })
	ctx := background(t)
	go func() {
		for {
			r, err := bs.AcceptDataChannel(ctx)
			if err != nil {
				return
			}
			_, _ = r.Accept()
		}
	}()
	opened := 0
	for range 10_000 {
		_, err := as.OpenDataChannel(ctx, ChannelOptions{ID: AutoID})
		if err == nil {
			opened++
			continue
		}
		if fault.KindOf(err) != fault.TooLarge {
			t.Fatal(err)
		}
	}
	if opened != 100 {
		t.Errorf("%d channels were opened", opened)
	}
	as.channels.most = 20_000 // a peer without a limit of its own
	if _, err := as.OpenDataChannel(ctx, ChannelOptions{ID: AutoID}); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("beyond the peer's limit: %v", err)
	}
	if bs.Err() != nil {
		t.Errorf("the session ended: %v", bs.Err())
	}
}

// transport opens one from a to b.
func transport(t *testing.T, a, b *Session, protocol string) (*Transport, *Transport) {
	t.Helper()
	at, bt := opened(t, func(ctx context.Context) (*Transport, error) { return a.OpenTransport(ctx, protocol) }, b.AcceptTransport)
	if bt.Protocol() != protocol {
		t.Fatalf("the protocol is %q", bt.Protocol())
	}
	return at, bt
}

// TestTransportsAreApart runs several transports at once, of both sides, with
// streams of every kind and datagrams.
func TestTransportsAreApart(t *testing.T) {
	as, bs := paired(t, nil)
	var all sync.WaitGroup
	for i := range 4 {
		from, to := as, bs
		if i%2 == 1 {
			from, to = bs, as
		}
		at, bt := transport(t, from, to, fmt.Sprintf("test/%d", i))
		for j, pair := range [][2]*Transport{{at, bt}, {bt, at}} {
			all.Go(func() { exchange(t, pair[0], pair[1], fmt.Sprintf("%d.%d", i, j)) })
		}
	}
	all.Wait()
}

// exchange sends by every means from one end of a transport to the other.
func exchange(t *testing.T, from, to *Transport, text string) {
	ctx := background(t)
	data := bytes.Repeat([]byte(text), 100_000)
	want := sha256.Sum256(data)
	var asking sync.WaitGroup
	defer asking.Wait()
	asking.Go(func() {
		st, err := from.OpenStream(ctx)
		if err != nil {
			t.Error(err)
			return
		}
		_, err = st.Write(data)
		if err = errors.Join(err, st.Close()); err != nil {
			t.Error(err)
		}
		back, err := io.ReadAll(st)
		if err != nil || string(back) != "thanks "+text {
			t.Errorf("%s: the answer is %q, %v", text, back, err)
		}
	})
	st, err := to.AcceptStream(ctx)
	if err != nil {
		t.Error(err)
		return
	}
	got, err := io.ReadAll(st)
	if err != nil || sha256.Sum256(got) != want {
		t.Errorf("%s: %d octets came, %v", text, len(got), err)
	}
	if _, err := fmt.Fprintf(st, "thanks %s", text); err != nil {
		t.Error(err)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
	u, err := from.OpenUniStream(ctx)
	if err != nil {
		t.Error(err)
		return
	}
	_, err = u.Write([]byte(text))
	if err = errors.Join(err, u.Close()); err != nil {
		t.Error(err)
	}
	ru, err := to.AcceptUniStream(ctx)
	if err != nil {
		t.Error(err)
		return
	}
	if got, err := io.ReadAll(ru); err != nil || string(got) != text {
		t.Errorf("%s: %q came in one direction, %v", text, got, err)
	}
	arrived, stop := context.WithCancel(ctx)
	var sending sync.WaitGroup
	sending.Go(func() { // one may be lost: that is what datagrams are
		for every := time.Tick(20 * time.Millisecond); arrived.Err() == nil; {
			if err := from.SendDatagram([]byte(text)); err != nil {
				t.Error(err)
				return
			}
			select {
			case <-every:
			case <-arrived.Done():
			}
		}
	})
	got, err = to.ReceiveDatagram(ctx)
	stop()
	sending.Wait()
	if err != nil || string(got) != text {
		t.Errorf("%s: datagram %q, %v", text, got, err)
	}
	if err := from.SendDatagram(make([]byte, from.MaxDatagram()+1)); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("a long datagram: %v", err)
	}
}

func TestAStreamIsGivenUpWithACode(t *testing.T) {
	as, bs := paired(t, nil)
	at, bt := transport(t, as, bs, "t")
	ctx := background(t)
	st, err := at.OpenStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	peer, err := bt.AcceptStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	st.CancelWrite(42)
	var reset *StreamReset
	if _, err := peer.Read(make([]byte, 1)); !errors.As(err, &reset) || reset.Code != 42 {
		t.Errorf("the reader is told %v", err)
	}
	st.CancelRead(43)
	for err = nil; err == nil; {
		_, err = peer.Write(make([]byte, 1000))
	}
	if !errors.As(err, &reset) || reset.Code != 43 {
		t.Errorf("the writer is told %v", err)
	}
}

func TestClosingATransportEndsWhatIsInIt(t *testing.T) {
	as, bs := paired(t, nil)
	at, bt := transport(t, as, bs, "t")
	other, _ := transport(t, as, bs, "u")
	ctx := background(t)
	st, err := at.OpenStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	peer, err := bt.AcceptStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := bt.Close(7, "enough"); err != nil {
		t.Fatal(err)
	}
	<-at.Done()
	var closed *TransportClosed
	if !errors.As(at.Err(), &closed) || closed.Code != 7 || closed.Reason != "enough" || !closed.Remote {
		t.Errorf("the peer is told %#v", at.Err())
	}
	for _, s := range []*Stream{st, peer} {
		if _, err := s.Read(make([]byte, 1)); !errors.As(err, &closed) {
			t.Errorf("a stream says %v", err)
		}
	}
	if _, err := at.AcceptStream(ctx); !errors.As(err, &closed) {
		t.Errorf("accepting says %v", err)
	}
	if _, err := at.OpenStream(ctx); !errors.As(err, &closed) {
		t.Errorf("opening says %v", err)
	}
	if other.Err() != nil || len(at.open) != 0 {
		t.Errorf("another transport says %v; %d streams are held", other.Err(), len(at.open))
	}
	if err := as.Close(CloseNormal, ""); err != nil {
		t.Fatal(err)
	}
	<-other.Done()
}

func TestTransportsAreLimitedAndRejected(t *testing.T) {
	as, bs := paired(t, func(o *Options) { o.Limits.Transports = 2 })
	ctx := background(t)
	go func() {
		for {
			r, err := bs.AcceptTransport(ctx)
			if err != nil {
				return
			}
			if r.Protocol == "no" {
				_ = r.Reject()
			} else {
				_, _ = r.Accept()
			}
		}
	}()
	if _, err := as.OpenTransport(ctx, "no"); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("rejected: %v", err)
	}
	for i := range 3 {
		if _, err := as.OpenTransport(ctx, "yes"); (err != nil) != (i == 2) {
			t.Errorf("transport %d: %v", i, err)
		}
	}
}

func TestAChannelOnATransport(t *testing.T) {
	as, bs := paired(t, nil)
	at, bt := transport(t, as, bs, "t")
	ctx := background(t)
	go func() {
		st, err := bt.AcceptStream(ctx)
		if err != nil {
			t.Error(err)
			return
		}
		r, err := AcceptChannelOn(ctx, st)
		if err != nil || r.Label != "l" || r.ID != 9 {
			t.Errorf("%v %+v", err, r)
			return
		}
		ch, err := r.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		e, m, err := ch.Receive(ctx)
		if err = errors.Join(err, ch.Send(ctx, e, m)); err != nil {
			t.Error(err)
		}
	}()
	st, err := at.OpenStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ch, err := OpenChannelOn(ctx, st, ChannelOptions{Label: "l", ID: 9})
	if err != nil {
		t.Fatal(err)
	}
	if err := ch.Send(ctx, EncodingString, []byte("echo")); err != nil {
		t.Fatal(err)
	}
	if _, m, err := ch.Receive(ctx); err != nil || string(m) != "echo" {
		t.Errorf("%q, %v", m, err)
	}
}

// raw opens a QUIC connection that no session speaks on.
func raw(t *testing.T, from, to *Agent) *quic.Conn {
	t.Helper()
	conn, err := from.dialOne(background(t), to.Addr(), found(to))
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestWhatIsNoMessageEndsTheSession sends what is not in the protocol, before
// and behind authentication.
func TestWhatIsNoMessageEndsTheSession(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		bidi bool
		code CloseCode
	}{
		"an unknown key":            {data: "\x40\x7f\xa0", code: CloseUnknownMessage},
		"no CBOR":                   {data: "\x0a\xff", code: CloseMalformed},
		"a cut message":             {data: "\x0a\xa1", code: CloseMalformed},
		"a huge string":             {data: "\x0b\xa1\x00\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", code: CloseMalformed},
		"a frame without a channel": {data: "\x18\xa2\x00\x00\x04\x40", code: CloseMalformed},
		"a channel of nonsense":     {data: "\x44\x4d\x01", bidi: true, code: CloseMalformed},
		"a stream of nonsense":      {data: "\x0a\xa1\x00\x00", bidi: true, code: CloseUnknownMessage},
	} {
		t.Run(name, func(t *testing.T) {
			as, bs := paired(t, nil)
			if c.bidi {
				st, err := as.conn.OpenStreamSync(background(t))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := st.Write([]byte(c.data)); err != nil {
					t.Fatal(err)
				}
			} else {
				st, err := as.conn.OpenUniStreamSync(background(t))
				if err != nil {
					t.Fatal(err)
				}
				_, err = st.Write([]byte(c.data))
				if err = errors.Join(err, st.Close()); err != nil {
					t.Fatal(err)
				}
			}
			<-bs.Done()
			<-as.Done()
			var closed *ClosedError
			if !errors.As(as.Err(), &closed) || closed.Code != c.code || !closed.Remote {
				t.Errorf("the sender is told %v", as.Err())
			}
		})
	}
}

// TestWhoSaysNothingIsLeft: a peer that connects and does not introduce itself.
func TestWhoSaysNothingIsLeft(t *testing.T) {
	b := agent(t, "b", func(o *Options) { o.Limits.Handshake = 300 * time.Millisecond })
	conn := raw(t, agent(t, "a", nil), b)
	select {
	case <-conn.Context().Done():
	case <-time.After(patience):
		t.Fatal("the connection lasts")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := b.Accept(ctx); err == nil {
		t.Error("a session came of it")
	}
}

// TestFigureOfStreams compares the two below, in turns, when figures are asked for.
func TestFigureOfStreams(t *testing.T) {
	if os.Getenv(figure.EnvResults) == "" {
		t.Skipf("measured when %s is set", figure.EnvResults)
	}
	rate := func(bare bool) float64 {
		r := testing.Benchmark(func(b *testing.B) { benchmark(b, bare) })
		return float64(r.Bytes) * float64(r.N) / 1e6 / r.T.Seconds()
	}
	ours, bare := figure.Contestant{Name: "Kith, a stream of a transport"}, figure.Contestant{Name: "bare quic-go"}
	for range 3 {
		ours.Samples, bare.Samples = append(ours.Samples, rate(false)), append(bare.Samples, rate(true))
	}
	figure.Save(t, figure.Figure{
		Group: "nearby-page", Title: "One QUIC stream, 64 MiB", Unit: "MB/s", More: true, Place: 1,
		Goal: figure.Beat("at least 0.9 of a bare quic-go stream", 0.9, bare.Name), Contestants: []figure.Contestant{ours, bare},
	})
}

// BenchmarkTransport moves 64 MiB over a stream of a transport; BenchmarkQUIC
// over a stream of the same connection that belongs to nothing.
func BenchmarkTransport(b *testing.B) { benchmark(b, false) }

// BenchmarkQUIC is what BenchmarkTransport is compared with.
func BenchmarkQUIC(b *testing.B) { benchmark(b, true) }

func benchmark(b *testing.B, bare bool) {
	ctx := context.Background()
	pair := make([]*Agent, 2)
	for i := range pair {
		id, err := NewIdentity()
		if err != nil {
			b.Fatal(err)
		}
		o := Options{DisplayName: "x", Identity: id, Listen: netip.MustParseAddrPort("127.0.0.1:0")}
		knowsAll(&o)
		if pair[i], err = New(o); err != nil {
			b.Fatal(err)
		}
		defer pair[i].Close()
	}
	var in io.Reader
	var out io.Writer
	if bare {
		l, err := pair[1].listenBare()
		if err != nil {
			b.Fatal(err)
		}
		conn, err := pair[0].transport.Dial(ctx, l.Addr(), pair[0].tlsConfig(), wide(pair[0]))
		if err != nil {
			b.Fatal(err)
		}
		peer, err := l.Accept(ctx)
		if err != nil {
			b.Fatal(err)
		}
		st, err := conn.OpenUniStreamSync(ctx)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := st.Write([]byte{1}); err != nil {
			b.Fatal(err)
		}
		if in, err = peer.AcceptUniStream(ctx); err != nil {
			b.Fatal(err)
		}
		out = st
	} else {
		s, err := pair[0].Dial(ctx, found(pair[1]))
		if err != nil {
			b.Fatal(err)
		}
		p, err := pair[1].Accept(ctx)
		if err != nil {
			b.Fatal(err)
		}
		got := make(chan *Transport, 1)
		go func() {
			r, err := p.AcceptTransport(ctx)
			if err != nil {
				return
			}
			tr, _ := r.Accept()
			got <- tr
		}()
		tr, err := s.OpenTransport(ctx, "bench/1")
		if err != nil {
			b.Fatal(err)
		}
		st, err := tr.OpenUniStream(ctx)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := st.Write([]byte{1}); err != nil {
			b.Fatal(err)
		}
		if in, err = (<-got).AcceptUniStream(ctx); err != nil {
			b.Fatal(err)
		}
		out = st
	}
	move(b, in, out)
}

// listenBare is a listener that no agent looks after.
func (a *Agent) listenBare() (*quic.Listener, error) {
	return quic.ListenAddr("127.0.0.1:0", a.tlsConfig(), wide(a))
}

func wide(a *Agent) *quic.Config {
	c := a.quicConfig()
	c.AllowConnectionWindowIncrease = nil
	return c
}

func move(b *testing.B, in io.Reader, out io.Writer) {
	const size = 64 << 20
	if _, err := io.ReadFull(in, make([]byte, 1)); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	data, sink := make([]byte, 256<<10), make([]byte, 256<<10)
	for b.Loop() {
		go func() {
			for range size / len(data) {
				if _, err := out.Write(data); err != nil {
					b.Error(err)
					return
				}
			}
		}()
		for n := 0; n < size; {
			m, err := in.Read(sink)
			if err != nil {
				b.Fatal(err)
			}
			n += m
		}
	}
}
