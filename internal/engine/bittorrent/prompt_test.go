package bittorrent

import (
	"bytes"
	"io"
	"net"
	"testing"
)

func TestPromptConnectionsReadWhatWasWritten(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	raw, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := prompt(raw)
	defer func() { _ = c.Close() }()
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Repeat([]byte("piece"), promptReads)
	go func() {
		for part := range bytes.SplitSeq(want, []byte("e")) { // more reads than are prompt
			_, _ = peer.Write(append(part, 'e'))
		}
		_ = peer.Close()
	}()
	got, err := io.ReadAll(c)
	if err != nil || !bytes.Equal(got, append(want, 'e')) {
		t.Errorf("%d of %d bytes, %v", len(got), len(want), err)
	}
	if p, ok := c.(*promptConn); !ok || p.left == promptReads {
		t.Errorf("%T acknowledged nothing", c)
	}
	a, b := net.Pipe()
	_ = b.Close()
	if prompt(a) != a {
		t.Error("a connection that is not TCP was wrapped")
	}
}
