package ohttp

import (
	"encoding/binary"
	"errors"
	"strconv"
)

// ErrMalformed is the error for octets that are no message of ours.
var ErrMalformed = errors.New("not an oblivious message")

// Framing indicators (RFC 9292 §3.3).
const (
	knownRequest  = 0
	knownResponse = 1
)

// Request is what matters of a request in binary HTTP.
type Request struct {
	Method, Scheme, Authority, Path string
	Content                         []byte
}

// Marshal writes the request.
func (r Request) Marshal() []byte {
	b := []byte{knownRequest}
	for _, s := range []string{r.Method, r.Scheme, r.Authority, r.Path} {
		b = append(appendInt(b, uint64(len(s))), s...)
	}
	b = appendInt(b, 0) // no fields
	b = append(appendInt(b, uint64(len(r.Content))), r.Content...)
	return appendInt(b, 0) // no trailers
}

// ParseRequest reads a request. Its fields are left out; Content points into b.
func ParseRequest(b []byte) (r Request, err error) {
	in := reader{b: b}
	if in.int() != knownRequest {
		return r, ErrMalformed
	}
	for _, s := range []*string{&r.Method, &r.Scheme, &r.Authority, &r.Path} {
		*s = string(in.bytes())
	}
	in.fields(nil)
	r.Content = in.rest()
	return r, in.end()
}

// Response is what matters of a response in binary HTTP.
type Response struct {
	Status int
	// RetryAfter is the field of that name, in seconds; 0 when it is not there.
	RetryAfter int
}

// padded is how long a response is made, so that who carries it cannot tell one
// from another (RFC 9292 §3.8).
const padded = 64

// Marshal writes the response. All that this package writes are equally long.
func (r Response) Marshal() []byte {
	b := appendInt([]byte{knownResponse}, uint64(r.Status))
	var fields []byte
	if r.RetryAfter > 0 {
		for _, s := range []string{retryAfter, strconv.Itoa(r.RetryAfter)} {
			fields = append(appendInt(fields, uint64(len(s))), s...)
		}
	}
	b = append(appendInt(b, uint64(len(fields))), fields...)
	b = append(b, 0, 0) // no content, no trailers
	return append(b, make([]byte, max(padded-len(b), 0))...)
}

const retryAfter = "retry-after"

// ParseResponse reads a response.
func ParseResponse(b []byte) (r Response, err error) {
	in := reader{b: b}
	if in.int() != knownResponse {
		return r, ErrMalformed
	}
	status := in.int()
	if status < 200 || status > 599 {
		return r, ErrMalformed
	}
	r.Status = int(status)
	in.fields(func(name, value []byte) {
		if n, err := strconv.Atoi(string(value)); string(name) == retryAfter && err == nil && n > 0 && n <= 1<<16 {
			r.RetryAfter = n
		}
	})
	in.rest()
	return r, in.end()
}

// reader takes things off b until one is not there.
type reader struct {
	b   []byte
	bad bool
}

// int takes a variable-length integer (RFC 9000 §16).
func (r *reader) int() uint64 {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	n := 1 << (r.b[0] >> 6)
	if len(r.b) < n {
		r.bad, r.b = true, nil
		return 0
	}
	var v [8]byte
	copy(v[8-n:], r.b[:n])
	v[8-n] &= 0x3f
	r.b = r.b[n:]
	return binary.BigEndian.Uint64(v[:])
}

// bytes takes octets behind their length.
func (r *reader) bytes() []byte {
	n := r.int()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

// rest takes content and trailers, both of which may be left out with all that
// follows (RFC 9292 §3.8), and demands that nothing but padding follows.
func (r *reader) rest() (content []byte) {
	if len(r.b) > 0 {
		content = r.bytes()
	}
	if len(r.b) > 0 {
		r.fields(nil)
	}
	for _, c := range r.b {
		r.bad = r.bad || c != 0
	}
	return content
}

// fields takes a section of fields.
func (r *reader) fields(each func(name, value []byte)) {
	in := reader{b: r.bytes()}
	for len(in.b) > 0 && !in.bad {
		name, value := in.bytes(), in.bytes()
		if !in.bad && each != nil {
			each(name, value)
		}
	}
	r.bad = r.bad || in.bad
}

func (r *reader) end() error {
	if r.bad {
		return ErrMalformed
	}
	return nil
}

// appendInt writes a variable-length integer below 2^30.
func appendInt(b []byte, v uint64) []byte {
	switch {
	case v < 1<<6:
		return append(b, byte(v))
	case v < 1<<14:
		return binary.BigEndian.AppendUint16(b, uint16(v)|0x4000)
	}
	return binary.BigEndian.AppendUint32(b, uint32(v)|0x80000000)
}
