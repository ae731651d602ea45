package node

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/kith-web/kith/internal/front"
)

// startFront stands before the website of the configuration, if there is one.
func (h *hosting) startFront() error {
	if h.c.Front == "" {
		return nil
	}
	n := h.p.node
	bucket, err := h.p.store.Bucket("front/" + h.c.Domain)
	if err != nil {
		return err
	}
	crawl := h.c.FrontCrawl
	if crawl == 0 {
		crawl = -1
	}
	h.front, err = front.New(front.Options{
		Origin: h.c.Front, Site: h.url(false, h.c.Domain), Store: bucket, Dir: filepath.Join(n.o.Home, "front", h.c.Domain),
		CacheSize: int64(h.c.FrontCache), Crawl: crawl, Every: time.Duration(h.c.FrontEvery), Log: n.o.Log.With("part", "front"),
	})
	if err != nil {
		return fmt.Errorf("stand before %s: %w", h.c.Front, err)
	}
	n.runs = append(n.runs, h.front.Run)
	h.p.visitors.stand(h.front)
	return nil
}

// checkFront checks what the configuration says of a website behind.
func checkFront(h HostConfig) error {
	if h.Front == "" {
		return nil
	}
	if _, err := front.ParseOrigin(h.Front); err != nil {
		return bad("host.front", h.Front, "the origin of a website, such as https://my.site")
	}
	if h.FrontCrawl < 0 || h.FrontCache <= 0 || h.FrontEvery <= 0 {
		return bad("host.front_crawl, front_cache or front_every", fmt.Sprint(h.FrontCrawl), "a number above 0")
	}
	return nil
}

// openFront gets the website's name a certificate, where one is to be obtained,
// and says where it is.
func (s *sitesOnShow) openFront(ctx context.Context) error {
	err := s.h.obtain(ctx, s.h.c.Domain)
	if s.ready == nil || ctx.Err() != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready(Hosted{URL: s.h.front.Site() + "/", Front: s.h.c.Front, Err: err})
	return nil
}
