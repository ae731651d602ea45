package api

import (
	"context"
	"net/http"
	"time"

	"github.com/kith-web/kith/internal/doctor"
)

// State is how a check of the doctor came out, Check one thing that it looked at.
type (
	State = doctor.State
	Check = doctor.Check
)

// The states of a check.
const (
	OK      = doctor.OK
	Warning = doctor.Warning
	Failed  = doctor.Failed
	Skipped = doctor.Skipped
)

// Checkup is the answer of the doctor.
type Checkup struct {
	Checks []Check `json:"checks"`
}

// Probe tries something outside and says with whom.
type Probe func(ctx context.Context) (with string, err error)

// checkupTime bounds all checks together.
const checkupTime = 10 * time.Second

func (s *Server) getDoctor(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), checkupTime)
	defer cancel()
	l := languageOf(w)
	checks := s.examine(ctx)
	for i, c := range checks {
		checks[i] = c.In(l)
	}
	sayLanguage(w, l)
	answer(w, Checkup{Checks: checks}, nil)
}

// examine makes every check, the most important first.
func (s *Server) examine(ctx context.Context) []Check {
	var checks []Check
	for _, e := range s.o.Engines {
		checks = append(checks, checkEngine(string(e.Network()), e.Status())...)
	}
	if len(s.o.Engines) == 0 {
		c := Check{Name: "engines"}
		c.Found(Failed, "every network is switched off")
		c.Advise("set enabled = true in [bittorrent] or [ipfs] of config.toml and start the node again")
		checks = append(checks, c)
	}
	checks = append(checks, checkProbe(ctx, s.o.ProbeNames))
	if s.o.Examine != nil {
		checks = append(checks, s.o.Examine(ctx)...)
	}
	return checks
}
