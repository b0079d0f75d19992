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

// packageManagers are tried in this order: a guest may have tools of another
// system's beside its own.
var packageManagers = []struct {
	program string
	words   map[PackageAction]string
}{
	{"apk", map[PackageAction]string{
		PackageInstall: "apk add", PackageRemove: "apk del", PackageSearch: "apk search",
		PackageUpdate: "apk update", PackageUpgrade: "apk upgrade", PackageList: "apk list --installed",
	}},
	{"apt-get", map[PackageAction]string{
		PackageInstall: "apt-get -y install", PackageRemove: "apt-get -y remove", PackageSearch: "apt-cache search",
		PackageUpdate: "apt-get update", PackageUpgrade: "apt-get -y full-upgrade", PackageList: "dpkg-query -W",
	}},
	{"dnf", map[PackageAction]string{
		PackageInstall: "dnf -y install", PackageRemove: "dnf -y remove", PackageSearch: "dnf search",
		PackageUpdate: "dnf makecache", PackageUpgrade: "dnf -y upgrade", PackageList: "dnf list --installed",
	}},
	{"pacman", map[PackageAction]string{
		PackageInstall: "pacman --noconfirm -S", PackageRemove: "pacman --noconfirm -R", PackageSearch: "pacman -Ss",
		PackageUpdate: "pacman -Sy", PackageUpgrade: "pacman --noconfirm -Syu", PackageList: "pacman -Q",
	}},
	{"zypper", map[PackageAction]string{
		PackageInstall: "zypper -n install", PackageRemove: "zypper -n remove", PackageSearch: "zypper search",
		PackageUpdate: "zypper refresh", PackageUpgrade: "zypper -n update", PackageList: "zypper search --installed-only",
	}},
}

// ErrNoPackages says that the guest has no package manager that is known.
var ErrNoPackages = errors.New("the guest has no package manager that VMTerminal knows")

// PackageCommand is what does an action with the packages of a running VM's guest,
// by the guest's own package manager, without asking anything.
func (s *Service) PackageCommand(ctx context.Context, vmName string, action PackageAction, names []string) (args, env []string, err error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, nil, failed(err, "", "%s packages in %s", action, called(vmName))
	}
	program, err := s.packageManager(ctx, e.Name)
	if err != nil {
		return nil, nil, failed(err, "", "%s packages in VM '%s'", action, e.Name)
	}
	for _, m := range packageManagers {
		if m.program == program {
			args = append(strings.Fields(m.words[action]), names...)
		}
	}
	return args, []string{"DEBIAN_FRONTEND=noninteractive"}, nil
}

func (s *Service) packageManager(ctx context.Context, name string) (string, error) {
	client, err := s.reach(ctx, name)
	if err != nil {
		return "", err
	}
	defer client.Close()
	if err := waitForAgent(ctx, client); err != nil {
		return "", err
	}
	var programs []string
	for _, m := range packageManagers {
		programs = append(programs, m.program)
	}
	var found firstBytes
	found.left = 100
	const script = `for p; do command -v "$p" >/dev/null && echo "$p" && exit; done; exit 0`
	if err := inGuest(ctx, client, script, programs, nil, &found); err != nil {
		return "", err
	}
	program := strings.TrimSpace(found.String())
	if program == "" {
		return "", fmt.Errorf("%w (%s)", ErrNoPackages, strings.Join(programs, ", "))
	}
	return program, nil
}
