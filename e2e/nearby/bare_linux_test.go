package nearby

import (
	"archive/tar"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// bareBuffer is how much is read or written at once, as kith does.
const bareBuffer = 1 << 20

// TestBare is the process that the figures start beside kith: files as a tar
// archive through Go's TLS 1.3, nothing else.
func TestBare(t *testing.T) {
	what, rest, _ := strings.Cut(os.Getenv(envBare), " ")
	addr, dir, _ := strings.Cut(rest, " ")
	var err error
	switch what {
	case "send":
		err = bareSend(addr, dir)
	case "receive":
		err = bareReceive(addr, dir)
	default:
		t.Skip("is a process of TestFigures")
	}
	if err != nil {
		t.Fatal(err)
	}
}

func bareConfig() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates:       []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}},
		InsecureSkipVerify: true, //nolint:gosec // of a measurement
		MinVersion:         tls.VersionTLS13,
	}, nil
}

// bareSend ends when the other side says that it has everything.
func bareSend(addr, dir string) error {
	config, err := bareConfig()
	if err != nil {
		return err
	}
	c, err := tls.Dial("tcp", addr, config)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	out, buf := tar.NewWriter(c), make([]byte, bareBuffer)
	for _, e := range entries {
		if err := barePack(out, filepath.Join(dir, e.Name()), buf); err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	if err := c.CloseWrite(); err != nil {
		return err
	}
	_, err = io.ReadFull(c, make([]byte, 1))
	return err
}

// plain has nothing but Read and Write, so that the buffer that is given is used.
type (
	plainReader struct{ io.Reader }
	plainWriter struct{ io.Writer }
)

func barePack(out *tar.Writer, name string, buf []byte) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := out.WriteHeader(&tar.Header{Name: info.Name(), Size: info.Size(), Mode: 0o644}); err != nil {
		return err
	}
	_, err = io.CopyBuffer(plainWriter{out}, plainReader{f}, buf)
	return err
}

func bareReceive(addr, dir string) error {
	config, err := bareConfig()
	if err != nil {
		return err
	}
	l, err := tls.Listen("tcp", addr, config)
	if err != nil {
		return err
	}
	fmt.Println("listens at", l.Addr())
	var c net.Conn
	if c, err = l.Accept(); err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	in, buf := tar.NewReader(c), make([]byte, bareBuffer)
	for {
		head, err := in.Next()
		if err == io.EOF {
			_, err := c.Write([]byte{1})
			return err
		}
		if err != nil {
			return err
		}
		f, err := os.Create(filepath.Join(dir, filepath.Base(head.Name)))
		if err != nil {
			return err
		}
		if _, err = io.CopyBuffer(plainWriter{f}, plainReader{in}, buf); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
}
