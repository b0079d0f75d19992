package host

import (
	"os"
	"testing"
)

func TestUsageOfThisProcess(t *testing.T) {
	before := usage(os.Getpid())
	if before.Memory < 1<<20 || before.Memory > 64<<30 {
		t.Errorf("memory: %d", before.Memory)
	}
	kept := make([]byte, 64<<20)
	for i := 0; usage(os.Getpid()).CPUTime <= before.CPUTime; i++ {
		for j := range kept {
			kept[j] = byte(i + j)
		}
	}
	if after := usage(os.Getpid()); after.Memory < before.Memory+32<<20 {
		t.Errorf("memory: %d with 64 MB more, %d before", after.Memory, before.Memory)
	}
	if none := usage(0); none != (Usage{}) {
		t.Errorf("of no process: %+v", none)
	}
}
