//go:build !race

package window

// threadChecks is off in builds without the race detector: every call goes through Dispatch,
// which tests with the race detector check.
const threadChecks = false
