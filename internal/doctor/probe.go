package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"net"
	"net/netip"
	"time"
)

// Sizes and versions of a probe (RFC 9000, RFC 8999).
const (
	probeSize    = 1200       // a server answers nothing smaller, RFC 9000 §14.1
	probeVersion = 0x1a2a3a4a // reserved to make servers say what they speak, RFC 9000 §15
	probeID      = 8
	probeEvery   = 300 * time.Millisecond
)

// probeQUIC asks whatever speaks QUIC at an address which versions it speaks, which
// costs it no state, and returns nil when it answers.
func probeQUIC(ctx context.Context, to netip.AddrPort) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "udp", to.String())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	id := make([]byte, probeID)
	_, _ = rand.Read(id) // never fails (Go 1.24)
	again := time.NewTicker(probeEvery)
	defer again.Stop()
	asking, done := context.WithCancel(ctx)
	defer done()
	go func() {
		for {
			_, _ = conn.Write(probePacket(id)) // a refusal is heard by Read
			select {
			case <-asking.Done():
				return
			case <-again.C:
			}
		}
	}()
	answer := make([]byte, 2048)
	for {
		n, err := conn.Read(answer)
		if err != nil {
			return err
		}
		if answersProbe(answer[:n], id) {
			return nil
		}
	}
}

// probePacket is an Initial packet of a version that nobody speaks.
func probePacket(id []byte) []byte {
	p := []byte{0xc0, probeVersion >> 24, probeVersion >> 16 & 0xff, probeVersion >> 8 & 0xff, probeVersion & 0xff, probeID}
	p = append(p, id...)
	p = append(p, probeID)
	p = append(p, id...)
	return append(p, make([]byte, probeSize-len(p))...)
}

// answersProbe says whether a packet is a Version Negotiation packet that carries
// back our id (RFC 8999 §6).
func answersProbe(p, id []byte) bool {
	const at = 6 // after the first byte, the version and the length
	return len(p) >= at+probeID && p[0]&0x80 != 0 && bytes.Equal(p[1:5], []byte{0, 0, 0, 0}) &&
		int(p[5]) == probeID && bytes.Equal(p[at:at+probeID], id)
}
