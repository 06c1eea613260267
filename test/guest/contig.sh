#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Contiguous memory, alone and beside blocks in one enclave: refusals, a look
# from outside, return in parts, cokctl killed in the middle, and home: every
# page that was leased is Linux's again.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")
nonce=c0de1e55feedbeef
mib=1048576
sysfs=/sys/devices/system/memory
block=$((16#$(<$sysfs/block_size_bytes)))

# ---- the page frames, as Linux sees them -------------------------------------------

# silent START BYTES: how many of its pages are neither free nor say what they
# are used for. That is so of each page that was leased, and of few others.
silent() {
	dd if=/proc/kpageflags bs=4096 skip=$(($1 / (2 * mib))) \
		count=$(($2 / (2 * mib))) status=none |
		od -An -v -t x8 -w8 | grep -c '^ *0*$'
}

all_leased() {
	is "$(silent "$1" "$2")" $(($2 / 4096))
}

# Free pages that a CPU keeps at hand are silent, too. Before it isolates
# anything, offlining takes those away from the CPUs; this block refuses then.
drain() {
	if echo offline >$sysfs/memory39/state; then
		echo online_kernel >$sysfs/memory39/state
	fi 2>"$work/drain"
}

# A unit that was forgotten would be 512 of them.
is_linuxs() {
	local n
	drain
	n=$(silent "$1" "$2")
	echo "$n silent pages of $(($2 / 4096)) at $1"
	[ "$n" -lt 256 ]
}

# ---- leases ------------------------------------------------------------------------

# ranges SOURCE: "START SIZE" of each lease.
ranges() {
	cokctl ledger --json | jq -r --arg s "$1" \
		'.[] | select(.source == $s) | "\(.start) \(.size)"'
}

# sum SOURCE: MiB leased.
sum() {
	ranges "$1" | awk '{ n += $2 } END { print n / 1048576 }'
}

# has CONTIG BLOCKS: MiB of each, and that Linux has none of it.
has() {
	local start size
	cokctl ledger
	is "$(sum contig)" "$1" && is "$(sum block)" "$2" || return
	ranges contig >"$work/ranges"
	while read -r start size; do
		all_leased "$start" "$size" || return
	done <"$work/ranges"
}

# ---- refusals ----------------------------------------------------------------------

launch() {
	cokctl launch --name r --cpus 1 "$@"
}

# module_refuses ERRNO WORDS START SIZE: whatever cokctl would choose.
module_refuses() {
	local said before after
	before=$(cokctl ledger --json)
	said=$("$here/contig" "$3" "$4") || return
	after=$(cokctl ledger --json)
	echo "$said"
	[[ $said =~ ^$1\ .*$2 ]] && is "$after" "$before"
}

# A block of ZONE_MOVABLE: nothing may be nailed down there.
movable() {
	local dir status=1 nr
	for nr in 36 35 34 33; do
		dir=$sysfs/memory$nr
		echo offline >"$dir/state" && break
	done 2>"$work/movable"
	if echo online_movable >"$dir/state"; then
		module_refuses 19 ZONE_MOVABLE $((nr * block + 16 * mib)) $((2 * mib))
		status=$?
	fi
	echo offline >"$dir/state" && echo online_kernel >"$dir/state" && return "$status"
}

refusals() {
	local code
	ok 'less than a unit' refused 2 'use 2M or 4M' launch --mem 3M
	ok 'no whole block' refused 2 'use 128M or 256M' \
		launch --mem 200M --mem-from blocks
	ok 'more than there is' refused 2 'only' launch --mem 64G --mem-from contig
	ok 'from nowhere' refused 2 'use auto, blocks or contig' \
		launch --mem 64M --mem-from cma
	code=0x$(awk -F'[- ]+' '/Kernel code/ { print $2 }' /proc/iomem)
	code=$((code & -2 * mib))
	ok 'misaligned' module_refuses 22 'in units of 2 MiB' 0x130001000 $((2 * mib))
	ok 'a part of a unit' module_refuses 22 'in units of 2 MiB' 0x130000000 $((3 * mib))
	ok 'nothing' module_refuses 22 'in units of 2 MiB' 0x130000000 0
	ok 'too large' module_refuses 22 'too much' 0x130000000 $((34 * mib))
	ok 'wrapping' module_refuses 22 'below' 0xffffffffffe00000 $((2 * mib))
	ok 'below 16 MiB' module_refuses 22 'below' $((14 * mib)) $((2 * mib))
	ok 'a hole' module_refuses 19 'no online memory' 0xd0000000 $((2 * mib))
	ok "Linux's own text" module_refuses 16 'reserved' "$code" $((2 * mib))
	ok 'ZONE_MOVABLE' movable
}

# ---- an enclave --------------------------------------------------------------------

overlapping() {
	local start size
	read -r start size < <(ranges contig)
	echo "$size at $start"
	module_refuses 17 overlaps "$start" $((2 * mib))
}

# Linux does not offline a block that has leased pages in it.
stays_online() {
	local start size dir
	read -r start size < <(ranges contig)
	echo "$size at $start"
	dir=$sysfs/memory$((start / block))
	! echo offline >"$dir/state" || return
	is "$(<"$dir/state")" online
}

memtest() {
	say_to a memtest 'memtest: ok' 60 && await 10 ok_bytes "$1"
}

# It can't use what its image and tables are in, and leaves a MiB of each range it
# booted with: four MiB, at most.
ok_bytes() {
	local bytes
	bytes=$(cokctl log a | sed -n 's/.*memtest: ok, \([0-9]*\) bytes.*/\1/p' | tail -n 1)
	echo "tested ${bytes:=0} bytes"
	[ "$bytes" -gt $((($1 - 4) * mib)) ] && [ "$bytes" -le $(($1 * mib)) ]
}

marked() {
	cokctl log a | sed -n 's/.*mark: \(0x[0-9a-f]*\).*/\1/p'
}

# mark leaves the nonce in one page of each range; QEMU sees them.
seen_outside() {
	local page
	say_to a "mark $nonce" 'mark: 0x' && await 10 marks || return
	while read -r page; do
		is "$(phys_qword "$page")" "0x$nonce" || return
	done < <(marked)
}

marks() {
	is "$(marked | wc -l)" "$(ranges contig | cat - <(ranges block) | wc -l)"
}

# home_after COMMAND...: what the ledger loses by it is Linux's, and zero.
home_after() {
	local start size
	ranges contig >"$work/before"
	"$@" || return
	ranges contig >"$work/after"
	# By units, for a range may have become smaller.
	{ units "$work/after" && echo none; } >"$work/after.units"
	units "$work/before" | grep -vxFf "$work/after.units" >"$work/gone"
	wc -l <"$work/gone"
	[ -s "$work/gone" ] || return
	zeroed "$work/gone" || return
	while read -r start; do
		is_linuxs "$start" $((2 * mib)) || return
	done <"$work/gone"
}

units() {
	local start size at
	while read -r start size; do
		for ((at = start; at < start + size; at += 2 * mib)); do
			echo "$at"
		done
	done <"$1"
}

# The pages that were marked, if they are among these units.
zeroed() {
	local page
	while read -r page; do
		grep -qx $((page & -2 * mib)) "$1" || continue
		is "$(phys_qword "$page")" 0x0000000000000000 || return
	done < <(marked)
}

enclave() {
	ok 'launch with 64 MiB, contiguous' \
		cokctl launch --name a --cpus 1 --mem 64M --mem-from contig
	ok 'it has that, and Linux has not' has 64 0
	ok 'overlapping' overlapping
	ok 'a block with leased pages in it stays online' stays_online
	ok 'grow by 128 MiB and 8 MiB, of both kinds' cokctl grow a --mem 136M
	ok 'it has both' has 72 128
	ok 'it uses all of it' memtest 200
	ok 'QEMU sees its pattern in each range' seen_outside
	ok 'shrink by 6 MiB, contiguous' \
		home_after cokctl shrink a --mem 6M --mem-from contig
	ok 'it has the rest' has 66 128
	ok 'shrink by a block' cokctl shrink a --mem 128M
	ok 'it has the contiguous rest' has 66 0
	ok 'shrink by 34 MiB, of several ranges' home_after cokctl shrink a --mem 34M
	ok 'it has 32 MiB' has 32 0
	ok 'the image stays' refused 2 'the memory holding the image stays' \
		cokctl shrink a --mem 32M
	ok 'it uses all of it' memtest 32
	ok 'grow again' cokctl grow a --mem 32M --mem-from contig
	ok 'destroy it; all its memory is Linux again' home_after cokctl destroy a
	ok 'no lease is left' is "$(leases)" 0
}

# ---- cokctl killed -------------------------------------------------------------------

# killed N: a launch with 96 MiB in three steps, killed behind its N-th request.
killed() {
	rm -f "$work/mark"
	{
		env DIE_AT="after sendto $1" DIE_MARK="$work/mark" \
			LD_PRELOAD="$here/die-at.so" \
			cokctl launch --name k --cpus 1 --mem 96M --mem-from contig
	} >"$work/killed" 2>&1
	[ -e "$work/mark" ]
}

# The job that was in flight may end before or after the ranges are listed.
reclaimed() {
	local start size
	killed "$1" || return
	ranges contig >"$work/before"
	cokctl reclaim || return
	is "$(cokctl ledger --json)" '[]' && is "$(cokctl list --json)" '[]' || return
	while read -r start size; do
		is_linuxs "$start" "$size" || return
	done <"$work/before"
}

mark_dmesg contig
record_host >"$work/home"
modprobe cok || die 'no module'
refusals
enclave
for n in 2 3 4 6; do
	ok "cokctl is killed after request $n; all comes home" reclaimed "$n"
done
ok 'the module unloads' modprobe -r cok
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings contig
finish
