#!/bin/bash
# installed.sh ROOT uses the installed program in the Debian system below ROOT like a new
# user, with its window on DISPLAY. Stops at the first failure.
set -euxo pipefail

root=$1
alone=(chroot "$root" env -i PATH=/usr/bin:/bin HOME=/root LANG=C.UTF-8 DISPLAY="$DISPLAY")
inside() { "${alone[@]}" "$@"; }

# The files are in the expected places.
inside vmterminal version
inside sh -c '! ldd /usr/bin/vmterminal | grep "not found"'
inside bash -n /usr/share/bash-completion/completions/vmterminal
inside test -s /usr/share/zsh/vendor-completions/_vmterminal
inside test -s /usr/share/fish/vendor_completions.d/vmterminal.fish
inside sh -c 'zcat /usr/share/man/man1/vmterminal-snapshot-create.1.gz' | grep -q before-upgrade
inside test -s /usr/share/doc/vmterminal/copyright
grep -qx 'Exec=vmterminal' "$root/usr/share/applications/io.github.vmterminal.desktop"
icon=$(sed -n 's/^Icon=//p' "$root/usr/share/applications/io.github.vmterminal.desktop")
test -s "$root/usr/share/icons/hicolor/scalable/apps/$icon.svg"
test -s "$root/usr/share/icons/hicolor/512x512/apps/$icon.png"
[[ $(stat -c %a "$root/usr/share/man/man1" "$root/usr/bin/vmterminal" | sort -u) == 755 ]]

# The window loads its libraries with dlopen when it opens.
"${alone[@]}" vmterminal & # not a function: the pid must be the program's, not a shell's
window=$!
timeout 120 xdotool search --sync --onlyvisible --name '^VMTerminal$'
kill "$window"
wait "$window" || true

# Create a VM, take a snapshot, break the guest and restore.
inside vmterminal doctor
inside vmterminal vm create default --memory 128 --disk-size 64
inside vmterminal snapshot create before
inside vmterminal run --detach
inside vmterminal exec -- sh -c 'echo broken >/etc/hostname; sync'
inside vmterminal stop
inside vmterminal snapshot restore before
inside vmterminal run --detach
inside vmterminal exec -- sh -c '! grep broken /etc/hostname'
inside vmterminal stop
inside vmterminal vm delete default --purge --yes

# The package can be removed.
chroot "$root" apt-get remove -y vmterminal >/dev/null
test ! -e "$root/usr/bin/vmterminal"
