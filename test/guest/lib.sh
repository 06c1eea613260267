# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# For the tests that run in the VM: TAP, the host's record, and looks from
# outside (QEMU's monitor), so that no program is believed about itself.

tests_run=0 tests_failed=0
work=$(mktemp -d)

# Deadlines are multiplied by this: the debug kernel (it has kmemleak) is slow.
slow=1
[ ! -e /sys/kernel/debug/kmemleak ] || slow=6

# ---- TAP ----------------------------------------------------------------------

# ok NAME COMMAND...: one test; what it prints is shown if it fails.
ok() {
	local name=$1
	shift
	tests_run=$((tests_run + 1))
	if "$@" >"$work/output" 2>&1; then
		echo "ok $tests_run - $name"
	else
		tests_failed=$((tests_failed + 1))
		echo "not ok $tests_run - $name"
		sed 's/^/#   /' "$work/output"
	fi
}

finish() {
	echo "1..$tests_run"
	rm -rf "$work"
	[ "$tests_failed" = 0 ]
}

die() {
	echo "Bail out! $*"
	exit 1
}

# refused STATUS WORDS COMMAND...: fails with this exit status (or one of several:
# 4|7) and a sentence with these words (an extended regular expression), and leaves no lease.
refused() {
	local want=$1 words=$2 before after status=0
	shift 2
	before=$(cokctl ledger --json) || return
	"$@" >"$work/refused" 2>&1 || status=$?
	after=$(cokctl ledger --json) || return
	cat "$work/refused"
	[[ "|$want|" = *"|$status|"* ]] || { echo "exit status $status, not $want"; return 1; }
	grep -Eq "$words" "$work/refused" || { echo "does not say '$words'"; return 1; }
	[ "$before" = "$after" ] || { echo "ledger changed: $before -> $after"; return 1; }
}

is() {
	[ "$1" = "$2" ] || { echo "'$1', not '$2'"; return 1; }
}

# await SECONDS COMMAND...: until it succeeds.
await() {
	local end=$((SECONDS + $1 * slow))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return
		sleep 0.1
	done
}

# ---- the host's record: "home exactly" -------------------------------------------

low_page_sum() {
	hmp 'xp /8192xg 0x1000' | md5sum
}

# Affinities of all tasks, but not of the test's own session, nor of kernel
# threads whose affinity is the kernel's own business (PF_NO_SETAFFINITY: per-CPU
# threads, workers and their rescuers, which move while they work), nor of
# interrupt threads, which follow where Linux delivers the interrupt (what it may
# choose from is smp_affinity, recorded with the host).
record_tasks() {
	local dir name stat own
	stat=$(<"/proc/$$/stat")
	own=$(session_of "$stat")
	for dir in /proc/[0-9]*; do
		read -r name 2>/dev/null <"$dir/comm" || continue
		[[ $name != irq/* ]] || continue
		stat=$(cat "$dir/stat" 2>/dev/null) || continue
		[ "$(session_of "$stat")" != "$own" ] || continue
		[ $(($(flags_of "$stat") & 0x04000000)) = 0 ] || continue
		echo "task ${dir#/proc/} $name $(sed -n 's/^Cpus_allowed:\t//p' "$dir/status" 2>/dev/null)"
	done
}

# Fields of /proc/PID/stat, behind the name in parentheses.
session_of() {
	# shellcheck disable=SC2086  # fields
	set -- ${1##*) }
	echo "$4"
}

flags_of() {
	# shellcheck disable=SC2086  # fields
	set -- ${1##*) }
	echo "$7"
}

# All that a lease could leave changed, one fact a line.
record_host() {
	local f
	echo "online $(cat /sys/devices/system/cpu/online)"
	for f in /sys/devices/system/memory/memory*/{state,valid_zones}; do
		echo "$f $(cat "$f")"
	done
	awk '/^Node/ { zone = $2 $4 } /present|managed/ { print "zone", zone, $0 }' /proc/zoneinfo
	for f in /proc/irq/*/smp_affinity; do
		echo "$f $(cat "$f")"
	done
	record_tasks
	[ ! -e /sys/fs/cgroup/cpuset.cpus.effective ] ||
		echo "cpuset $(cat /sys/fs/cgroup/cpuset.cpus.effective)"
	for f in /sys/kernel/mm/hugepages/*/nr_hugepages; do
		echo "$f $(cat "$f")"
	done
	echo "clocksource $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
	echo "low pages $(low_page_sum)"
	echo "iomem $(md5sum </proc/iomem)"
}

# home: the host is as record_host found it in $work/home.
home() {
	record_host >"$work/now"
	diff "$work/home" "$work/now"
}

# What the kernel complained of since `mark_dmesg`; nothing is good.
mark_dmesg() {
	echo "cok-test-mark-$1" >/dev/kmsg
}

no_new_warnings() {
	! dmesg | sed -n "/cok-test-mark-$1/,\$p" |
		grep -E 'WARNING|BUG|Oops|Call Trace|blocked for more|general protection|Unable to handle'
}

# ---- looks from outside ----------------------------------------------------------------

# rip_of APIC-ID: where that core executes, by QEMU's monitor (CPU n has APIC
# id n on the test VM's topology).
rip_of() {
	hmp 'info registers -a' | awk -v n="$1" '
		/^CPU#/ { cpu = substr($1, 5) }
		cpu == n && match($0, /RIP=[0-9a-f]+/) { print substr($0, RSTART + 4, RLENGTH - 4) }'
}

# The image's addresses are the top 2 GiB, and Linux's modules and text too:
# the co-kernel's text starts at the very bottom of them.
in_image() {
	local rip
	rip=$(rip_of "$1")
	echo "core $1 executes at $rip"
	[[ $rip =~ ^ffffffff800[0-9a-f]{5}$ ]]
}

# phys_qword ADDR: one 64-bit word of physical memory.
phys_qword() {
	hmp "xp /1xg $1" | awk '{ print $2; exit }'
}

# phys_zero ADDR BYTES: samples of that range (each MiB's first page) are zero.
phys_zero() {
	local at=$(($1)) end=$(($1 + $2))
	while [ "$at" -lt "$end" ]; do
		if hmp "xp /512xg $(printf 0x%x "$at")" | cut -d: -f2 | grep -q '0x0*[1-9a-f]'; then
			printf 'not zero at 0x%x\n' "$at"
			return 1
		fi
		at=$((at + ${3:-16777216}))
	done
}

# ---- cokctl, for tests ---------------------------------------------------------------------

# deal STATUS FACT COMMAND...: ends with this status, and FACT (jq) holds of the
# JSON that it prints.
deal() {
	local want=$1 fact=$2 status=0
	shift 2
	"$@" --json >"$work/deal" 2>"$work/deal-said" || status=$?
	cat "$work/deal" "$work/deal-said"
	is "$status" "$want" && jq -e "$fact" "$work/deal" >/dev/null
}

# state_of NAME
state_of() {
	cokctl list --json | jq -r --arg n "$1" '.[] | select(.name == $n).state'
}

# say NAME COMMAND UNTIL: type at its console until it answers so.
say_to() {
	cokctl console "$1" --send "$2" --until "$3" --timeout "${4:-30}"
}

leases() {
	cokctl ledger --json | jq length
}

destroy_all() {
	cokctl destroy --all
}
