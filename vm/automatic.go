package vm

import (
	"fmt"
	"time"
)

// Limits of automatic snapshots.
const (
	MinEvery    = time.Minute
	MaxEvery    = 30 * 24 * time.Hour
	MaxKeep     = 1000
	DefaultKeep = 24
)

// Automatic is how often a snapshot is taken, in seconds, and how many of these
// are kept. The zero value is never.
type Automatic struct {
	EverySeconds int64 `json:"every_s"`
	Keep         int   `json:"keep"`
}

// On tells whether snapshots are to be taken at all.
func (a Automatic) On() bool { return a != (Automatic{}) }

// Every is how often. The settings have passed Check.
func (a Automatic) Every() time.Duration { return time.Duration(a.EverySeconds) * time.Second }

// Check tells what is wrong with the settings; it wraps ErrBadConfig.
func (a Automatic) Check() error {
	switch {
	case !a.On():
		return nil
	case a.EverySeconds < int64(MinEvery/time.Second), a.EverySeconds > int64(MaxEvery/time.Second):
		return fmt.Errorf("every %d seconds is %w for automatic snapshots: between 1 minute and 30 days", a.EverySeconds, ErrBadConfig)
	case a.Keep < 1, a.Keep > MaxKeep:
		return fmt.Errorf("to keep %d is %w for automatic snapshots: between 1 and %d", a.Keep, ErrBadConfig, MaxKeep)
	}
	return nil
}
