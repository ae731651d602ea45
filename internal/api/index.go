package api

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// indexTime bounds fetching a .torrent file.
const indexTime = 30 * time.Second

// readIndex takes in the .torrent file at a path of this computer or at a URL.
// Only the owner asks for that, so any place the owner can read is good.
func (s *Server) readIndex(ctx context.Context, location string) (address.Address, error) {
	var data []byte
	var err error
	if strings.HasPrefix(location, "http://") || strings.HasPrefix(location, "https://") {
		data, err = s.fetchIndex(ctx, location)
	} else {
		data, err = s.loadIndex(location)
	}
	if err != nil {
		return address.Address{}, err
	}
	return s.importIndex(ctx, data)
}

func (s *Server) loadIndex(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.New(fault.KindOf(err), "cannot read %s: %w", path, err)
	}
	defer func() { _ = f.Close() }()
	return s.limited(f, path)
}

func (s *Server) fetchIndex(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, indexTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%q is no URL of a .torrent file: %w", url, err)
	}
	client := http.Client{CheckRedirect: checkIndexRedirect}
	resp, err := client.Do(r)
	if err != nil {
		return nil, fault.New(fault.Unreachable, "cannot fetch %s: %w", url, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fault.New(fault.Unreachable, "cannot fetch %s: it answered %s", url, resp.Status)
	}
	return s.limited(resp.Body, url)
}

// maxIndexRedirects is how often a .torrent file may be somewhere else.
const maxIndexRedirects = 5

// checkIndexRedirect keeps a server of the web from sending the node on to this
// computer or its network: there only goes who was asked to by the owner.
func checkIndexRedirect(r *http.Request, via []*http.Request) error {
	if len(via) > maxIndexRedirects {
		return fault.New(fault.Unreachable, "it redirects more than %d times", maxIndexRedirects)
	}
	if host := r.URL.Hostname(); host != via[0].URL.Hostname() && isNear(host) {
		return fault.New(fault.Forbidden, "it redirects to %q, which is not of the web", host)
	}
	return nil
}

// isNear reports whether a host is plainly on this computer or its network.
func isNear(host string) bool {
	ip, err := netip.ParseAddr(host)
	if err != nil {
		host = strings.ToLower(strings.TrimSuffix(host, "."))
		return !strings.Contains(host, ".") || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local")
	}
	ip = ip.Unmap()
	return !ip.IsGlobalUnicast() || ip.IsPrivate()
}

func (s *Server) limited(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, s.o.MaxTorrent+1))
	if err != nil {
		return nil, fault.New(fault.Unreachable, "cannot read %s: %w", name, err)
	}
	if int64(len(data)) > s.o.MaxTorrent {
		return nil, fault.New(fault.TooLarge, "%s is larger than %d bytes: not a .torrent file", name, s.o.MaxTorrent)
	}
	return data, nil
}

func (s *Server) importIndex(ctx context.Context, data []byte) (address.Address, error) {
	for _, e := range s.o.Engines {
		if i, ok := e.(engine.Importer); ok && e.Network() == address.NetworkBitTorrent {
			return i.Import(ctx, data)
		}
	}
	return address.Address{}, fault.New(fault.Unsupported, "BitTorrent is switched off on this node").
		WithHint("set enabled = true in [bittorrent] of config.toml and start the node again")
}

func (s *Server) postTorrent(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.o.MaxTorrent))
	if err != nil {
		fail(w, bodyError(err))
		return
	}
	a, err := s.importIndex(r.Context(), data)
	if err != nil {
		fail(w, err)
		return
	}
	known, err := s.o.Sites.Begin(a)
	if err != nil {
		fail(w, err)
		return
	}
	opened, err := s.opened(a, known)
	answer(w, opened, err)
}

// carImporter is an engine that takes the blocks of a CAR (content archive).
type carImporter interface {
	ImportCAR(ctx context.Context, car io.Reader) (roots []address.Address, err error)
}

// Imported lists the sites that a CAR held.
type Imported struct {
	Sites []Opened `json:"sites"`
}

func (s *Server) postCAR(w http.ResponseWriter, r *http.Request) {
	var importer carImporter
	for _, e := range s.o.Engines {
		if i, ok := e.(carImporter); ok {
			importer = i
		}
	}
	if importer == nil {
		fail(w, fault.New(fault.Unsupported, "IPFS is switched off on this node").
			WithHint("set enabled = true in [ipfs] of config.toml and start the node again"))
		return
	}
	roots, err := importer.ImportCAR(r.Context(), r.Body)
	if err != nil {
		fail(w, err)
		return
	}
	out := Imported{Sites: []Opened{}}
	for _, a := range roots {
		known, err := s.o.Sites.Begin(a)
		if err != nil {
			fail(w, err)
			return
		}
		opened, err := s.opened(a, known)
		if err != nil {
			fail(w, err)
			return
		}
		out.Sites = append(out.Sites, opened)
	}
	answer(w, out, nil)
}
