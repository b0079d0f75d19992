package torture

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// thorough is whether to try every state, as in make torture.
var thorough = os.Getenv("VMTERMINAL_TORTURE") != ""

// newRand returns a test's source of random numbers. On failure the test prints its seed.
func newRand(t *testing.T) *rand.Rand {
	t.Helper()
	seed, err := strconv.ParseUint(os.Getenv("VMTERMINAL_TORTURE_SEED"), 10, 64)
	if err != nil {
		seed = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("repeat with VMTERMINAL_TORTURE_SEED=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}
