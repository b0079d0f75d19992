package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// PackageAction is what is to be done with a guest's packages.
type PackageAction string

// The actions.
const (
	PackageInstall PackageAction = "install"
	PackageRemove  PackageAction = "remove"
	PackageSearch  PackageAction = "search"
	PackageUpdate  PackageAction = "update"
	PackageUpgrade PackageAction = "upgrade"
	PackageList    PackageAction = "list"
)

// aptGet asks nothing: of a file of settings that its owner has changed the owner's
// stays. What another process does with packages just now is waited for.
const aptGet = "apt-get -q -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "

// packageManagers are tried in this order: a guest may have tools of another
// system's beside its own.
var packageManagers = []struct {
	program string
	words   map[PackageAction]string
	// lists are files of which one at least is there once the lists of packages
	// were fetched; "" where the program sees to that itself.
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

// ErrNoPackages says that the guest has no package manager that is known.
var ErrNoPackages = errors.New("the guest has no package manager that VMTerminal knows")

// PackageCommands are what do an action with the packages of a running VM's guest,
// by the guest's own package manager, without asking anything; one after the other,
// as long as none fails.
func (s *Service) PackageCommands(ctx context.Context, vmName string, action PackageAction, names []string) (all []GuestCommand, err error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, failed(err, "", "%s", action.doing(called(vmName)))
	}
	program, fetched, err := s.packageManager(ctx, e.Name, action.needsNetwork())
	if err != nil {
		return nil, failed(err, "", "%s", action.doing(called(e.Name)))
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
			args := strings.Fields(m.words[a])
			if a == action {
				args = append(args, names...)
			}
			all = append(all, GuestCommand{Args: args, Env: quietly})
		}
	}
	return all, nil
}

// quietly has the programs that Debian's package manager calls ask nothing.
var quietly = []string{"DEBIAN_FRONTEND=noninteractive", "APT_LISTCHANGES_FRONTEND=none", "NEEDRESTART_MODE=l"}

// doing is what fails when the action does.
func (a PackageAction) doing(of Phrase) Phrase {
	switch a {
	case PackageInstall:
		return phrase("install packages in %s", of)
	case PackageRemove:
		return phrase("remove packages in %s", of)
	case PackageSearch:
		return phrase("search packages in %s", of)
	case PackageUpdate:
		return phrase("update packages in %s", of)
	case PackageUpgrade:
		return phrase("upgrade packages in %s", of)
	default:
		return phrase("list packages in %s", of)
	}
}

// needsNetwork tells whether an action fetches something.
func (a PackageAction) needsNetwork() bool {
	return a == PackageInstall || a == PackageUpdate || a == PackageUpgrade
}

// findManager prints the first of the programs that is there, and a second word if
// its lists of packages were never fetched. Its arguments are programs, each with
// the pattern of its lists. With "online" as its first it waits until there is a
// way out, which a guest that has just booted gets after its agent; one that gets
// none is to say so itself.
const findManager = `if [ "$1" = online ]; then
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

// packageManager is the program that the guest's packages are managed with, and
// whether its lists of packages were fetched.
func (s *Service) packageManager(ctx context.Context, name string, online bool) (program string, fetched bool, err error) {
	client, err := s.reach(ctx, name)
	if err != nil {
		return "", false, err
	}
	defer client.Close()
	if err := waitForAgent(ctx, client); err != nil {
		return "", false, err
	}
	asked := []string{map[bool]string{true: "online", false: "-"}[online]}
	var programs []string
	for _, m := range packageManagers {
		asked = append(asked, m.program, m.lists)
		programs = append(programs, m.program)
	}
	var found firstBytes
	found.left = 100
	if err := inGuest(ctx, client, findManager, asked, nil, &found); err != nil {
		return "", false, err
	}
	said := strings.Fields(found.String())
	if len(said) == 0 {
		return "", false, fmt.Errorf("%w (%s)", ErrNoPackages, strings.Join(programs, ", "))
	}
	return said[0], len(said) == 1, nil
}
