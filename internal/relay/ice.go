package relay

import (
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/kith-web/kith/internal/relay/guard"
)

// icePath is where pages ask for what RTCPeerConnection takes as its
// configuration.
const icePath = "/ice"

// iceServers is {"iceServers": […], "ttl": seconds}.
type iceServers struct {
	Servers []iceServer `json:"iceServers"`
	TTL     int         `json:"ttl"`
}

// iceServer is an RTCIceServer of WebRTC.
type iceServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

// serveICE hands out STUN and TURN, the latter with credentials that expire. Any
// page may ask, and an address only so often.
func (s *Server) serveICE(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	if s.turn == nil {
		http.Error(w, "this relay has neither STUN nor TURN", http.StatusNotFound)
		return
	}
	if !s.iceRate.Allow(guard.Client(r, s.o.Trusted)) {
		h.Set("Retry-After", "60")
		http.Error(w, "too many requests from your address", http.StatusTooManyRequests)
		return
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	name := host
	if s.turn.Relays() {
		host = s.o.Relay.PublicIP.String()
	}
	at := net.JoinHostPort(host, strconv.Itoa(int(s.turn.Addr().Port())))
	answer := iceServers{Servers: []iceServer{{URLs: []string{"stun:" + at}}}, TTL: 3600}
	if s.turn.Relays() {
		c := s.turn.Credential()
		answer.TTL = int(time.Until(c.Expires) / time.Second)
		urls := []string{"turn:" + at + "?transport=udp", "turn:" + at + "?transport=tcp"}
		if s.turnTLS.IsValid() {
			// The certificate is for the name that was asked by.
			urls = append(urls, "turns:"+net.JoinHostPort(name, strconv.Itoa(int(s.turnTLS.Port())))+"?transport=tcp")
		}
		answer.Servers = append(answer.Servers, iceServer{
			URLs: urls, Username: c.Username, Credential: c.Password,
		})
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		s.o.Log.Debug("cannot answer", "error", err)
	}
}
