package bittorrent

import (
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// padding answers requests for pad files (BEP 47), which web servers do not have
// and the wire library asks for, and hands on all others.
type padding struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (p padding) RoundTrip(r *http.Request) (*http.Response, error) {
	dir, name := path.Split(r.URL.Path)
	if !strings.HasSuffix(dir, "/.pad/") && !strings.HasPrefix(name, "_____padding_file_") {
		return p.next.RoundTrip(r)
	}
	answer := &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, ContentLength: -1, Body: io.NopCloser(zeros{}), Request: r,
	}
	if n := rangeLength(r.Header.Get("Range")); n > 0 {
		answer.Status, answer.StatusCode = "206 Partial Content", http.StatusPartialContent
		answer.Body = io.NopCloser(io.LimitReader(zeros{}, n))
	}
	return answer, nil
}

// rangeLength is how many octets a Range header (RFC 9110 §14.2) of one range
// with both ends asks for; 0 for any other.
func rangeLength(h string) int64 {
	first, last, _ := strings.Cut(strings.TrimPrefix(h, "bytes="), "-")
	a, errA := strconv.ParseInt(first, 10, 64)
	b, errB := strconv.ParseInt(last, 10, 64)
	if errA != nil || errB != nil || b < a {
		return 0
	}
	return b - a + 1
}

// zeros reads as zeros without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
