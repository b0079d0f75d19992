//go:build race

package screen

// slowdown is what the race detector costs.
const slowdown = 10
