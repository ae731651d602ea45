package api

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// opener returns the user id that opened the connection whose near end, as
// that user sees it, is client, and whose far end is server. ok is false when
// the kernel does not know such a connection; err is set when the kernel cannot
// be asked.
func opener(client, server netip.AddrPort) (uid int, ok bool, err error) {
	asked := false
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, false, err
		}
		asked = true
		uid, ok, err = scanConnections(bufio.NewScanner(f), client, server)
		if err = errors.Join(err, f.Close()); err != nil || ok {
			return uid, ok, err
		}
	}
	if !asked {
		return 0, false, fs.ErrNotExist
	}
	return 0, false, nil
}

// scanConnections looks for a connection in the table of proc_net_tcp(5):
// fields 1 and 2 are the near and the far end, field 7 is the user id.
func scanConnections(lines *bufio.Scanner, client, server netip.AddrPort) (uid int, ok bool, err error) {
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 8 {
			continue
		}
		near, ok1 := parseEndpoint(f[1])
		far, ok2 := parseEndpoint(f[2])
		if !ok1 || !ok2 || near != client || far != server {
			continue
		}
		uid, err := strconv.Atoi(f[7])
		return uid, err == nil, err
	}
	return 0, false, lines.Err()
}

// parseEndpoint reads "0100007F:1538": the address in groups of four octets in
// the machine's own order, and the port in hexadecimal.
func parseEndpoint(s string) (netip.AddrPort, bool) {
	host, port, ok := strings.Cut(s, ":")
	octets, err := hex.DecodeString(host)
	p, err2 := strconv.ParseUint(port, 16, 16)
	if !ok || err != nil || err2 != nil || len(octets)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for group := range slices.Chunk(octets, 4) {
		binary.NativeEndian.PutUint32(group, binary.BigEndian.Uint32(group))
	}
	addr, ok := netip.AddrFromSlice(octets)
	return netip.AddrPortFrom(addr.Unmap(), uint16(p)), ok
}
