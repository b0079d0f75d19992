//go:build builtinguest

package guest

// The kernel's Go package is empty: build.sh copies the kernel out of its
// module. This import, under a tag that no build sets, keeps the module's exact
// version in go.mod.
import _ "github.com/gokrazy/kernel.amd64"
