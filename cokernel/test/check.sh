#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh DIR: boots DIR/cokernel.elf and DIR/example.elf under minihost and has
# them meet what Linux's side never or seldom does: late, early, repeated and
# lost messages, cores that come early, late or never, a host that dies. TAP.
# ONLY=REGEX: of the tests that begin with a machine of their own, those.
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
dir=$1
work=$(mktemp -d)
runs=0 failures=0
export MINIHOST_TIMEOUT=600
trap 'bye; rm -rf "$work"' EXIT

. "$here/talk.sh"
. "$here/negotiate.sh"

ok() {
	local name=$1
	shift
	[[ $name =~ ${ONLY-} ]] || return 0
	runs=$((runs + 1))
	if "$@" >"$work.log" 2>&1; then
		echo "ok $runs - $name"
	else
		failures=$((failures + 1))
		echo "not ok $runs - $name"
		sed 's/^/#   /' "$work.log"
	fi
	rm -f "$work.log"
}

# ---- tests: each begins with `boot`, or goes on where the last one was -----------

comes_up() {
	boot cokernel.elf && say '!p' && hear "$pong txid 0x1234"
}

grows() {
	say '!c 1 2' && hear 'core 1: online' 'core 2: online' &&
		say '!m 0x10000000 0x8000000' && hear 'granted 0x10000000' &&
		say memtest && hear 'memtest: ok' && say 'run 2' &&
		hear 'core 2 says: APIC id 3'
}

shrinks() {
	say '!M 0x10000000 0x8000000' && hear 'gave back 0x10000000' &&
		say '!C 2' && hear 'core 2: given back' &&
		say stats && hear 'tlb: flushes [1-9].*failed 0'
}

# A recall that is called off wakes the core up again.
aborts() {
	say '!h 1' '!C 1' && hear "$prepared" && say '!a' 'run 1' &&
		hear 'core 1 says: APIC id 2' && say '!h 0'
}

busy_core() {
	say 'spin 1 3' '!d 60' '!C 1' && hear 'spin: core 1 done' "$prepared" \
		'core 1: given back' && grow_core 1
}

busy_for_too_long() {
	say 'spin 1 600' '!d 2' '!C 1' && hear "$decline .* status 0x3" &&
		say '!p' && hear "$pong"
}

# A grow finds memory for its tables, and a recall does not take what is tested.
while_memtest() {
	boot cokernel.elf && say memtest '!m 0x10000000 0x8000000' &&
		hear "$accept" 'granted' 'memtest: ok' &&
		say memtest '!M 0x10000000 0x8000000' &&
		hear "$decline .* status 0x3|$prepared" 'memtest: ok.* 0 errors'
}

# COMMIT and ABORT of nothing, of what has ended, and types that do not exist.
noise() {
	say '!t 3 99' '!t 4 98' '!t 3 1' '!t 4 1' '!t 9 5' '!t 129 5' &&
		say stats &&
		hear 'unknown 2, stale 0, dropped 0' 'duplicate 0, unknown 1, ended 3' &&
		say '!p' && hear "$pong"
}

two_at_once() {
	boot cokernel.elf && say '!h 2' '!c 1' && hear "$accept" &&
		say '!c 1' && hear "$decline .* status 0x3" &&
		say '!m 0x18000000 0x200000' && hear "$accept" && say '!y' &&
		hear 'granted 0x18000000'
}

# The COMMIT comes after the core.
early_core() {
	boot cokernel.elf && say '!h 1' '!c 1' && hear "$accept" &&
		say '!S' && hear 'core 1: online' && say '!t 3 1' cpus &&
		hear 'core 1: APIC id 2, online'
}

late_core() {
	boot cokernel.elf && say '!h 2' '!c 1' && hear "$accept" &&
		say '!y' '!C 1' && hear "$decline .* status 0x3" &&
		hear 'core 1: granted, but not here' && say cpus &&
		hear 'core 1: .*missing' && say '!t 3 1' '!c 2' &&
		hear "$accept" && say '!y' && hear 'core 2: granted, but not here'
}

missing_core() {
	say '!C 2' && hear "$prepared" && say '!a' cpus &&
		hear 'core 2: .*missing' && say '!C 2' && hear "$prepared" &&
		say '!y' && hear 'core 2: given back'
}

comes_after_all() {
	boot cokernel.elf && say '!h 2' '!c 1' && hear "$accept" && say '!y' &&
		hear 'core 1: granted, but not here' && say '!S' &&
		hear 'core 1: online' && say 'run 1' && hear 'core 1 says'
}

all_halted() {
	ask '!D' 'core 0x0 state 0x4' 'core 0x1 state 0x4'
}

host_nmi() {
	boot cokernel.elf && grow_core 1 && say '!n 1' &&
		hear 'ck_state 0x5 .*an NMI that nobody announced' && all_halted
}

# Core 0 hangs with interrupts off: another one notices, and halts it, too.
host_silent() {
	boot cokernel.elf hostwatch=3 && grow_core 1 && say hang '!b 0' &&
		hear 'ck_state 0x5 .*no heartbeat' && all_halted
}

probe() {
	boot cokernel.elf && grow_core 1 && say '!P 77' '!n 0' '!n 1' &&
		ask '!D' 'core 0x0 state 0x4 .*regs.seq 0x4d vector 0x2' \
			'core 0x1 state 0x4 .*regs.seq 0x4d vector 0x2'
}

stops() {
	boot cokernel.elf && grow_core 1 && say '!s' &&
		hear "$stopped" 'ck_state 0x3' && all_halted
}

secondary_panics() {
	boot cokernel.elf && grow_core 1 && say 'fault stack 1' &&
		hear 'panic on core 1: stack overflow' 'ck_state 0x4 ' &&
		all_halted
}

# Not corrected, but nothing that its code depends on: it goes on, twice.
machine_check_elsewhere() {
	boot cokernel.elf && monitor mce 1 4 0xb100000000000000 5 0 0 &&
		ask stats 'core 0: .*mces 1' &&
		monitor mce 1 5 0xb180000000000000 5 0 0 &&
		ask stats 'core 0: .*mces 2'
}

machine_check_here() {
	from=0
	monitor mce 1 3 0xb180000000000000 7 0 0 &&
		hear 'panic: machine check, bank 3 status 0xb180'
}

example() {
	boot example.elf && hear 'example: hello' && say '!p' && hear "$pong" &&
		say '!c 1 2' && hear "$decline .* status 0x6" &&
		say '!t 4 1' && hear "$done_ txid 0x1 " &&
		say '!t 7 1' && hear "$decline txid 0x1 " &&
		say '!e 9' '!p' '!e 1' '!s' && hear "$stopped" 'ck_state 0x3' &&
		[ "$(count "$pong")" = 0 ]
}

ok 'comes up, answers' comes_up
ok 'grows' grows
ok 'shrinks' shrinks
ok 'a recall called off' aborts
ok 'a job is finished before its core leaves' busy_core
ok 'a core that is busy for too long stays' busy_for_too_long
ok 'grow and shrink during memtest' while_memtest
ok 'stale, repeated and unknown messages are counted' noise
ok 'two transactions at once' two_at_once
ok 'a core comes before its COMMIT' early_core
ok 'cores that do not come are missing' late_core
ok 'a missing core is given back' missing_core
ok 'a missing core comes after all' comes_after_all
ok 'the host crashes, with an NMI' host_nmi
ok 'the host crashes, without one, and core 0 hangs' host_silent
ok 'a probe for registers' probe
ok 'stops with all cores' stops
ok 'a further core overflows its stack' secondary_panics
ok 'machine checks that it survives' machine_check_elsewhere
ok 'a machine check that it does not' machine_check_here
ok 'the example' example
check_negotiation
echo "1..$runs"
[ "$failures" = 0 ] && [ "$runs" != 0 ]
