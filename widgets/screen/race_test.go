//go:build race

package screen

// slowdown is the factor by which the race detector slows tests down.
const slowdown = 10
