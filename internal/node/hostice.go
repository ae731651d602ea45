package node

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/host"
)

// Bounds of what is asked of other people's relays.
const (
	iceTime    = 5 * time.Second // for one to answer
	iceRetry   = 30 * time.Second
	iceSize    = 64 << 10
	iceServers = 16 // of all of them together
)

// iceRelays is STUN and TURN that others give to visitors: STUN servers by name,
// and relays that hand out credentials which expire.
type iceRelays struct {
	stun   []host.ICEServer
	relays []*iceRelay
}

// newICERelays takes what the configuration names: stun: URLs, and the https (or,
// on a private network, http) URLs at which 'kith relay' says what it offers.
func newICERelays(from []string, log *slog.Logger) *iceRelays {
	i := &iceRelays{}
	for _, u := range from {
		if strings.HasPrefix(u, "stun:") {
			i.stun = append(i.stun, host.ICEServer{URLs: []string{u}})
			continue
		}
		i.relays = append(i.relays, &iceRelay{url: u, log: log, client: &http.Client{Timeout: iceTime}})
	}
	return i
}

// servers are those that can be given out now. It waits for a relay only when
// nothing that it said is still good.
func (i *iceRelays) servers() []host.ICEServer {
	list := append([]host.ICEServer{}, i.stun...)
	for _, r := range i.relays {
		list = append(list, r.get(time.Now())...)
	}
	return list[:min(len(list), iceServers)]
}

// iceRelay remembers what one relay said.
type iceRelay struct {
	url    string
	log    *slog.Logger
	client *http.Client

	mu      sync.Mutex
	servers []host.ICEServer
	renew   time.Time // when it is asked again
	until   time.Time // when its credentials end
}

func (r *iceRelay) get(now time.Time) []host.ICEServer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Before(r.renew) {
		return r.servers
	}
	servers, ttl, err := r.fetch()
	if err != nil {
		r.renew = now.Add(iceRetry)
		r.log.Warn("a relay does not say what visitors can use", "relay", r.url, "error", err)
		if now.After(r.until) {
			r.servers = nil
		}
		return r.servers
	}
	r.servers, r.renew, r.until = servers, now.Add(ttl/2), now.Add(ttl)
	return r.servers
}

// fetch asks it: {"iceServers": […], "ttl": seconds}.
func (r *iceRelay) fetch() ([]host.ICEServer, time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), iceTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return nil, 0, err
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("it answered %s", resp.Status)
	}
	var said struct {
		Servers []host.ICEServer `json:"iceServers"`
		TTL     int64            `json:"ttl"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, iceSize)).Decode(&said); err != nil {
		return nil, 0, fmt.Errorf("its answer cannot be read: %w", err)
	}
	for _, s := range said.Servers {
		for _, u := range s.URLs {
			if !hasPrefixOf(u, "stun:", "stuns:", "turn:", "turns:") {
				return nil, 0, fault.New(fault.Invalid, "it names %.100q, which is neither STUN nor TURN", u)
			}
		}
	}
	ttl := time.Duration(min(max(said.TTL, 60), 24*3600)) * time.Second
	return said.Servers, ttl, nil
}

func hasPrefixOf(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
