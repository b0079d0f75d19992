//go:build builtinguest

package guest

// build.sh copies the kernel from this module, whose Go package is empty. The import,
// under a build tag that is never set, keeps the version in go.mod.
import _ "github.com/gokrazy/kernel.amd64"
