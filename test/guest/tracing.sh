#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module's tracepoints (docs/tracing.md): each phase of an enclave's life
# shows up, in the order in which it has to happen.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"

tracefs=/sys/kernel/tracing

# One event a line: its name and fields.
events() {
	sed -n 's/.*: \(cok_[a-z_]*\): /\1 /p' $tracefs/trace
}

# traced COMMAND...: it succeeds, and its events are in $work/events.
traced() {
	echo >$tracefs/trace
	"$@"
	local status=$?
	events >"$work/events"
	return $status
}

# in_order PATTERN...: an event for each, each after the one before.
in_order() {
	local line=0 hit pattern
	for pattern; do
		hit=$(awk -v from="$line" -v p="^cok_$pattern( |\$)" \
			'NR > from && $0 ~ p { print NR; exit }' "$work/events")
		[ -n "$hit" ] || {
			cat "$work/events"
			echo "no '$pattern' after line $line"
			return 1
		}
		line=$hit
	done
}

launched() {
	traced cokctl launch --name a --cpus 1 --mem 128M &&
		in_order 'enclave .*name=a state=CREATED' \
			'lease .*state=TAKING kind=memory .*' 'lease .*state=POOLED kind=memory .*' \
			'lease .*state=TAKING kind=cpu .*' 'core_init .*' \
			'core_try .*order=park attempt=1' 'core_done .*order=park err=0' \
			'lease .*state=POOLED kind=cpu .*' 'job_begin .*run=cok_load_job .*' \
			'lease .*state=GRANTED kind=cpu .*' 'lease .*state=GRANTED kind=memory .*' \
			'enclave .*state=LOADED' 'job_end .*err=0' 'enclave .*state=BOOTING' \
			'core_try .*order=run attempt=1' 'core_done .*order=run err=0' \
			'msg_in enclave=1 type=0x81 .*' 'enclave .*state=RUNNING' 'job_end .*err=0' &&
		in_order 'enclave .*state=BOOTING' 'bell_in enclave=1'
}

grown() {
	traced cokctl grow a --cpus 1 --mem 128M &&
		in_order 'lease .*state=POOLED kind=memory .*' 'lease .*state=POOLED kind=cpu .*' \
			'lease .*state=OFFERED .*' 'txn_open enclave=1 .*ask=OFFER resources=2' \
			'msg_out enclave=1 type=0x1 .*' 'msg_in enclave=1 type=0x82 .*' \
			'msg_out enclave=1 type=0x3 .*' \
			'txn_end enclave=1 .*outcome=COMMIT why=0 err=0' \
			'lease .*state=GRANTED .*' 'core_done .*order=run err=0' 'job_end .*err=0' &&
		in_order 'msg_out enclave=1 type=0x1 .*' 'bell_out enclave=1'
}

shrunk() {
	traced cokctl shrink a --cpus 1 --mem 128M &&
		in_order 'lease .*state=RECALLED .*' 'txn_open enclave=1 .*ask=RECALL resources=2' \
			'msg_out enclave=1 type=0x2 .*' 'msg_in enclave=1 type=0x84 .*' \
			'txn_end enclave=1 .*outcome=COMMIT why=0 err=0' \
			'lease .*state=POOLED .*' 'lease .*state=RETURNING .*' 'lease .*state=HOST .*' &&
		in_order 'txn_end .*' 'core_try .*order=park attempt=1' \
			'core_done .*order=park err=0' 'lease .*state=POOLED kind=cpu .*' \
			'lease .*state=HOST kind=cpu .*'
}

declined() {
	local status=0
	cokctl launch --name d --cpus 1 --mem 128M --cmdline decline || return
	traced cokctl grow d --cpus 1 || status=$?
	is $status 3 &&
		in_order 'txn_open enclave=2 .*ask=OFFER resources=1' 'msg_in enclave=2 type=0x83 .*' \
			'txn_end enclave=2 .*outcome=ABORT why=9 .*' 'lease .*state=POOLED .*' \
			'job_end .*' 'lease .*state=HOST .*'
}

# Nobody answers: the rings' own end, and all passes of a kill.
killed() {
	cokctl console a --send hang --until hang --timeout 20
	traced cokctl kill a &&
		in_order 'job_begin .*run=cok_kill_job .*enclave=1' 'halt enclave=1 phase=gate' \
			'enclave .*name=a state=STOPPING' 'halt enclave=1 phase=capture' \
			'halt enclave=1 phase=init' 'core_init .*' 'halt enclave=1 phase=park' \
			'core_try .*order=park attempt=1' 'core_done .*order=park err=0' \
			'halt enclave=1 phase=parked' 'enclave .*name=a state=STOPPED' 'job_end .*err=0'
}

destroyed() {
	traced cokctl destroy a &&
		in_order 'job_begin .*run=cok_destroy_job .*enclave=1' 'lease .*state=POOLED .*' \
			'enclave .*name=a state=DESTROYED' 'lease .*state=RETURNING .*' 'lease .*state=HOST .*'
}

lying() {
	cokctl launch --name r --cpus 1 --mem 128M --image "$(dirname "$0")/rogue.elf" || return
	echo >$tracefs/trace
	say_to r log-ahead 'now I lie' && await 10 dropped && cokctl kill r && cokctl destroy r
}

dropped() {
	events >"$work/events"
	grep -E '^cok_log_drop enclave=3 bytes=[1-9]' "$work/events"
}

# Tools filter by what an event's format says.
filtered() {
	local filter=$tracefs/events/cok/cok_lease/filter
	echo 'state == "HOST"' >"$filter" && traced cokctl destroy d || return
	is "$(grep -c '^cok_lease' "$work/events")" 2 &&
		in_order 'lease .*state=HOST kind=.*' 'lease .*state=HOST kind=.*'
}

[ -e $tracefs/trace ] || mount -t tracefs tracefs $tracefs || die 'no tracefs'
modprobe cok || die 'no module'
mark_dmesg tracing
record_host >"$work/home"
echo global >$tracefs/trace_clock
echo 1 >$tracefs/events/cok/enable || die 'no tracepoints'
ok 'launch' launched
ok 'grow' grown
ok 'shrink' shrunk
ok 'a declined offer' declined
ok 'kill' killed
ok 'destroy' destroyed
ok 'log records that are dropped' lying
ok 'filters' filtered
echo 0 >$tracefs/events/cok/enable
ok 'the module unloads' modprobe -r cok
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings tracing
finish
