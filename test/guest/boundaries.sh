#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who may do what, and what Linux may not do while something is leased.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"

as_user() {
	su -s /bin/sh user -c "$(printf '%q ' "$@")"
}

lease_of() {
	cokctl ledger --json | jq -r "[.[] | select(.kind == \"$1\")][0].$2"
}

# ---- vetoes ----------------------------------------------------------------------

cpu_veto() {
	local cpu
	cpu=$(lease_of cpu cpu)
	if echo 1 >"/sys/devices/system/cpu/cpu$cpu/online"; then
		echo "CPU $cpu came online"
		return 1
	fi
	is "$(cat "/sys/devices/system/cpu/cpu$cpu/online")" 0 && cokctl ping a -c 1
}

block_veto() {
	local state block
	block=$(($(lease_of memory start) / 134217728))
	state=/sys/devices/system/memory/memory$block/state
	for word in online online_kernel online_movable; do
		if echo $word >"$state"; then
			echo "block $block came online"
			return 1
		fi
	done
	is "$(cat "$state")" offline && cokctl ping a -c 1
}

no_unload() {
	! rmmod cok && cokctl ping a -c 1
}

no_suspend() {
	! echo freeze >/sys/power/state && cokctl ping a -c 1
}

# Doorbells reach the host after the CPU they pointed at went offline.
doorbell_moves() {
	local cpu target
	target=$(awk '/cok-a$/ { for (i = 2; i <= NF; i++) if ($i > 0 && $i ~ /^[0-9]+$/) print i - 2 }' /proc/interrupts | head -n 1)
	echo "doorbell on CPU $target"
	for cpu in 1 2; do
		[ "$(cat /sys/devices/system/cpu/cpu$cpu/online)" = 1 ] || continue
		echo 0 >/sys/devices/system/cpu/cpu$cpu/online || return
		cokctl ping a -c 3 || return
		echo 1 >/sys/devices/system/cpu/cpu$cpu/online || return
		cokctl ping a -c 3 || return
	done
}

# ---- privileges ------------------------------------------------------------------------

denied() {
	local status=0
	as_user cokctl "$@" >"$work/denied" 2>&1 || status=$?
	cat "$work/denied"
	is $status 5
}

user_may_not() {
	local words
	for words in list status ledger 'kill a' 'destroy a' 'grow a --cpus 1' \
		'launch --name u --cpus 1 --mem 128M' reclaim 'events'; do
		# shellcheck disable=SC2086  # words are meant to be split
		denied $words || { echo "in: $words"; return 1; }
	done
	is "$(state_of a)" running
}

user_may_not_open() {
	! as_user cat /dev/cok/a && denied log a
}

owner_may() {
	cokctl launch --name u --cpus 1 --mem 128M --owner user || return
	is "$(stat -c '%u %a' /dev/cok/u)" '1000 600' || return
	as_user cokctl log u | grep -q cokernel || return
	as_user cokctl ping u -c 2 || return
	as_user cokctl console u --send cpus --until online || return
	denied kill u || return
	cokctl destroy u && [ ! -e /dev/cok/u ]
}

# ---- two at once -------------------------------------------------------------------------

two_at_once() {
	local one two first=0 second=0
	cokctl grow a --mem 128M >"$work/one" 2>&1 &
	one=$!
	cokctl grow a --mem 128M >"$work/two" 2>&1 &
	two=$!
	wait $one || first=$?
	wait $two || second=$?
	cat "$work/one" "$work/two"
	echo "exit statuses $first and $second"
	# One wins; the other wins too, or is told that somebody is at it.
	[ $first = 0 ] || [ $second = 0 ] || return
	[ $first = 0 ] || [ $first = 7 ] || return
	[ $second = 0 ] || [ $second = 7 ] || return
	is "$(cokctl ledger --json | jq '[.[] | select(.state != "granted")] | length')" 0 &&
		cokctl ping a -c 1
}

# ---- what tools promise ---------------------------------------------------------------------

example_runs() {
	cokctl launch --name e --cpus 1 --mem 128M --image /usr/lib/cok/example.elf &&
		cokctl log e && cokctl ping e -c 2 && cokctl stop e && cokctl destroy e
}

from_config() {
	local file=$work/launch.json
	echo '{"name": "j", "cpus": 1, "memory": "128M", "cmdline": "run=mem"}' >"$file"
	cokctl launch "$file" && cokctl log j | grep -q 'run=mem' && cokctl destroy j
}

events_tell() {
	local pid
	cokctl events --json >"$work/events" &
	pid=$!
	await 10 grep -qs . /proc/$pid/net/netlink
	sleep 0.5
	cokctl launch --name v --cpus 1 --mem 128M && cokctl destroy v
	await 10 grep -qi destroyed "$work/events"
	local status=$?
	kill $pid
	wait $pid 2>/dev/null
	cat "$work/events"
	grep -qi running "$work/events" && return $status
}

log_follows() {
	local pid
	cokctl log a -f >"$work/follow" &
	pid=$!
	cokctl console a --send mem --until 'total' >/dev/null
	await 10 grep -q 'total' "$work/follow"
	local status=$?
	kill $pid
	wait $pid 2>/dev/null
	return $status
}

json_reads() {
	local words
	for words in list 'status a' ledger doctor version; do
		# shellcheck disable=SC2086
		cokctl $words --json | jq -e . >/dev/null || { echo "in: $words"; return 1; }
	done
}

# As far as CPUID shows a way to ask for a frequency (QEMU's emulation: none).
frequency_requests() {
	local seen
	seen=$(cokctl status a --json | jq -c '[.cores[].frequency_request]') || return
	echo "$seen"
	if grep -qwE 'est|hwp|cppc|hw_pstate' /proc/cpuinfo; then
		jq -e 'all(. == null or (.register != "?" and .text != "none"))' <<<"$seen"
	else
		is "$seen" '[null]' && cokctl status a | grep -q 'core 0:.*, frequency request none,'
	fi
}

dry_run() {
	local before after
	before=$(cokctl ledger --json)
	cokctl launch --name d --cpus 1 --mem 128M --dry-run || return
	after=$(cokctl ledger --json)
	is "$before" "$after" && [ ! -e /dev/cok/d ]
}

selftest() {
	cokctl selftest
}

mark_dmesg boundaries
ok 'cokctl loads the module by itself' cokctl list
record_host >"$work/home"
cokctl launch --name a --cpus 1 --mem 128M || die 'no enclave'
ok 'a leased CPU is not onlined by hand' cpu_veto
ok 'a leased block is not onlined by hand' block_veto
ok 'the module stays while anything is leased' no_unload
ok 'suspend is refused' no_suspend
ok 'doorbells follow CPUs that go offline' doorbell_moves
ok 'a user without privileges may do nothing' user_may_not
ok 'a device node is closed to others' user_may_not_open
ok 'the owner of an enclave may use it, not change it' owner_may
ok 'two cokctl at once' two_at_once
ok 'the example image runs' example_runs
ok 'launch from a configuration' from_config
ok 'events' events_tell
ok 'log -f' log_follows
ok 'JSON' json_reads
ok 'status tells the frequency request' frequency_requests
ok 'dry run takes nothing' dry_run
ok 'selftest says go' selftest
ok 'destroy all' destroy_all
ok 'the module unloads' modprobe -r cok
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings boundaries
finish
