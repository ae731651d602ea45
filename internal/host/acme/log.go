package acme

import (
	"context"
	"log/slog"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// logger has what certmagic says go to a slog.Logger.
func logger(to *slog.Logger) *zap.Logger { return zap.New(core{to: to}) }

// core is a zapcore.Core.
type core struct {
	to     *slog.Logger
	fields []zapcore.Field
}

var _ zapcore.Core = core{}

// level is what a level is to an operator: the daily round is no news.
func level(l zapcore.Level) slog.Level {
	switch {
	case l >= zapcore.ErrorLevel:
		return slog.LevelWarn
	case l >= zapcore.WarnLevel:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// Enabled implements zapcore.Core.
func (c core) Enabled(l zapcore.Level) bool { return c.to.Enabled(context.Background(), level(l)) }

// With implements zapcore.Core.
func (c core) With(fields []zapcore.Field) zapcore.Core {
	return core{c.to, append(c.fields[:len(c.fields):len(c.fields)], fields...)}
}

// Check implements zapcore.Core.
func (c core) Check(e zapcore.Entry, to *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return to.AddCore(e, c)
	}
	return to
}

// Write implements zapcore.Core.
func (c core) Write(e zapcore.Entry, fields []zapcore.Field) error {
	all := zapcore.NewMapObjectEncoder()
	for _, f := range append(c.fields[:len(c.fields):len(c.fields)], fields...) {
		f.AddTo(all)
	}
	c.to.LogAttrs(context.Background(), level(e.Level), "certificates", slog.String("event", e.Message), slog.Any("about", all.Fields))
	return nil
}

// Sync implements zapcore.Core.
func (core) Sync() error { return nil }
