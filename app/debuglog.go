package app

import (
	"io"
	"log/slog"
	"os"
	"strconv"
)

// NewLog returns a log for Options.Log that writes text lines to w, and its level, whose
// initial value comes from EnvDebug.
func NewLog(w io.Writer) (*slog.Logger, *slog.LevelVar) {
	debug, _ := strconv.ParseBool(os.Getenv(EnvDebug)) // false for invalid values
	level := new(slog.LevelVar)
	level.Set(LogLevel(debug))
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})), level
}

// LogLevel returns the level of a log with or without debug messages. Nothing that users need
// to know is reported only in the log.
func LogLevel(debug bool) slog.Level {
	if debug {
		return slog.LevelDebug
	}
	return slog.LevelError
}
