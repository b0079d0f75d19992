package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"vmterminal/app/guestfiles"
	"vmterminal/app/problem"
)

// PackageAction is an operation on a guest's packages.
type PackageAction string

// The package actions.
const (
	PackageInstall PackageAction = "install"
	PackageRemove  PackageAction = "remove"
	PackageSearch  PackageAction = "search"
	PackageUpdate  PackageAction = "update"
	PackageUpgrade PackageAction = "upgrade"
	PackageList    PackageAction = "list"
)

// aptGet never prompts: it keeps configuration files that were changed locally. It waits for
// other package processes.
const aptGet = "apt-get -q -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "

// packageManagers lists the supported package managers in the order in which they are tried.
// The order matters: a guest may have the tools of another distribution in addition to its own.
var packageManagers = []struct {
	program  string
	commands map[PackageAction]string
	// lists is a file name pattern that matches at least one file once the package lists have
	// been downloaded, or "" if the program downloads them when needed.
	lists string
}{
	{"apk", map[PackageAction]string{
		PackageInstall: "apk add", PackageRemove: "apk del", PackageSearch: "apk search",
		PackageUpdate: "apk update", PackageUpgrade: "apk upgrade", PackageList: "apk list --installed",
	}, ""},
	{"apt-get", map[PackageAction]string{
		PackageInstall: aptGet + "-y install", PackageRemove: aptGet + "-y remove", PackageSearch: "apt-cache search",
		PackageUpdate: aptGet + "update", PackageUpgrade: aptGet + "-y full-upgrade", PackageList: "dpkg-query -W",
	}, "/var/lib/apt/lists/*_Packages*"},
	{"dnf", map[PackageAction]string{
		PackageInstall: "dnf -y install", PackageRemove: "dnf -y remove", PackageSearch: "dnf search",
		PackageUpdate: "dnf makecache", PackageUpgrade: "dnf -y upgrade", PackageList: "dnf list --installed",
	}, ""},
	{"pacman", map[PackageAction]string{
		PackageInstall: "pacman --noconfirm -S", PackageRemove: "pacman --noconfirm -R", PackageSearch: "pacman -Ss",
		PackageUpdate: "pacman -Sy", PackageUpgrade: "pacman --noconfirm -Syu", PackageList: "pacman -Q",
	}, "/var/lib/pacman/sync/*.db"},
	{"zypper", map[PackageAction]string{
		PackageInstall: "zypper -n install", PackageRemove: "zypper -n remove", PackageSearch: "zypper search",
		PackageUpdate: "zypper refresh", PackageUpgrade: "zypper -n update", PackageList: "zypper search --installed-only",
	}, ""},
}

// ErrNoPackages means that the guest has no known package manager.
var ErrNoPackages = errors.New("the guest has no package manager that VMTerminal knows")

// PackageCommands returns the commands of the guest's own package manager that perform an
// action without prompting. Run them in order, until one fails.
func (s *Service) PackageCommands(ctx context.Context, vmName string, action PackageAction, names []string) (all []GuestCommand, err error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: action.operation(), VM: vmName})
	}
	program, fetched, err := s.packageManager(ctx, e.Name, action.needsNetwork())
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: action.operation(), VM: e.Name})
	}
	actions := []PackageAction{action}
	if !fetched && (action == PackageInstall || action == PackageUpgrade) {
		actions = []PackageAction{PackageUpdate, action}
	}
	for _, m := range packageManagers {
		if m.program != program {
			continue
		}
		for _, a := range actions {
			args := strings.Fields(m.commands[a])
			if a == action {
				args = append(args, names...)
			}
			all = append(all, GuestCommand{Args: args, Env: noninteractiveEnv})
		}
	}
	return all, nil
}

// noninteractiveEnv prevents prompts by programs that Debian's package manager runs.
var noninteractiveEnv = []string{"DEBIAN_FRONTEND=noninteractive", "APT_LISTCHANGES_FRONTEND=none", "NEEDRESTART_MODE=l"}

// operation returns the operation code for failures of the action.
func (a PackageAction) operation() problem.OperationCode {
	switch a {
	case PackageInstall:
		return problem.OpPackageInstall
	case PackageRemove:
		return problem.OpPackageRemove
	case PackageSearch:
		return problem.OpPackageSearch
	case PackageUpdate:
		return problem.OpPackageUpdate
	case PackageUpgrade:
		return problem.OpPackageUpgrade
	default:
		return problem.OpPackageList
	}
}

// needsNetwork reports whether the action downloads something.
func (a PackageAction) needsNetwork() bool {
	return a == PackageInstall || a == PackageUpdate || a == PackageUpgrade
}

// findManagerScript prints the name of the first program found, and "PROGRAM unfetched" before it
// if its package lists were never downloaded. Its arguments are programs, each followed by the
// pattern of its lists. If the first argument is "online", it waits for a default route, which
// a guest that has just booted gets after its agent has started.
const findManagerScript = `if [ "$1" = online ]; then
	n=0
	while [ $n -lt 30 ] && ! grep -q '^[^[:space:]]*[[:space:]]00000000[[:space:]]' /proc/net/route; do
		sleep 1
		n=$((n + 1))
	done
fi
shift
while [ $# -gt 0 ]; do
	if command -v "$1" >/dev/null; then
		for file in $2; do
			[ -e "$file" ] || echo "$1 unfetched"
			break
		done
		echo "$1"
		exit
	fi
	shift 2
done`

// packageManager returns the guest's package manager and whether its package lists were
// downloaded.
func (s *Service) packageManager(ctx context.Context, name string, online bool) (program string, fetched bool, err error) {
	vmClient, err := s.connect(ctx, name)
	if err != nil {
		return "", false, err
	}
	defer vmClient.Close()
	if err := waitForAgent(ctx, vmClient); err != nil {
		return "", false, err
	}
	args := []string{map[bool]string{true: "online", false: "-"}[online]}
	var programs []string
	for _, m := range packageManagers {
		args = append(args, m.program, m.lists)
		programs = append(programs, m.program)
	}
	found, err := guestfiles.Runner(vmClient.Exec).Query(ctx, 100, findManagerScript, args...)
	if err != nil {
		return "", false, err
	}
	fields := strings.Fields(found)
	if len(fields) == 0 {
		return "", false, fmt.Errorf("%w (%s)", ErrNoPackages, strings.Join(programs, ", "))
	}
	return fields[0], len(fields) == 1, nil
}
