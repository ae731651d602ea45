package host

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// SiteMetrics counts what was sent of one site since it is served.
type SiteMetrics struct {
	Label      string `json:"label"`
	Host       string `json:"host"`
	Requests   int64  `json:"requests"`
	Bytes      int64  `json:"bytes"`  // of bodies, pieces included
	Pieces     int64  `json:"pieces"` // that visitors asked the host for
	PieceBytes int64  `json:"piece_bytes"`
	Pages      int64  `json:"pages"` // that the loader was put into
	Refused    int64  `json:"refused"`
}

// Metrics lists the sites, in the order in which they were given. Label "" is
// what was for no site.
func (h *Host) Metrics() []SiteMetrics {
	t := h.table.Load()
	out := []SiteMetrics{h.other.metrics()}
	for _, s := range t.sites {
		m := s.count.metrics()
		m.Label, m.Host = s.label, t.hostOf(s)
		out = append(out, m)
	}
	return out
}

func (c *counters) metrics() SiteMetrics {
	return SiteMetrics{
		Requests: c.requests.Load(), Bytes: c.bytes.Load(), Pieces: c.pieces.Load(), PieceBytes: c.pieceBytes.Load(),
		Pages: c.pages.Load(), Refused: c.refused.Load(),
	}
}

// MetricsHandler answers /healthz, /metrics.json and, in the text format of
// Prometheus, /metrics. It is for those who run the host alone.
func (h *Host) MetricsHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n")) // the client went away: nobody to tell
	})
	mux.HandleFunc("GET /metrics.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"sites": h.Metrics()}) // as above
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write([]byte(h.lines())) // as above
	})
	return mux
}

func (h *Host) lines() string {
	var b strings.Builder
	all := h.Metrics()
	for _, series := range []struct {
		name  string
		value func(SiteMetrics) int64
	}{
		{"requests", func(m SiteMetrics) int64 { return m.Requests }},
		{"bytes", func(m SiteMetrics) int64 { return m.Bytes }},
		{"pieces", func(m SiteMetrics) int64 { return m.Pieces }},
		{"piece_bytes", func(m SiteMetrics) int64 { return m.PieceBytes }},
		{"pages", func(m SiteMetrics) int64 { return m.Pages }},
		{"refused", func(m SiteMetrics) int64 { return m.Refused }},
	} {
		_, _ = fmt.Fprintf(&b, "# TYPE kith_host_%s_total counter\n", series.name)
		for _, m := range all {
			_, _ = fmt.Fprintf(&b, "kith_host_%s_total{site=%q} %d\n", series.name, m.Label, series.value(m))
		}
	}
	return b.String()
}
