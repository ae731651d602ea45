package node_test

import (
	"bytes"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/node"
)

// TestPasswordsInURLsAreNotLogged, whoever logs them and wherever they stand.
func TestPasswordsInURLsAreNotLogged(t *testing.T) {
	const password = "wss://me:secret@relay.example:1/path"
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log, err := node.NewLog(&out, node.LogConfig{Level: "debug", Format: format})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(password)
		if err != nil {
			t.Fatal(err)
		}
		log.With("relay", password).WithGroup("group").Debug("cannot reach "+password, "error", errors.New("Get \""+password+"\": refused, and https://only-secret@b/"),
			"url", u, "list", []string{"http://a/b@c", password}, "plain", "udp://tracker.example:1/a@b", "mail", "mailto:me@example.org")
		said := out.String()
		if strings.Contains(said, "secret") || strings.Contains(said, "me:") && !strings.Contains(said, "mailto:me") {
			t.Errorf("%s: %s", format, said)
		}
		for _, want := range []string{"relay.example:1/path", "udp://tracker.example:1/a@b", "http://a/b@c", "mailto:me@example.org"} {
			if !strings.Contains(said, want) {
				t.Errorf("%s: no %s in %s", format, want, said)
			}
		}
	}
}
