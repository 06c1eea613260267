#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In the kernel that host-end-kexec.sh has started: the cores and the memory that
# enclaves had are there, and work.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"

# Tests of the first kernel, which continue here.
tests_run=$(sed -n 's/.* cok\.ok=\([0-9]*\).*/\1/p' /proc/cmdline)

all_memory() {
	! grep -L '^online' /sys/devices/system/memory/memory*/state | grep .
}

works() {
	cokctl launch --name c --cpus 3 --mem 256M && cokctl ping c -c 1 &&
		say_to c memtest 'memtest: ok' 60 && cokctl destroy c
}

mark_dmesg second
ok 'all cores are online' is "$(cat /sys/devices/system/cpu/online)" 0-3
ok 'all memory is online' all_memory
record_host >"$work/home"
ok 'the module loads' modprobe cok
ok 'an enclave on three cores works and goes' works
ok 'the host is home' home
ok 'no kernel warning' no_new_warnings second
finish
