package torture

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// thorough tells whether every state is to be tried: make torture.
var thorough = os.Getenv("VMTERMINAL_TORTURE") != ""

// random returns the draws of a test, which are the same again with the seed
// that it prints when the test fails.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	seed, err := strconv.ParseUint(os.Getenv("VMTERMINAL_TORTURE_SEED"), 10, 64)
	if err != nil {
		seed = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("again: VMTERMINAL_TORTURE_SEED=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}
