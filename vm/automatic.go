package vm

import (
	"fmt"
	"time"
)

// Limits of automatic snapshots.
const (
	MinInterval = time.Minute
	MaxInterval = 30 * 24 * time.Hour
	MaxKeep     = 1000
	DefaultKeep = 24
)

// Automatic holds the schedule of automatic snapshots: their interval in seconds and how many
// of them to keep. The zero value turns them off.
type Automatic struct {
	IntervalSeconds int64 `json:"every_s"`
	Keep            int   `json:"keep"`
}

// IsEnabled reports whether automatic snapshots are taken.
func (a Automatic) IsEnabled() bool { return a != (Automatic{}) }

// Interval returns the time between two snapshots. The settings must have passed Check.
func (a Automatic) Interval() time.Duration { return time.Duration(a.IntervalSeconds) * time.Second }

// Check validates the settings. The error, if any, wraps ErrBadConfig.
func (a Automatic) Check() error {
	switch {
	case !a.IsEnabled():
		return nil
	case a.IntervalSeconds < int64(MinInterval/time.Second), a.IntervalSeconds > int64(MaxInterval/time.Second):
		return fmt.Errorf("%d seconds is %w for the snapshot interval: between 1 minute and 30 days", a.IntervalSeconds, ErrBadConfig)
	case a.Keep < 1, a.Keep > MaxKeep:
		return fmt.Errorf("%d is %w for the number of automatic snapshots to keep: between 1 and %d", a.Keep, ErrBadConfig, MaxKeep)
	}
	return nil
}
