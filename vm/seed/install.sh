#!/bin/sh
# Run by cloud-init at each boot, from the seed: puts the agent beside it into the
# guest, where it is not there yet or is another one, and starts it.
set -eu
from=$(dirname "$0")
changed=

# put FILE PLACE MODE
put() {
	if cmp -s "$from/$1" "$2"; then return; fi
	mkdir -p "${2%/*}"
	cp "$from/$1" "$2.new"
	chmod "$3" "$2.new"
	mv "$2.new" "$2"
	if command -v restorecon >/dev/null; then restorecon "$2" || true; fi
	changed=yes
}

put vmterminal-agent /usr/local/sbin/vmterminal-agent 755
if [ -d /run/systemd/system ]; then
	put vmterminal-agent.service /etc/systemd/system/vmterminal-agent.service 644
	[ -n "$changed" ] || exit 0
	systemctl --quiet enable vmterminal-agent.service # also reloads all units
	# Waiting could be for ever: this is part of the boot.
	systemctl --no-block restart vmterminal-agent.service
elif command -v rc-service >/dev/null; then
	put vmterminal-agent.openrc /etc/init.d/vmterminal-agent 755
	[ -n "$changed" ] || exit 0
	rc-update -q add vmterminal-agent default
	rc-service -q vmterminal-agent restart
else
	echo "vmterminal: neither systemd nor OpenRC starts the agent here" >&2
	exit 1
fi
