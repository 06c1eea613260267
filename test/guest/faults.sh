#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every way a co-kernel can go wrong that native mode contains: each ends
# FAILED with its reason, or can be killed; a neighbour does not mind.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"

launch() {
	cokctl launch --name "$1" --cpus 1 --mem 128M
}

neighbour() {
	is "$(state_of n)" running && cokctl ping n -c 2
}

reason() {
	cokctl list --json | jq -r '.[] | select(.name == "f").reason'
}

# fails COMMAND WORDS: typed at a fresh enclave's console.
fails() {
	launch f || return
	cokctl console f --send "$1" --until "${1%% *}" --timeout 20
	cokctl wait f failed --timeout 20 || return
	reason
	reason | grep -Eqi "$2" || { echo "the reason does not say '$2'"; return 1; }
	cokctl status f | grep -q rip || { echo 'no registers'; return 1; }
	cokctl log f | grep -q cokernel || { echo 'no log'; return 1; }
	neighbour && cokctl destroy f
}

hangs() {
	launch f || return
	cokctl console f --send hang --until hang --timeout 20
	await 10 not_responding || { echo 'it still answers'; return 1; }
	in_image "$(cokctl ledger --json | jq '[.[] | select(.apic_id != null)] | last.apic_id')" || return
	cokctl kill f && is "$(state_of f)" stopped || return
	cokctl status f
	cokctl status f | grep -q rip || { echo 'no registers captured'; return 1; }
	neighbour && cokctl destroy f
}

not_responding() {
	! cokctl ping f -c 1 --timeout 1
}

# A secondary core hangs: the recall of it times out, nothing is lost.
hung_core() {
	local status
	launch f && cokctl grow f --cpus 1 || return
	cokctl console f --send 'hang 1' --until hang --timeout 20
	cokctl shrink f --cpus 1 --timeout 2
	status=$?
	[ $status = 4 ] || [ $status = 3 ] || { echo "exit status $status"; return 1; }
	is "$(cokctl ledger --json | jq '[.[] | select(.kind == "cpu" and .state == "granted")] | length')" 3 || return
	cokctl kill f && cokctl destroy f && neighbour
}

stops() {
	launch f && cokctl stop f && is "$(state_of f)" stopped &&
		cokctl log f | tail -n 2 && cokctl destroy f && neighbour
}

modprobe cok || die 'no module'
mark_dmesg faults
record_host >"$work/home"
launch n || die 'no neighbour'
ok 'panic' fails 'panic on purpose' 'on purpose'
ok 'invalid opcode' fails 'fault ud' 'invalid opcode|#UD|vector 6|exception 6'
ok 'unmapped address' fails 'fault pf' 'page fault|#PF'
ok 'general protection' fails 'fault gp' 'general protection|#GP'
ok 'stack overflow' fails 'fault stack' 'stack|double fault|#DF'
ok 'divide error' fails 'fault de' 'divide|#DE'
ok 'double fault' fails 'fault df' 'double fault|#DF'
ok 'call of address 0' fails 'fault nullcall' 'page fault|#PF'
ok 'write to its text' fails 'fault wp' 'page fault|#PF'
ok 'execution of its data' fails 'fault nx' 'page fault|#PF'
ok 'hang with interrupts off: killed, registers captured' hangs
ok 'a secondary core hangs' hung_core
ok 'stop, as asked' stops
ok 'the neighbour lives' neighbour
ok 'destroy all' destroy_all
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings faults
finish
