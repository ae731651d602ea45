package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
)

// saveFile fetches u into the file out, which is there whole or not at all. The
// part of it that came is kept beside it, under a name that says of which
// version it is, and the next time is continued.
func (g *getter) saveFile(ctx context.Context, u *url.URL, out string) error {
	head, err := g.request(ctx, http.MethodHead, u, http.Header{})
	if err != nil {
		return err
	}
	_ = head.Body.Close()
	tag := head.Header.Get("ETag")
	sum := sha256.Sum256([]byte(u.String() + "\x00" + tag))
	part := filepath.Join(filepath.Dir(out), "."+filepath.Base(out)+"."+hex.EncodeToString(sum[:6])+".part")
	f, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("write %s: %w", out, err)
	}
	if g.total == 0 {
		g.total = max(0, head.ContentLength)
	}
	n, err := g.fill(ctx, f, u, tag, head.ContentLength)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(part, out); err != nil {
		return fmt.Errorf("write %s: %w", out, err)
	}
	g.summary.Files++
	g.summary.Bytes += n
	return nil
}

// fill appends to f what it does not have yet of the size octets of u, and
// returns how long f is then. Without a tag nothing tells whether what f has is
// of the same version.
func (g *getter) fill(ctx context.Context, f *os.File, u *url.URL, tag string, size int64) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	have := info.Size()
	if tag == "" || size < 0 || have > size {
		have = 0
	}
	header := http.Header{}
	switch {
	case have == size && size > 0:
		return size, nil
	case have > 0:
		header.Set("Range", "bytes="+strconv.FormatInt(have, 10)+"-")
		header.Set("If-Range", tag)
	}
	resp, err := g.request(ctx, http.MethodGet, u, header)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusOK {
		have = 0
	}
	if err := f.Truncate(have); err != nil {
		return 0, err
	}
	g.done += have
	n, err := io.Copy(f, io.TeeReader(resp.Body, g))
	return have + n, cut(ctx, u, err)
}

// Write counts bytes for the bar.
func (g *getter) Write(b []byte) (int, error) {
	g.done += int64(len(b))
	g.bar.at(g.done, max(g.total, g.done))
	return len(b), nil
}
