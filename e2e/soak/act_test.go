package soak

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kith-web/kith/e2e/harness"
	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

// act does something that a person does, or that befalls a node.
func (h *hand) act() {
	acts := []struct {
		name   string
		weight int
		do     func(context.Context) error
	}{
		{"look around", 18, h.look},
		{"publish", 8, h.publish},
		{"read an own site", 12, h.read},
		{"open a friend's site", 8, h.open},
		{"pin", 4, h.pin},
		{"remove a site", 3, h.remove},
		{"put a document", 12, h.put},
		{"read a document", 8, h.document},
		{"share", 5, h.share},
		{"delete a document", 6, h.unput},
		{"ask a friend", 6, h.ask},
		{"follow events", 6, h.follow},
		{"a bad request", 10, h.bad},
		{"a connection that breaks off", 4, h.breakOff},
	}
	total := 0
	for _, a := range acts {
		total += a.weight
	}
	n := h.rand.IntN(total)
	for _, a := range acts {
		if n -= a.weight; n >= 0 {
			continue
		}
		ctx, stop := context.WithTimeout(h.w.t.Context(), patience)
		defer stop()
		if err := a.do(ctx); err != nil {
			h.w.t.Errorf("%s: %v", a.name, err)
		}
		h.w.did(a.name)
		return
	}
}

func (h *hand) look(ctx context.Context) error {
	c := h.w.alice.Client
	var err error
	switch h.rand.IntN(6) {
	case 0:
		_, err = c.Status(ctx)
	case 1:
		_, err = c.Sites(ctx)
	case 2:
		_, err = c.Publications(ctx)
	case 3:
		_, err = c.SharingState(ctx)
	case 4:
		_, err = c.Documents(ctx, "", "", "")
	default:
		if _, err = c.NearbyState(ctx); fault.KindOf(err) != "" {
			err = nil // it is off here, and says so
		}
	}
	return err
}

// begin publishes all sites, so that what stays open for each is open from the start.
func (h *hand) begin() {
	for _, s := range h.sites {
		if err := h.renew(h.w.t.Context(), s); err != nil {
			h.w.t.Errorf("publish: %v", err)
		}
	}
}

func (h *hand) publish(ctx context.Context) error {
	return h.renew(ctx, h.sites[h.rand.IntN(len(h.sites))])
}

// renew changes a folder and publishes it again; the version before is removed.
func (h *hand) renew(ctx context.Context, s *site) error {
	s.number++
	for name, size := range map[string]int{"index.html": 400, "a/picture.bin": 200 << 10, "b/text.txt": 3000} {
		path := filepath.Join(s.folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		text := append(fmt.Appendf(nil, "%s %s %d\n", h.name, name, s.number), harness.Bytes(uint64(s.number), size)...)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return err
		}
	}
	before := *s
	err := h.w.alice.Client.Publish(ctx, api.PublishRequest{Folder: s.folder}, func(e api.PublishEvent) {
		if e.Result != nil {
			s.wtp, s.magnet, s.had = e.Result.WTP, e.Result.Magnet, false
		}
	})
	if err != nil || before.wtp == "" {
		return err
	}
	if before.had {
		if err := forget(ctx, h.w.bob, before.wtp); err != nil {
			return err
		}
	}
	return forget(ctx, h.w.alice, before.wtp)
}

// forget removes a site that may be gone.
func forget(ctx context.Context, n *harness.Node, at string) error {
	a, err := address.Parse(at)
	if err != nil {
		return err
	}
	if err := n.Client.Remove(ctx, a); fault.KindOf(err) != fault.NotFound {
		return err
	}
	return nil
}

// some is one of the hand's sites.
func (h *hand) some() *site { return h.sites[h.rand.IntN(len(h.sites))] }

// get reads a path of a site by a node.
func (h *hand) get(ctx context.Context, n *harness.Node, at, path string, header http.Header) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, n.URL(h.w.t, at, path), nil)
	if err != nil {
		return err
	}
	r.Header = header
	got, err := n.Do(h.w.t, r)
	if err == nil && got.Status != http.StatusOK && got.Status != http.StatusPartialContent {
		err = fmt.Errorf("%s of %s: status %d: %.200s", path, at, got.Status, got.Body)
	}
	return err
}

func (h *hand) read(ctx context.Context) error {
	s := h.some()
	header := http.Header{}
	if h.rand.IntN(2) == 0 {
		header.Set("Range", "bytes=100-2000")
	}
	return h.get(ctx, h.w.alice, s.wtp, "/a/picture.bin", header)
}

func (h *hand) open(ctx context.Context) error {
	s := h.some()
	link := harness.WithPeers(s.magnet, h.w.alice.TorrentPeer(h.w.t, "127.0.0.1"))
	if _, err := h.w.bob.Client.Open(ctx, api.OpenRequest{Address: link}); err != nil {
		return err
	}
	s.had = true
	return h.get(ctx, h.w.bob, s.wtp, "/b/text.txt", http.Header{})
}

func (h *hand) pin(ctx context.Context) error {
	s := h.some()
	if !s.had {
		return nil
	}
	a, err := address.Parse(s.wtp)
	if err != nil {
		return err
	}
	pinned := h.rand.IntN(2) == 0
	_, err = h.w.bob.Client.Change(ctx, a, api.SiteChange{Pinned: &pinned})
	return err
}

func (h *hand) remove(ctx context.Context) error {
	s := h.some()
	if !s.had {
		return nil
	}
	s.had = false
	return forget(ctx, h.w.bob, s.wtp)
}

// path is one of the hand's documents.
func (h *hand) path() string { return fmt.Sprintf("%s/doc%d", h.name, h.rand.IntN(12)) }

func (h *hand) put(ctx context.Context) error {
	path, body := h.path(), harness.Bytes(h.rand.Uint64(), 1+h.rand.IntN(20_000))
	_, err := h.w.alice.Client.PutDocument(ctx, sharing.Put{Path: path, Type: "text/plain", Body: bytes.NewReader(body), Size: int64(len(body))}, []string{"bob"})
	h.puts[path] = err == nil
	return err
}

func (h *hand) document(ctx context.Context) error {
	path := h.path()
	resp, err := h.w.alice.Client.OpenDocument(ctx, "", path)
	if !h.puts[path] {
		if err == nil {
			_ = resp.Body.Close()
			return fmt.Errorf("%s is there, and was not put", path)
		}
		return nil
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return closing(resp, err)
}

func closing(resp *http.Response, err error) error {
	if closed := resp.Body.Close(); err == nil {
		err = closed
	}
	return err
}

func (h *hand) share(ctx context.Context) error {
	path, labels := h.path(), []string{"seen"}
	if h.rand.IntN(2) == 0 {
		labels = nil
	}
	if !h.puts[path] {
		return nil
	}
	_, err := h.w.alice.Client.ChangeDocument(ctx, "", path, sharing.Change{Labels: &labels})
	return err
}

func (h *hand) unput(ctx context.Context) error {
	path := h.path()
	if !h.puts[path] {
		return nil
	}
	delete(h.puts, path)
	_, err := h.w.alice.Client.DeleteDocument(ctx, "", path)
	return err
}

// ask has the friend ask for a document that may be there; too often is an answer.
func (h *hand) ask(ctx context.Context) error {
	resp, err := h.w.bob.Client.AskFriend(ctx, "alice", h.path(), nil, 20*time.Second)
	switch fault.KindOf(err) {
	case fault.NotFound, fault.RateLimited, fault.Unreachable:
		return nil
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return closing(resp, err)
}

// follow is a tab of the console that is opened and closed again.
func (h *hand) follow(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r, err := h.request(ctx, http.MethodGet, "api/v1/events", nil)
	if err != nil {
		return err
	}
	resp, err := h.w.alice.Client.HTTP().Do(r)
	if err != nil {
		return err
	}
	if resp.StatusCode == http.StatusOK {
		_, err = bufio.NewReader(resp.Body).ReadString('\n')
	}
	return closing(resp, err)
}

func (h *hand) request(ctx context.Context, method, path string, body io.Reader) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, h.w.alice.Console+path, body)
	if err == nil {
		r.Header.Set("Authorization", "Bearer "+h.token)
	}
	return r, err
}

// bad is something that a node refuses.
func (h *hand) bad(ctx context.Context) error {
	bads := []struct{ method, path, token, body string }{
		{"GET", "api/v1/status", strings.Repeat("0", 64), ""},
		{"GET", "api/v1/nothing", h.token, ""},
		{"POST", "api/v1/open", h.token, `{"address":"no address at all"}`},
		{"POST", "api/v1/open", h.token, `{"address":`},
		{"PUT", "api/v1/data/../../etc", h.token, "x"},
		{"GET", "api/v1/data/" + strings.Repeat("a/", 3000), h.token, ""},
		{"POST", "api/v1/torrents", h.token, "no torrent"},
		{"POST", "api/v1/cars", h.token, "no archive"},
		{"DELETE", "api/v1/publications/none", h.token, ""},
		{"GET", "api/v1/questions/none", h.token, ""},
	}
	b := bads[h.rand.IntN(len(bads))]
	r, err := h.request(ctx, b.method, b.path, strings.NewReader(b.body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+b.token)
	resp, err := h.w.alice.Client.HTTP().Do(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode < 300 {
		err = fmt.Errorf("%s %.80s: %s", b.method, b.path, resp.Status)
	}
	return closing(resp, err)
}

// breakOff connects, says a part, and goes.
func (h *hand) breakOff(ctx context.Context) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", "127.0.0.1:"+h.w.alice.Port)
	if err != nil {
		return err
	}
	said := "PUT /api/v1/data/half HTTP/1.1\r\nHost: localhost:" + h.w.alice.Port + "\r\nAuthorization: Bearer " + h.token + "\r\nContent-Length: 100000\r\n\r\nhalf"
	_, err = c.Write([]byte(said[:1+h.rand.IntN(len(said))]))
	if closed := c.Close(); err == nil {
		err = closed
	}
	return err
}
