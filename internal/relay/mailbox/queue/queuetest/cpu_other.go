//go:build !unix

package queuetest

import "time"

// processor is unknown here.
func processor() time.Duration { return 0 }
