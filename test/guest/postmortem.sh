#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What is left of a dead enclave: cokctl crash, and a core file that gdb opens.
# The names come from gdb and from readelf's reader of symbols, not from ours.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"

image=/usr/lib/cok/cokernel.elf
[ -e "$image" ] || image=/usr/local/lib/cok/cokernel.elf

launch() {
	cokctl launch --name p --cpus 2 --mem 128M
}

panic() {
	cokctl console p --send 'fault pf' --until fault --timeout 20
	cokctl wait p failed --timeout 20
}

crash_names() {
	cokctl crash p >"$work/crash" || return
	cat "$work/crash"
	grep -q 'page fault' "$work/crash" && grep -q '#0 .*+0x' "$work/crash" &&
		grep -q '#1 .* command_run+0x\|#2 .* command_run+0x\|#3 .* command_run+0x' "$work/crash" &&
		grep -q 'the last it printed' "$work/crash"
}

crash_json() {
	cokctl crash p --json >"$work/json" || return
	cat "$work/json"
	jq -e '.state == "failed" and (.cores | length) == 2 and
		([.cores[0].backtrace[].symbol] | index("command_run") != null)' "$work/json"
}

dumps() {
	cokctl dump p "$work/core" && is "$(stat -c %a "$work/core")" 600 || return
	ls -ls "$work/core"
	# Most of 128 MiB is zero, and takes no room.
	[ "$(stat -c %b "$work/core")" -lt $((32 << 11)) ]
}

# As gdb sees it: a thread for each core, and the same functions.
gdb_opens() {
	gdb -nx -batch -ex 'thread apply all bt' "$image" "$work/core" >"$work/gdb" 2>&1
	cat "$work/gdb"
	grep -q '^Thread 2' "$work/gdb" && grep -q 'command_run (' "$work/gdb" &&
		grep -q 'smp_idle (' "$work/gdb"
}

# What gdb reads of memory is what is there, says QEMU.
same_memory() {
	local va phys inside outside
	va=$(gdb -nx -batch -ex 'printf "%#lx\n", (unsigned long)&boot' "$image" | tail -n 1)
	phys=$(cokctl ledger --json |
		jq '[.[] | select(.boot and .start != null)][0].start')
	phys=$((phys + va - 0xffffffff80000000))
	inside=$(gdb -nx -batch -ex 'x/1gx &boot' "$image" "$work/core" |
		sed -n 's/.*:[[:space:]]*//p' | tail -n 1)
	outside=$(hmp "xp /1gx $(printf '%#x' "$phys")" | grep -oE '0x[0-9a-f]{16}' | tail -n 1)
	echo "gdb: $inside; QEMU: $outside at $phys"
	[ -n "$inside" ] && is "$inside" "$outside"
}

needs_death() {
	refused 7 'once it has ended' cokctl crash q &&
		refused 7 'once it has ended' cokctl dump q "$work/none" &&
		[ ! -e "$work/none" ] && is "$(/usr/lib/cok/test/peek q 0 4096)" 16 # EBUSY
}

killed_has_frames() {
	cokctl kill q && cokctl crash q >"$work/crash" || return
	cat "$work/crash"
	grep -q ' smp_idle+0x' "$work/crash"
}

overwrites_nothing() {
	echo mine >"$work/mine"
	refused 1 'cannot make the file' cokctl dump p "$work/mine" &&
		is "$(cat "$work/mine")" mine
}

# Half a dump is none: the file system is full.
full_disk() {
	mkdir -p "$work/small" && mount -t tmpfs -o size=64k none "$work/small" || return
	refused 1 'No space left' cokctl dump p "$work/small/core"
	local ret=$? left
	left=$(ls "$work/small")
	umount "$work/small"
	[ "$ret" = 0 ] && is "$left" ''
}

# peeks ANSWER START BYTES [SIZE]
peeks() {
	is "$(/usr/lib/cok/test/peek p "${@:2}")" "$1"
}

# Its own memory and no other, nor a byte beyond it: 6 is ENXIO, 22 EINVAL.
its_memory_only() {
	local start size end
	start=$(cokctl ledger --json | jq '[.[] | select(.start != null)][0].start')
	size=$(cokctl ledger --json | jq '[.[] | select(.start != null)][0].size')
	end=$((start + size))
	peeks ok "$start" 65536 && peeks ok $((end - 4096)) 4096 &&
		peeks 6 $((end - 4096)) 4097 && peeks 6 $((start - 1)) 2 &&
		peeks 6 0x1000000 4096 && peeks 6 0xfee00000 4096 &&
		peeks 6 "$end" 1 && peeks 22 "$start" 0 &&
		peeks 22 "$start" 65537 && peeks 22 0xfffffffffffff000 8192 &&
		peeks 22 "$start" 4096 23
}

# 32 is EPIPE: who has the node open sees nothing of what comes after.
nothing_after() {
	mkfifo "$work/go" || return
	/usr/lib/cok/test/peek p wait 4096 <"$work/go" >"$work/after" &
	exec 7>"$work/go"
	cokctl destroy p || return
	echo >&7
	exec 7>&-
	wait $! && is "$(cat "$work/after")" 32
}

gone_is_gone() {
	refused 6 "no enclave 'p'" cokctl crash p
}

modprobe cok || die 'no module'
mark_dmesg postmortem
record_host >"$work/home"
ok 'launch' launch
ok 'it panics' panic
ok 'crash names the functions' crash_names
ok 'crash as JSON' crash_json
ok 'dump' dumps
ok 'gdb opens it, with a backtrace of each core' gdb_opens
ok 'the memory in it is what QEMU sees' same_memory
ok 'its own memory, and no other' its_memory_only
ok 'a file that is there is not overwritten' overwrites_nothing
ok 'a dump that does not fit leaves nothing' full_disk
ok 'a second enclave' cokctl launch --name q --cpus 1 --mem 128M
ok 'a live one has no post-mortem' needs_death
ok 'one that was killed has' killed_has_frames
ok 'the device node says nothing of what was destroyed' nothing_after
ok 'a destroyed one has none' gone_is_gone
ok 'destroy all' destroy_all
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings postmortem
finish
