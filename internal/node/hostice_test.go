package node_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/host"
	"github.com/kith-web/kith/internal/node"
)

// TestVisitorsUseAnotherRelay hosts a folder that names a STUN server, a real
// relay and one that is gone: visitors get what the first two have, with
// credentials.
func TestVisitorsUseAnotherRelay(t *testing.T) {
	c := node.Default().Relay
	c.Listen, c.UDP, c.TURN, c.TURNAddress = "127.0.0.1:0", "off", "127.0.0.1:0", "127.0.0.1"
	r, err := node.NewRelay(t.TempDir(), c, false, slog.New(slog.DiscardHandler))
	check(t, err)
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		end()
		<-ended
	})
	relay := strings.TrimSuffix(r.URLs()["http"], "/announce") + "/ice"

	config := offline(t)
	config.Host.ICE = node.List{"stun:192.0.2.1:3478", relay, "http://127.0.0.1:1/ice"}
	h := hostFolder(t, config)
	if ice := h.info().ICE; ice != "/.kith/ice" {
		t.Fatalf("visitors are told of %q", ice)
	}
	_, body := h.get(h.site.URL + ".kith/ice")
	var servers []host.ICEServer
	check(t, json.Unmarshal(body, &servers))
	turn := host.ICEServer{}
	for _, s := range servers {
		if strings.HasPrefix(s.URLs[0], "turn:") {
			turn = s
		}
	}
	if len(servers) != 3 || servers[0].URLs[0] != "stun:192.0.2.1:3478" || turn.Username == "" || turn.Credential == "" {
		t.Fatalf("visitors get %s", body)
	}
}
