package debian

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"vmterminal/app/ondisk"
)

// AgentUnit is the systemd unit that starts the agent, in any guest that has it at
// the same place.
//
//go:embed rootfs/etc/systemd/system/vmterminal-agent.service
var AgentUnit string

// agentPath is where the unit in rootfs/ looks for the agent.
const agentPath = "/usr/local/sbin/vmterminal-agent"

// InstallAgent puts the agent's program into a disk that Open has returned, or a
// copy of it, that no VM uses; not durably.
func InstallAgent(ctx context.Context, disk string, program []byte) error {
	work, err := os.MkdirTemp("", "vmterminal-agent-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	from, script := filepath.Join(work, "agent"), filepath.Join(work, "script")
	if err := os.WriteFile(from, program, ondisk.FileMode); err != nil {
		return err
	}
	commands := fmt.Sprintf("write %s %s\n", from, agentPath)
	for _, field := range []string{"mode 0100755", "uid 0", "gid 0"} {
		commands += fmt.Sprintf("set_inode_field %s %s\n", agentPath, field)
	}
	if err := os.WriteFile(script, []byte(commands), ondisk.FileMode); err != nil {
		return err
	}
	image := fmt.Sprintf("%s?offset=%d", disk, firstSector*sectorSize)
	out, err := tool(ctx, "debugfs", "-w", "-f", script, image).CombinedOutput()
	if err != nil {
		return fmt.Errorf("put the agent into the disk: debugfs: %w", err)
	}
	// It ends well whatever happens, and says so.
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "debugfs") && !strings.HasPrefix(line, "Allocated inode") {
			return fmt.Errorf("put the agent into the disk: %s", line)
		}
	}
	return nil
}
