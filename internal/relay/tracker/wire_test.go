package tracker_test

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"io"
	"net"
	"net/textproto"
	"strings"
	"testing"
	"time"
)

func rawSocket(tb testing.TB, addr string) (net.Conn, *bufio.Reader) {
	tb.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	handshake(tb, conn)
	r := bufio.NewReaderSize(conn, 64<<10)
	readResponse(tb, r)
	return conn, r
}

func handshake(tb testing.TB, conn net.Conn) {
	tb.Helper()
	_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: tracker\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	if err != nil {
		tb.Fatal(err)
	}
}

func readResponse(tb testing.TB, r *bufio.Reader) {
	tb.Helper()
	head := textproto.NewReader(r)
	status, err := head.ReadLine()
	if err != nil || !strings.Contains(status, " 101 ") {
		tb.Fatalf("handshake: %q, %v", status, err)
	}
	if _, err := head.ReadMIMEHeader(); err != nil {
		tb.Fatal(err)
	}
}

// maskedFrame is a text frame of a client (RFC 6455 §5.3).
func maskedFrame(payload []byte) []byte {
	b := []byte{0x81}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	var mask [4]byte
	rand.Read(mask[:])
	b = append(b, mask[:]...)
	for i, c := range payload {
		b = append(b, c^mask[i%4])
	}
	return b
}

// readFrame returns the payload of the next frame; it is good until the next
// read.
func readFrame(tb testing.TB, r *bufio.Reader) []byte {
	var head [10]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		tb.Error(err)
		return nil
	}
	n := int(head[1])
	switch n {
	case 126:
		io.ReadFull(r, head[:2])
		n = int(binary.BigEndian.Uint16(head[:]))
	case 127:
		io.ReadFull(r, head[:8])
		n = int(binary.BigEndian.Uint64(head[:]))
	}
	payload, err := r.Peek(min(n, r.Size()))
	if err != nil {
		tb.Error(err)
		return nil
	}
	r.Discard(n)
	return payload
}

func udpConnectionID(tb testing.TB, conn net.Conn) []byte {
	tb.Helper()
	req := binary.BigEndian.AppendUint64(nil, 0x41727101980)
	req = append(req, 0, 0, 0, 0, 1, 2, 3, 4)
	if _, err := conn.Write(req); err != nil {
		tb.Fatal(err)
	}
	buf := make([]byte, 64)
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, err := conn.Read(buf)
	if err != nil || n != 16 || !bytes.Equal(buf[:8], []byte{0, 0, 0, 0, 1, 2, 3, 4}) {
		tb.Fatalf("connect: %x, %v", buf[:n], err)
	}
	return buf[8:16]
}

func udpAnnounceRequest(id []byte, hash, peer [20]byte, event uint32, left uint64, port uint16, want int32) []byte {
	b := append([]byte(nil), id...)
	b = append(b, 0, 0, 0, 1, 5, 6, 7, 8)
	b = append(append(b, hash[:]...), peer[:]...)
	b = binary.BigEndian.AppendUint64(b, 0)
	b = binary.BigEndian.AppendUint64(b, left)
	b = binary.BigEndian.AppendUint64(b, 0)
	b = binary.BigEndian.AppendUint32(b, event)
	b = append(b, 0, 0, 0, 0, 9, 9, 9, 9)
	b = binary.BigEndian.AppendUint32(b, uint32(want))
	return binary.BigEndian.AppendUint16(b, port)
}
