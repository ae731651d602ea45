package gateway

import (
	"io"
	"time"
)

// pace is the writer of a response's body. Its timer runs while the next bytes
// are waited for, and stands still while the client takes them: a video that is
// paused may be so for hours, but a file whose peers all left does not hold its
// response for good.
type pace struct {
	w        io.Writer
	timer    *time.Timer // ends the response
	patience time.Duration
}

var _ io.ReaderFrom = (*pace)(nil)

// begin goes from waiting for the response to waiting for its next bytes.
func (p *pace) begin() { p.timer.Reset(p.patience) }

func (p *pace) Write(b []byte) (int, error) {
	p.timer.Stop()
	defer p.begin()
	return p.w.Write(b)
}

// ReadFrom does not stand in the way of the kernel's own copy. Engines hand over
// what is on disk here, never what they still wait for.
func (p *pace) ReadFrom(r io.Reader) (int64, error) {
	p.timer.Stop()
	defer p.begin()
	return io.Copy(p.w, r)
}
