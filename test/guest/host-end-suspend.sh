#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The host does not sleep while anything is leased, and does when nothing is.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"

power=/sys/power
read -ra states <$power/state

# try_sleep STATE: a rehearsal, which ends by itself after the freezer's part.
try_sleep() {
	echo freezer >$power/pm_test && echo "$1" >$power/state
}

busy() {
	! try_sleep "$1" 2>"$work/sleep" || { echo 'it slept'; return 1; }
	cat "$work/sleep"
	grep -q 'resource busy' "$work/sleep"
}

refused_alive() {
	busy "$1" && is "$(state_of a)" running && cokctl ping a -c 1
}

mark_dmesg suspend
record_host >"$work/home"
modprobe cok || die 'no module'
[ -w $power/pm_test ] || die 'this kernel cannot rehearse sleep'
[ ! -w /sys/module/suspend/parameters/pm_test_delay ] ||
	echo 1 >/sys/module/suspend/parameters/pm_test_delay
ok "there are states to try: ${states[*]}" test "${#states[@]}" -gt 1
for state in "${states[@]}"; do
	ok "$state works without an enclave" try_sleep "$state"
done
ok 'an enclave runs' cokctl launch --name a --cpus 1 --mem 128M
for state in "${states[@]}"; do
	ok "$state is refused while it runs, and it goes on" refused_alive "$state"
done
ok 'it is killed' cokctl kill a
ok "${states[0]} is refused while its leases are not home" busy "${states[0]}"
ok 'it is destroyed' cokctl destroy a
for state in "${states[@]}"; do
	ok "$state works after that" try_sleep "$state"
done
ok 'the module unloads' modprobe -r cok
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings suspend
finish
