package api

import (
	"net/http"
	"os"
	"runtime/metrics"
	"time"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/site"
)

// Status is how the node as a whole is doing.
type Status struct {
	Version string `json:"version"`
	Console string `json:"console"`
	Home    string `json:"home"`
	PID     int    `json:"pid"`
	// Uptime is in seconds, Memory in bytes.
	Uptime float64 `json:"uptime"`
	Memory uint64  `json:"memory"`
	// Engines are those that are on, by network.
	Engines map[string]engine.Status `json:"engines"`
	// Sites counts those that are known; Open, Pinned and Published of them.
	Sites     int `json:"sites"`
	Open      int `json:"open"`
	Pinned    int `json:"pinned"`
	Published int `json:"published"`
	// Disk is what they take, in bytes; rates are bytes a second.
	Disk       int64 `json:"disk"`
	Downloaded int64 `json:"downloaded"`
	Uploaded   int64 `json:"uploaded"`
	DownRate   int64 `json:"downRate"`
	UpRate     int64 `json:"upRate"`
}

func (s *Server) getStatus(w http.ResponseWriter, _ *http.Request) { answer(w, s.status(), nil) }

func (s *Server) status() Status {
	st := Status{
		Version: s.o.Version, Console: s.Console(), Home: s.o.Home, PID: os.Getpid(),
		Uptime: time.Since(s.started).Seconds(), Memory: memory(), Engines: map[string]engine.Status{},
	}
	for _, e := range s.o.Engines {
		st.Engines[string(e.Network())] = e.Status()
	}
	for _, known := range s.o.Sites.Sites() {
		st.Sites++
		if known.State == site.StateOpen {
			st.Open++
		}
		if known.Pinned {
			st.Pinned++
		}
		if known.Published {
			st.Published++
		}
	}
	totals, _ := s.totals()
	for _, t := range totals {
		st.Disk += t.Disk
		st.Downloaded += t.Downloaded
		st.Uploaded += t.Uploaded
		st.DownRate += t.DownRate
		st.UpRate += t.UpRate
	}
	return st
}

// totals adds up the sites, by network, and counts them, by state. Two names of
// the same content count once.
func (s *Server) totals() (byNetwork map[string]engine.Stats, byState map[string]int) {
	byNetwork, byState = map[string]engine.Stats{}, map[string]int{}
	for _, state := range []site.State{site.StateOpening, site.StateOpen, site.StateClosed} {
		byState[string(state)] = 0
	}
	seen := map[string]bool{}
	for _, known := range s.o.Sites.Sites() {
		byState[string(known.State)]++
		if key := known.Target.Key(); !known.Target.Valid() || seen[key] {
			continue
		} else {
			seen[key] = true
		}
		t := byNetwork[string(known.Network)]
		t.Disk += known.Stats.Disk
		t.Downloaded += known.Stats.Downloaded
		t.Uploaded += known.Stats.Uploaded
		t.DownRate += known.Stats.DownRate
		t.UpRate += known.Stats.UpRate
		byNetwork[string(known.Network)] = t
	}
	return byNetwork, byState
}

// memory is what the process holds of the system's memory for Go.
func memory() uint64 {
	m := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(m)
	return m[0].Value.Uint64() - m[1].Value.Uint64()
}
