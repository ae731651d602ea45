package api

import (
	"context"
	"net/http"
	"time"
)

// State is how a check of the doctor came out.
type State string

// The states of a check.
const (
	OK      State = "ok"
	Warning State = "warning" // works, and could work better
	Failed  State = "failed"
	Skipped State = "skipped" // nothing to check here, or no way to
)

// Check is one thing that the doctor looked at.
type Check struct {
	Name    string `json:"name"`
	State   State  `json:"state"`
	Message string `json:"message"`
	// Hint is what to do about it; "" when there is nothing to do.
	Hint string `json:"hint,omitempty"`
}

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
	answer(w, Checkup{Checks: s.examine(ctx)}, nil)
}

// examine makes every check, the most important first.
func (s *Server) examine(ctx context.Context) []Check {
	var checks []Check
	for _, e := range s.o.Engines {
		checks = append(checks, checkEngine(string(e.Network()), e.Status())...)
	}
	if len(s.o.Engines) == 0 {
		checks = append(checks, Check{
			"engines", Failed, "every network is switched off",
			"set enabled = true in [bittorrent] or [ipfs] of config.toml and start the node again",
		})
	}
	return append(checks,
		checkProbe(ctx, s.o.ProbeNames),
		checkDisk(s.o.Home),
		checkBuffers(),
		checkLocalhost(),
		checkClock(time.Now(), builtAt()),
	)
}
