package badgerkv

import (
	"fmt"
	"log/slog"
	"strings"
)

// logger gives Badger's messages to slog.
type logger struct{ to *slog.Logger }

func (l logger) Errorf(f string, args ...any)   { l.to.Error(message(f, args)) }
func (l logger) Warningf(f string, args ...any) { l.to.Warn(message(f, args)) }
func (l logger) Infof(string, ...any)           {}
func (l logger) Debugf(string, ...any)          {}

func message(f string, args []any) string {
	return "badger: " + strings.TrimSpace(fmt.Sprintf(f, args...))
}
