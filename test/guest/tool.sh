#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cokctl as a process among others: signals, events that are lost, the module
# unloaded under a listener, two at once, a launcher that dies.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"

# A launch that waits for a READY which never comes.
waiting_launch() {
	cokctl launch --name w --cpus 1 --mem 128M --cmdline noready \
		--timeout 300 >"$work/waiting" 2>&1 &
	waiting=$!
	await 60 is_booting
}

is_booting() {
	[ "$(state_of w)" = booting ]
}

nothing_left() {
	is "$(leases)" 0 && is "$(cokctl list --json | jq length)" 0
}

# ends STATUS PID: and with that status.
ends() {
	local status=0
	wait "$2" || status=$?
	is "$status" "$1"
}

# signalled SIGNAL: undoes the launch, and says so by its status.
signalled() {
	waiting_launch || return
	kill "-$1" "$waiting"
	ends 130 "$waiting" || { cat "$work/waiting"; return 1; }
	nothing_left
}

hangup_ignored() {
	local status
	trap '' HUP # as nohup(1) does; the child has it so
	waiting_launch
	status=$?
	trap - HUP
	[ "$status" = 0 ] || return
	kill -HUP "$waiting"
	cokctl ping w -c 1 2>/dev/null # time passes
	is_booting || return
	kill -TERM "$waiting"
	ends 130 "$waiting" && nothing_left
}

# Twice: at once, and the next one undoes it.
signalled_twice() {
	waiting_launch || return
	kill -STOP "$waiting"
	kill -TERM "$waiting"
	kill -INT "$waiting"
	kill -CONT "$waiting"
	ends 130 "$waiting" || return
	cokctl list 2>"$work/recovered" || return
	cat "$work/recovered"
	nothing_left
}

# Killed by somebody before it was ready, then its launcher dies.
killed_twice() {
	waiting_launch || return
	kill -STOP "$waiting"
	cokctl kill w || return
	kill -KILL "$waiting"
	wait "$waiting"
	cokctl list 2>"$work/recovered" || return
	cat "$work/recovered"
	grep -q "undid the unfinished launch of 'w'" "$work/recovered" && nothing_left
}

two_at_once() {
	local one status=0
	cokctl launch --name a --cpus 1 --mem 128M &
	one=$!
	cokctl launch --name b --cpus 1 --mem 128M || status=1
	wait "$one" || status=1
	is "$(leases)" 4 || status=1
	cokctl destroy --all && return $status
}

listen() {
	cokctl events >"$work/events" 2>"$work/lost" &
	listener=$!
	# Its socket is there once it hears of another's operation.
	await 30 heard
}

heard() {
	cokctl destroy nosuch 2>/dev/null
	cokctl launch --name q --cpus 1 --mem 128M >/dev/null && cokctl destroy q || return
	grep -q 'enclave q is running' "$work/events"
}

# It sleeps while more happens than its socket holds, which is little.
events_lost() {
	local status=0 room
	room=$(</proc/sys/net/core/rmem_max)
	echo 4608 >/proc/sys/net/core/rmem_max
	listen || status=1
	echo "$room" >/proc/sys/net/core/rmem_max
	kill -STOP "$listener"
	cokctl launch --name x --cpus 1 --mem 128M && cokctl destroy x &&
		cokctl launch --name y --cpus 1 --mem 128M || status=1
	kill -CONT "$listener"
	await 20 grep -q 'events were lost' "$work/lost" &&
		await 20 grep -q 'enclave y is running' "$work/events" &&
		await 20 grep -Eq 'lease [0-9]+ memory .* is granted' "$work/events" ||
		status=1
	kill -TERM "$listener"
	ends 130 "$listener" || status=1
	cat "$work/lost" "$work/events"
	cokctl destroy y && return $status
}

unloaded() {
	listen || return
	modprobe -r cok || return
	ends 1 "$listener" || return
	cat "$work/lost"
	grep -q 'the module was unloaded' "$work/lost"
}

# An escape in what is quoted must not reach the terminal.
quoted() {
	cokctl launch --name $'\e[2Jx' --cpus 1 --mem 128M 2>"$work/quoted"
	is "$?" 2 || return
	cat -v "$work/quoted"
	! grep -q $'\e' "$work/quoted" && grep -qF '\x1b[2Jx' "$work/quoted"
}

modprobe cok || die 'no module'
mark_dmesg tool
record_host >"$work/home"
ok 'SIGINT undoes a launch' signalled INT
ok 'SIGTERM undoes a launch' signalled TERM
ok 'SIGHUP undoes a launch' signalled HUP
ok 'but not under nohup' hangup_ignored
ok 'a second signal leaves it to the next' signalled_twice
ok 'a launch that is killed, and its launcher too' killed_twice
ok 'two launches at once' two_at_once
ok 'events that were lost' events_lost
ok 'the module unloaded under a listener' unloaded
ok 'control characters in arguments' quoted
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings tool
finish
