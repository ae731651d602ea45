package relay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/relay/tracker"
	"github.com/kith-web/kith/internal/relay/turn"
)

// Metrics is the state of a relay at a moment. It says how much is done and
// nothing about who or what.
type Metrics struct {
	UptimeSeconds float64         `json:"uptime_seconds"`
	Connections   int             `json:"connections"` // TCP, WebSockets included
	Tracker       tracker.Metrics `json:"tracker"`
	TURN          *turn.Metrics   `json:"turn,omitempty"`
	Parts         map[string]any  `json:"parts,omitempty"`
}

// Metrics counts what the relay has done so far.
func (s *Server) Metrics() Metrics {
	m := Metrics{
		UptimeSeconds: time.Since(s.start).Seconds(), Connections: s.conns.Total(), Tracker: s.tracker.Metrics(),
	}
	if s.turn != nil {
		t := s.turn.Metrics()
		m.TURN = &t
	}
	for _, p := range s.o.Parts {
		if m.Parts == nil {
			m.Parts = map[string]any{}
		}
		m.Parts[strings.Trim(p.Prefix(), "/")] = p.Metrics()
	}
	return m
}

// MetricsHandler tells the metrics: as JSON under a path that ends in .json,
// else as lines "kith_relay_<name> <number>", which is the text format of
// Prometheus.
func (s *Server) MetricsHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := json.Marshal(s.Metrics())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		kind := "application/json"
		if !strings.HasSuffix(r.URL.Path, ".json") {
			kind, data = "text/plain; version=0.0.4", lines(data)
		}
		w.Header().Set("Content-Type", kind)
		if _, err := w.Write(data); err != nil {
			s.o.Log.Debug("cannot tell the metrics", "error", err)
		}
	})
}

// lines writes every number of a JSON object under its path of names.
func lines(data []byte) []byte {
	var tree map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return nil
	}
	var out []string
	var walk func(name string, v any)
	walk = func(name string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, below := range v {
				walk(name+"_"+k, below)
			}
		case json.Number:
			out = append(out, fmt.Sprintf("%s %s\n", name, v))
		}
	}
	walk("kith_relay", tree)
	slices.Sort(out)
	return []byte(strings.Join(out, ""))
}
