#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The host's kernel starts another by kexec while enclaves live on three of its
# cores, one of them writing to its memory without end: were that core not
# stopped, it would write into the second kernel. The rest happens there, in
# host-end-second.sh.
#
# Run with --with-kernel --package kexec-tools.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"
second=$(dirname "$0")/host-end-second.sh

# One idles on two cores, one hangs with interrupts off.
alive() {
	cokctl launch --name a --cpus 2 --mem 256M && cokctl ping a -c 1 &&
		cokctl launch --name b --cpus 1 --mem 128M &&
		say_to b hang hang && cokctl ping a -c 1 &&
		is "$(cat /sys/devices/system/cpu/online)" 0
}

first_done() {
	cokctl log a | grep -q 'memtest: ok'
}

# Enough for minutes; with the first done, it is at the second.
writes() {
	printf 'memtest\n%.0s' {1..100} >/dev/cok/a && await 60 first_done
}

# The last test here: the second kernel goes on counting.
load() {
	kexec -l /boot/vmlinuz --initrd=/boot/initrd.img --command-line="$(
		cat /proc/cmdline) cok.run=$second cok.ok=$tests_run"
}

modprobe cok || die 'no module'
ok 'enclaves live on all cores but one' alive
ok 'an enclave writes to all of its memory' writes
ok 'the second kernel is loaded' load
[ "$tests_failed" = 0 ] || { finish; exit 1; }
# What was printed is out when this returns.
stty -F /dev/ttyS1 raw -echo
kexec -e
echo 'Bail out! kexec came back'
false
