package api

import (
	"io"
	"net/http"
	"time"
)

// meter passes an answer on and remembers how it began and how long it was.
type meter struct {
	http.ResponseWriter
	start time.Time
	first time.Duration
	code  int
	bytes int64
}

// Unwrap lets http.ResponseController reach what is behind.
func (m *meter) Unwrap() http.ResponseWriter { return m.ResponseWriter }

func (m *meter) begin(code int) {
	if m.code == 0 {
		m.code, m.first = code, time.Since(m.start)
	}
}

// WriteHeader notes the status; informational ones (1xx) come before it.
func (m *meter) WriteHeader(code int) {
	if code >= 200 || code == http.StatusSwitchingProtocols {
		m.begin(code)
	}
	m.ResponseWriter.WriteHeader(code)
}

func (m *meter) Write(p []byte) (int, error) {
	m.begin(http.StatusOK)
	n, err := m.ResponseWriter.Write(p)
	m.bytes += int64(n)
	return n, err
}

// ReadFrom keeps the kernel's own copy from file to connection.
func (m *meter) ReadFrom(r io.Reader) (int64, error) {
	m.begin(http.StatusOK)
	n, err := io.Copy(m.ResponseWriter, r)
	m.bytes += n
	return n, err
}

// Flush is for those who still ask for http.Flusher.
func (m *meter) Flush() { _ = http.NewResponseController(m.ResponseWriter).Flush() }
