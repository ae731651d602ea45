package node

import (
	"io"
	"log/slog"
)

// NewLog returns a logger that writes to w as c says, and leaves passwords in URLs
// out.
func NewLog(w io.Writer, c LogConfig) (*slog.Logger, error) {
	level, err := logLevel(c.Level)
	if err != nil {
		return nil, bad("log.level", c.Level, "debug, info, warn or error")
	}
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: redactAttr}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o)), nil
	}
	return slog.New(slog.NewTextHandler(w, o)), nil
}
