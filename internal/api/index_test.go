package api

import (
	"net/http"
	"net/url"
	"testing"
)

// TestATorrentOfTheWebIsNotOnThisComputer: a redirect does not lead the node
// where the page that the owner found cannot reach.
func TestATorrentOfTheWebIsNotOnThisComputer(t *testing.T) {
	request := func(host string) *http.Request {
		return &http.Request{URL: &url.URL{Scheme: "http", Host: host, Path: "/x.torrent"}}
	}
	via := []*http.Request{request("files.example.org")}
	for host, allowed := range map[string]bool{
		"mirror.example.org": true, "files.example.org:8080": true, "192.0.2.7": true, "[2001:db8::7]": true,
		"127.0.0.1:5001": false, "localhost": false, "LOCALHOST.": false, "x.localhost:5484": false, "printer.local": false,
		"router": false, "10.0.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "[::1]:80": false,
		"[::ffff:127.0.0.1]": false, "[fd00::1]": false, "[fe80::1]": false, "0.0.0.0": false,
	} {
		if err := checkIndexRedirect(request(host), via); (err == nil) != allowed {
			t.Errorf("a redirect to %s: %v", host, err)
		}
	}
	if err := checkIndexRedirect(request("127.0.0.1:2"), []*http.Request{request("127.0.0.1:1")}); err != nil {
		t.Errorf("the owner's own server may redirect: %v", err)
	}
	if err := checkIndexRedirect(request("files.example.org"), make([]*http.Request, maxIndexRedirects+1)); err == nil {
		t.Error("redirects have no end")
	}
}
