// Package loud lets tests be skipped so that people notice: what was not tried is
// written where ./test reads it, because go test does not show it.
package loud
