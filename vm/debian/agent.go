package debian

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"vmterminal/snapshot/durable"
)

// AgentUnit is the systemd unit that starts the agent, for any guest that has the agent at
// the same path.
//
//go:embed rootfs/etc/systemd/system/vmterminal-agent.service
var AgentUnit string

// agentPath is the path of the agent in the unit.
const agentPath = "/usr/local/sbin/vmterminal-agent"

// InstallAgent writes the agent's program into a disk that Open has returned, or into a copy
// of it. The disk must not be in use. InstallAgent does not sync it.
func InstallAgent(ctx context.Context, disk string, program []byte) error {
	work, err := os.MkdirTemp("", "vmterminal-agent-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	from, script := filepath.Join(work, "agent"), filepath.Join(work, "script")
	if err := os.WriteFile(from, program, durable.FileMode); err != nil {
		return err
	}
	commands := fmt.Sprintf("write %s %s\n", from, agentPath)
	for _, field := range []string{"mode 0100755", "uid 0", "gid 0"} {
		commands += fmt.Sprintf("set_inode_field %s %s\n", agentPath, field)
	}
	if err := os.WriteFile(script, []byte(commands), durable.FileMode); err != nil {
		return err
	}
	image := fmt.Sprintf("%s?offset=%d", disk, firstSector*sectorSize)
	out, err := toolCommand(ctx, "debugfs", "-w", "-f", script, image).CombinedOutput()
	if err != nil {
		return fmt.Errorf("write the agent into the disk: debugfs: %w", err)
	}
	// debugfs always exits with 0; failures are in its output.
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "debugfs") && !strings.HasPrefix(line, "Allocated inode") {
			return fmt.Errorf("write the agent into the disk: %s", line)
		}
	}
	return nil
}
