package serve

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

func TestAnAnswerMayBeginBeforeTheRequestEnds(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		if err := c.EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		first := make([]byte, 1)
		_, _ = io.ReadFull(r.Body, first)
		_, _ = w.Write(first)
		_ = c.Flush()
		_, _ = io.Copy(w, r.Body)
	}))
	defer web.Close()
	target, _ := url.Parse(web.URL)
	s := &Server{o: Options{Log: slog.New(slog.DiscardHandler)}, upstream: &http.Transport{}}
	device := httptest.NewServer(s.proxy(target))
	defer device.Close()

	client := &http.Client{Timeout: time.Minute}
	body, send := io.Pipe()
	go func() { _, _ = send.Write([]byte{'x'}) }()
	resp, err := client.Post(device.URL, "application/octet-stream", body)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	first := make([]byte, 1)
	if _, err := io.ReadFull(resp.Body, first); err != nil || first[0] != 'x' {
		t.Fatalf("the answer begins with %q, %v", first, err)
	}
	rest := bytes.Repeat([]byte("rest"), 100_000)
	go func() {
		_, _ = send.Write(rest)
		_ = send.Close()
	}()
	got, err := io.ReadAll(resp.Body)
	if err != nil || !bytes.Equal(got, rest) {
		t.Errorf("%d octets came back of %d, %v", len(got), len(rest), err)
	}
}
