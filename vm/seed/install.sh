#!/bin/sh
# Run by cloud-init at each boot, from the seed: puts the agent beside it into the
# guest, where it is not there yet or is another one, and starts it.
set -eu
from=$(dirname "$0")
agent=/usr/local/sbin/vmterminal-agent

changed=
if ! cmp -s "$from/vmterminal-agent" "$agent"; then
	mkdir -p "${agent%/*}"
	cp "$from/vmterminal-agent" "$agent.new"
	chmod 755 "$agent.new"
	mv "$agent.new" "$agent"
	if command -v restorecon >/dev/null; then restorecon "$agent" || true; fi
	changed=yes
fi
if [ -d /run/systemd/system ]; then
	unit=/etc/systemd/system/vmterminal-agent.service
	if ! cmp -s "$from/vmterminal-agent.service" "$unit"; then
		cp "$from/vmterminal-agent.service" "$unit"
		chmod 644 "$unit" # all that is on the seed can be executed
		changed=yes
	fi
	[ -n "$changed" ] || exit 0
	systemctl --quiet enable vmterminal-agent.service # which reads all units anew
	# Waiting could be for ever: this is part of the boot.
	systemctl --no-block restart vmterminal-agent.service
elif command -v rc-service >/dev/null; then
	[ -n "$changed" ] || exit 0
	cp "$from/vmterminal-agent.openrc" /etc/init.d/vmterminal-agent
	chmod 755 /etc/init.d/vmterminal-agent
	rc-update -q add vmterminal-agent default
	rc-service -q vmterminal-agent restart
else
	echo "vmterminal: neither systemd nor OpenRC starts the agent here" >&2
	exit 1
fi
