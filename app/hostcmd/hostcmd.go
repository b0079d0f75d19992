// Package hostcmd generates command lines for this machine's shell that install the tools that
// VMTerminal uses and apply the fixes of package doctor. Front ends display or copy these
// commands; VMTerminal does not run them.
//
// It generates no sentences and no commands of VMTerminal itself: each front end has its own
// way to refer to those.
package hostcmd

import (
	"fmt"
	"os"
	"strings"

	"vmterminal/app/doctor"
)

// machine holds what command lines depend on.
type machine struct {
	isRoot  bool            // this user is root
	manager *packageManager // nil if none is known
}

func detectMachine() machine {
	return machine{isRoot: os.Geteuid() == 0, manager: findManager(fileExists)}
}

// addSudo returns a command line that runs command as root.
func (h machine) addSudo(command string) string {
	if h.isRoot {
		return command
	}
	return "sudo " + command
}

// Fix returns the command line that applies a fix. ok is false if no single command line does
// so on this machine.
func Fix(f doctor.Fix) (command string, ok bool) { return detectMachine().fixCommand(f) }

func (h machine) fixCommand(f doctor.Fix) (command string, ok bool) {
	path := Quote(f.Path)
	switch f.Action {
	case doctor.InstallTools, doctor.ReinstallTools, doctor.UpgradeTools:
		return h.installCommand(f.Tools)
	case doctor.LoadModule:
		return h.addSudo("modprobe " + f.Name), true
	case doctor.JoinGroup:
		user := `"$USER"`
		if f.User != "" {
			user = Quote(f.User)
		}
		return h.addSudo("usermod -aG " + Quote(f.Name) + " " + user), true
	case doctor.ReadKernelLog:
		return h.addSudo("dmesg") + " | grep -i kvm", true
	case doctor.RebuildProgram:
		return "make build", true
	case doctor.CreateFolder:
		return "mkdir -p " + path, true
	case doctor.MoveFile, doctor.ReplaceDisk:
		return "mv " + path + " " + Quote(f.Target), true
	case doctor.RemoveFile:
		return "rm " + path, true
	case doctor.RemoveFolder:
		return "rm -r " + path, true
	case doctor.ChangeOwner:
		return h.addSudo(fmt.Sprintf("chown -R %d %s", f.UID, path)), true
	case doctor.ChangeMode:
		return fmt.Sprintf("chmod %04o %s", f.Mode, path), true
	case doctor.AllowOwner:
		return "chmod u+rwx " + path, true
	case doctor.RemountWritable:
		return h.addSudo("mount -o remount,rw " + path), true
	case doctor.EditLine:
		return "${EDITOR:-vi} " + path, true
	case doctor.ShowUsage:
		return "du -h -d 3 " + path, true
	case doctor.InspectAttributes:
		return "lsattr -d " + path + "/disk.*", true
	default:
		return "", false
	}
}

// Quote quotes a word for the shell.
func Quote(word string) string {
	isPlain := func(r rune) bool {
		return strings.ContainsRune("/._-+:@", r) || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !isPlain(r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
