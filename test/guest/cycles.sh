#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cycles.sh N: so many launches and kills, nothing wears out, nothing is left behind.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"

count=$1

cycle() {
	cokctl launch --name "c$1" --cpus 1 --mem 128M &&
		cokctl ping "c$1" -c 1 && cokctl kill "c$1" &&
		cokctl destroy "c$1" && is "$(leases)" 0
}

all_cycles() {
	local i
	for ((i = 1; i <= count; i++)); do
		cycle "$i" || { echo "in cycle $i"; return 1; }
	done
}

modprobe cok || die 'no module'
mark_dmesg cycles
record_host >"$work/home"
free_before=$(awk '/MemFree/ { print $2 }' /proc/meminfo)
ok "$count launch and kill cycles" all_cycles
free_after=$(awk '/MemFree/ { print $2 }' /proc/meminfo)
echo "# MemFree $free_before kB before, $free_after kB after"
# The debug kernel keeps what was freed for a while; its kmemleak is asked at the
# end of every test there (test/vm/init).
[ -e /sys/kernel/debug/kmemleak ] ||
	ok 'no memory is lost' test $((free_before - free_after)) -lt 20000
ok 'the module unloads' modprobe -r cok
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings cycles
finish
