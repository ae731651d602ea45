package resolve

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/kith-web/kith/internal/fault"
)

// maxMessage is the longest DNS message there is (RFC 8484 §6).
const maxMessage = 65535

const dohType = "application/dns-message"

// doh asks a DNS over HTTPS server (RFC 8484) by POST.
type doh struct {
	url      string
	client   *http.Client
	deadline time.Duration
}

func newDoH(url string, deadline time.Duration, through func(http.RoundTripper) http.RoundTripper) *doh {
	var transport http.RoundTripper = &http.Transport{
		ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute,
		MaxResponseHeaderBytes: 64 << 10,
	}
	if through != nil {
		transport = through(transport)
	}
	return &doh{url: url, deadline: deadline, client: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (d *doh) exchange(ctx context.Context, q *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, d.deadline)
	defer cancel()
	q.Id = 0 // RFC 8484 §4.1: cache-friendly
	body, err := q.Pack()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", dohType)
	req.Header.Set("Accept", dohType)
	resp, err := d.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), dohType) {
		return nil, fault.New(fault.Unreachable, "the DNS server %s answered %s with the type %q",
			d.url, resp.Status, resp.Header.Get("Content-Type"))
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxMessage+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxMessage {
		return nil, fault.New(fault.Corrupt, "the DNS server %s answered more than %d octets", d.url, maxMessage)
	}
	answer := new(dns.Msg)
	if err := answer.Unpack(data); err != nil {
		return nil, fault.New(fault.Corrupt, "the DNS server %s answered no DNS message: %w", d.url, err)
	}
	return answer, nil
}
