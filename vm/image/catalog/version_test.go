package catalog_test

import (
	"testing"

	"vmterminal/vm/image/catalog"
)

func TestOlder(t *testing.T) {
	rising := []string{"", "1", "2", "3.9.1-r0", "3.23.4-r9", "3.23.4-r10", "3.23.10-r0", "24.04-20260901", "24.04-20260901.1", "24.04-20261002", "20261117-2299", "20261117-2300"}
	for i, a := range rising {
		for j, b := range rising {
			if got := catalog.Older(a, b); got != (i < j) {
				t.Errorf("%q older than %q: got %v, want %v", a, b, got, (i < j))
			}
		}
	}
}
