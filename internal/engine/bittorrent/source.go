package bittorrent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/kith-web/kith/internal/engine/bittorrent/metafile"
)

// sourceTime is how long fetching a .torrent file may take.
const sourceTime = 30 * time.Second

// fetchSources fetches the .torrent file of a site that is opening from the URLs
// an address names (xs).
func (s *site) fetchSources(urls []string) {
	for _, u := range urls {
		s.mu.Lock()
		use := !s.sources[u] && len(s.sources) < maxPerSite && s.e.usable(u, "http", "https")
		if use {
			s.sources[u] = true
		}
		s.mu.Unlock()
		if use {
			go s.fetchSource(u)
		}
	}
}

func (s *site) fetchSource(u string) {
	t, err := s.e.download(s.ctx, u)
	if err == nil && !matches(s.key, t.Meta) {
		err = errors.New("it is another torrent")
	}
	if err == nil {
		err = s.learn(t)
	}
	if err != nil && s.ctx.Err() == nil {
		s.e.o.Log.Debug("exact source of a torrent", "url", u, "error", err)
	}
}

// download fetches and checks a .torrent file.
func (e *Engine) download(ctx context.Context, u string) (*metafile.Torrent, error) {
	ctx, cancel := context.WithTimeout(ctx, sourceTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return nil, err
	}
	client := http.Client{Transport: &http.Transport{DialContext: e.guarded(nil), DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answered %s", answer.Status)
	}
	limit := 2 * int64(e.o.Limits.MaxMetadata)
	data, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err != nil {
		return nil, err
	}
	return metafile.ParseTorrent(data, e.o.Limits)
}
