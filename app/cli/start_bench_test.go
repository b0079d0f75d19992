package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// BenchmarkStart measures how long short commands of the pure Go program take. The goal is 30
// ms each on an idle machine.
func BenchmarkStart(b *testing.B) {
	program := filepath.Join(b.TempDir(), "vmt")
	build := exec.Command("go", "build", "-tags", "nogui", "-o", program, "vmterminal")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	b.Setenv(home.EnvVar, manySnapshots(b, 500))
	for _, args := range [][]string{{"version"}, {"snapshot", "list"}} {
		b.Run(fmt.Sprint(args), func(b *testing.B) {
			for b.Loop() {
				if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
					b.Fatalf("%v\n%s", err, out)
				}
			}
		})
	}
}

// manySnapshots creates a store whose VM has n snapshots and returns its path.
func manySnapshots(b *testing.B, n int) string {
	b.Helper()
	root := home.Dir(b.TempDir())
	dir := root.VM("dev")
	if err := durable.MakeDir(dir.Snapshots()); err != nil {
		b.Fatal(err)
	}
	rows := ""
	for at := range n {
		name := fmt.Sprintf("snapshot-%d", at)
		writeSnapshot(b, snapshot.File(dir.Snapshots(), name))
		rows += fmt.Sprintf(`%s{"name":%q,"id":"b1"}`, map[bool]string{true: ","}[at > 0], name)
	}
	for path, text := range map[string]string{
		root.VMs():    `{"version":1,"vms":[{"name":"dev","id":"a1","image":"builtin","cpus":1,"memory_mb":128,"disk_size_mb":64,"mac":"52:54:00:00:00:01","accel":"tcg"}]}`,
		root.Active(): "dev\n", dir.Rows(): `{"version":1,"snapshots":[` + rows + `]}`, dir.Disk(): "",
	} {
		if err := os.WriteFile(path, []byte(text), durable.FileMode); err != nil {
			b.Fatal(err)
		}
	}
	return string(root)
}
