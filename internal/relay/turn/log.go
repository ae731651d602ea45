package turn

import (
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// logs hands what pion says to slog. Most of it is about clients' mistakes, so
// all of it is for those who look for something.
type logs struct{ log *slog.Logger }

func (l logs) NewLogger(string) logging.LeveledLogger { return l }

func (l logs) say(text string) { l.log.Debug("STUN and TURN", "message", text) }

func (logs) Trace(string)                {}
func (logs) Tracef(string, ...any)       {}
func (logs) Debug(string)                {}
func (logs) Debugf(string, ...any)       {}
func (l logs) Info(s string)             { l.say(s) }
func (l logs) Infof(f string, a ...any)  { l.say(fmt.Sprintf(f, a...)) }
func (l logs) Warn(s string)             { l.say(s) }
func (l logs) Warnf(f string, a ...any)  { l.say(fmt.Sprintf(f, a...)) }
func (l logs) Error(s string)            { l.say(s) }
func (l logs) Errorf(f string, a ...any) { l.say(fmt.Sprintf(f, a...)) }
