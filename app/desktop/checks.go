//go:build !race && !nogui

package desktop

// threadChecks is off: every call goes through the dispatcher, which the tests
// hold with the checks on.
const threadChecks = false
