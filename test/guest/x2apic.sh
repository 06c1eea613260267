#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A host in x2APIC mode, where one CPU has an APIC id that xAPIC can't express:
# 256, which QEMU counts as its CPU 144 (test/vm/tests). It is an enclave's first
# core, a further one, and what co-kernels ring.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"

far_id=256 far_in_qemu=144
far=$(awk -v id=$far_id '/^processor/ { cpu = $3 } /^apicid/ && $3 == id { print cpu }' /proc/cpuinfo)

launch() {
	cokctl launch --name "$1" --cpu-list "$2" --mem 128M
}

x2apic_on() {
	local base
	base=$(dd if="/dev/cpu/$1/msr" bs=8 count=1 iflag=skip_bytes skip=27 2>/dev/null |
		od -An -tu8)
	printf 'IA32_APIC_BASE of CPU %s: %#x\n' "$1" "$base"
	[ $((base >> 10 & 3)) = 3 ]
}

host_is_one() {
	[ -n "$far" ] && x2apic_on 0 && x2apic_on "$far" &&
		cokctl doctor | grep 'x2APIC mode'
}

counter() {
	cokctl status "$1" --json | jq ".counters.$2"
}

# Answers come by doorbell, not only with the slow look.
# An answer that is seen before its doorbell: two that are not taken yet are one.
rings() {
	local before
	before=$(counter "$1" doorbells_in)
	cokctl ping "$1" -c 5 || return
	echo "doorbells $before, then $(counter "$1" doorbells_in)"
	[ "$(counter "$1" doorbells_in)" -gt "$before" ]
}

first_core() {
	launch a "$far" && cokctl log a | grep "APIC id $far_id (x2APIC)" &&
		is "$(cokctl ledger --json | jq '[.[].apic_id // empty] | .[0]')" $far_id &&
		in_image $far_in_qemu && rings a
}

# Its cores interrupt each other: jobs, TLB flushes, and an NMI at a panic.
both_ways() {
	cokctl grow a --cpu-list 1 --mem 128M && say_to a 'run 1' 'core 1 says: APIC id 1, CPUID says 1' &&
		say_to a 'run 0' "core 0 says: APIC id $far_id, CPUID says $far_id" &&
		say_to a memtest 'memtest: ok' && cokctl shrink a --cpus 1 --mem 128M &&
		cokctl grow a --cpus 1 && say_to a 'panic all of it' panic &&
		cokctl wait a failed --timeout 20 && cokctl destroy a && x2apic_on "$far"
}

further_core() {
	launch b 1 && cokctl grow b --cpu-list "$far" && in_image $far_in_qemu &&
		say_to b 'run 1' "core 1 says: APIC id $far_id" &&
		say_to b 'hang 1' hang && cokctl kill b && cokctl destroy b && x2apic_on "$far"
}

# The CPU that the doorbell of enclave d has interrupted.
rung_cpu() {
	awk 'NR == 1 { for (i = 1; i <= NF; i++) cpu[i + 1] = substr($i, 4) }
		/cok-d$/ { for (i = 2; i in cpu; i++) if ($i > 0) print cpu[i] }' /proc/interrupts
}

# Doorbells go to the host's CPUs in turn.
host_rung_there() {
	local cpu
	for _ in 1 2 3 4; do
		launch d 1 && rings d || return
		cpu=$(rung_cpu)
		echo "rang CPU $cpu"
		cokctl destroy d || return
		[ "$cpu" != "$far" ] || return 0
	done
	return 1
}

modprobe msr || die 'no msr module'
modprobe cok || die 'no module'
mark_dmesg x2apic
record_host >"$work/home"
ok "the host is in x2APIC mode, and CPU $far has APIC id $far_id" host_is_one
ok 'it is the first core of an enclave' first_core
ok 'cores interrupt each other' both_ways
ok 'it is a further core of an enclave' further_core
ok 'it is rung by a co-kernel' host_rung_there
ok 'destroy all' destroy_all
ok 'the module unloads' modprobe -r cok
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings x2apic
finish
