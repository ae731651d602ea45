package seal

import "io"

// Reply is what a request is answered with, before it is cut into a response and
// chunks (spec §5.3): what internal/library hands to internal/exchange.
type Reply struct {
	Status int
	Header map[string]string
	// Body is nil when there is none; whoever got the reply closes it.
	Body io.ReadCloser
	Size int64 // of Body
}
