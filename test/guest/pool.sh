#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The pool: filled from Linux, launched and grown from without Linux noticing,
# given back to, emptied, and home exactly. Refused arguments, vetoes, several
# cokctl at once.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"

block=$((16#$(cat /sys/devices/system/memory/block_size_bytes)))
MiB=1048576

# ---- the pool, in one line each ----------------------------------------------

# pool_has CPUS BYTES: what is free in it.
pool_has() {
	is "$(cokctl pool --json | jq -r '"\(.free.cpus) \(.free.memory)"')" "$1 $2"
}

# uses CPUS BYTES: what of it is with enclaves.
pool_lent() {
	is "$(cokctl pool --json | jq -r '"\(.used.cpus) \(.used.memory)"')" "$1 $2"
}

# The CPUs of pool or enclave, by lease state.
cpus_in() {
	cokctl ledger --json |
		jq -r --arg s "$1" '.[] | select(.kind == "cpu" and .state == $s).cpu'
}

blocks_in() {
	cokctl ledger --json |
		jq -r --arg s "$1" '.[] | select(.source == "block" and .state == $s).start'
}

# What Linux has, as sysfs tells it.
linux_has() {
	cat /sys/devices/system/cpu/online /sys/devices/system/memory/memory*/state
	awk '/^Node/ { zone = $2 $4 } /present|managed/ { print zone, $0 }' /proc/zoneinfo
}

remember_linux() {
	linux_has >"$work/linux"
}

linux_unchanged() {
	linux_has | diff "$work/linux" -
}

# ---- reserve ---------------------------------------------------------------------

reserve() {
	cokctl reserve --cpus 2 --mem 256M
	pool_has 2 $((256 * MiB)) || return
	is "$(cokctl ledger --json | jq 'map(select(.operation == 0 and .state == "pooled" and .pool)) | length')" 4
}

# By sysfs and by QEMU's monitor: Linux has lost them, the cores are parked (not
# in Linux's text, interrupts off), the memory is zero.
out_of_linux() {
	local cpu start flags
	for cpu in $(cpus_in pooled); do
		is "$(cat "/sys/devices/system/cpu/cpu$cpu/online")" 0 || return
		flags=$(hmp 'info registers -a' | awk -v n="$cpu" '
			/^CPU#/ { cpu = substr($1, 5) }
			cpu == n && match($0, /HLT=[01]/) { print substr($0, RSTART, 5) }')
		is "$flags" HLT=1 || return
	done
	for start in $(blocks_in pooled); do
		is "$(cat "/sys/devices/system/memory/memory$((start / block))/state")" offline || return
		phys_zero "$start" "$block" || return
	done
}

# The veto holds for what no enclave has, too.
cannot_be_onlined() {
	local cpu start
	for cpu in $(cpus_in pooled); do
		! echo 1 2>/dev/null >"/sys/devices/system/cpu/cpu$cpu/online" ||
			{ echo "CPU $cpu came online"; return 1; }
	done
	for start in $(blocks_in pooled); do
		! echo online 2>/dev/null >"/sys/devices/system/memory/memory$((start / block))/state" ||
			{ echo "$start came online"; return 1; }
	done
	linux_unchanged
}

pins_the_module() {
	! rmmod cok 2>"$work/rmmod" || return
	cat "$work/rmmod"
	dmesg | grep "cok: .*'cokctl release --all' before the module can be removed"
}

not_reclaimed() {
	cokctl reclaim && cokctl reclaim && pool_has 2 $((256 * MiB))
}

# ---- launch and grow from it --------------------------------------------------------

plans_from_pool() {
	cokctl launch --name p --cpus 1 --mem 128M --dry-run --json >"$work/plan" || return
	cat "$work/plan"
	jq -e '(.pool.cpus | test("^[0-9]+$")) and .pool.memory == 134217728 and
		.cpus == "" and .blocks == 0 and .contig == 0' "$work/plan"
}

plans_the_rest() {
	cokctl launch --name p --cpus 3 --mem 384M --dry-run --json >"$work/plan" || return
	cat "$work/plan"
	jq -e '.pool.memory == 268435456 and (.cpus | test("^[0-9]$")) and .blocks == 1' "$work/plan"
}

launch_from_pool() {
	cokctl launch --name p --cpus 1 --mem 128M --from pool || return
	linux_unchanged && pool_has 1 $((128 * MiB)) && pool_lent 1 $((128 * MiB)) || return
	in_image "$(cpus_in granted)"
}

grow_from_pool() {
	cokctl grow p --cpus 1 --mem 128M || return
	linux_unchanged && pool_has 0 0 && pool_lent 2 $((256 * MiB)) || return
	say_to p cpus 'core 1' && say_to p memtest 'memtest: ok'
}

# Mark the second block, so that scrubbing it can be seen.
mark_it() {
	say_to p 'mark c0de1e55feedbeef' 'mark: ' >"$work/mark" || return
	cat "$work/mark"
	marked=$(grep -o 'mark: 0x[0-9a-f]*' "$work/mark" | tail -n 1 | cut -d' ' -f2)
	is "$(phys_qword "$marked")" 0xc0de1e55feedbeef
}

shrink_to_pool() {
	cokctl shrink p --cpus 1 --mem 128M 2>"$work/said" || return
	cat "$work/said"
	grep -q 'went back to the pool' "$work/said" || return
	linux_unchanged && pool_has 1 $((128 * MiB)) || return
	out_of_linux
}

shrink_home() {
	cokctl grow p --cpus 1 --mem 128M && cokctl shrink p --cpus 1 --mem 128M --home || return
	pool_has 0 0 && pool_lent 1 $((128 * MiB)) && is "$(leases)" 2
}

destroy_to_pool() {
	cokctl destroy p 2>"$work/said" || return
	cat "$work/said"
	grep -q 'went back to the pool' "$work/said" || return
	pool_has 1 $((128 * MiB)) && out_of_linux
}

# A panic or a kill changes nothing of whose it is.
killed_goes_to_pool() {
	cokctl launch --name p --cpus 1 --mem 128M || return
	cokctl console p --send 'panic for the pool' --timeout 5
	await 10 failed_now || return
	cokctl destroy p && pool_has 1 $((128 * MiB)) && out_of_linux
}

failed_now() {
	is "$(state_of p)" failed
}

destroy_home() {
	cokctl launch --name p --cpus 1 --mem 128M || return
	cokctl destroy p --home && is "$(leases)" 0 && home
}

# What Linux gives beside it goes home, what the pool gave goes to the pool.
mixed() {
	cokctl reserve --cpus 1 || return
	cokctl launch --name p --cpus 2 --mem 128M || return
	pool_lent 1 0 || return
	cokctl destroy p && pool_has 1 0 && is "$(leases)" 1 || return
	cokctl release --all && is "$(leases)" 0 && home
}

from_linux_only() {
	cokctl reserve --cpus 1 --mem 128M || return
	cokctl launch --name p --cpus 1 --mem 128M --from linux || return
	pool_has 1 $((128 * MiB)) && cokctl destroy p && is "$(leases)" 2 || return
	cokctl release --all && home
}

by_list() {
	cokctl reserve --cpu-list 2-3 --mem 128M || return
	cokctl launch --name p --cpu-list 3 --mem 128M --from pool || return
	in_image 3 && is "$(cpus_in pooled)" 2 || return
	cokctl grow p --cpu-list 2 --from pool || return
	cokctl destroy p || return
	# The boot core is the lowest, whatever the pool has first.
	cokctl launch --name p --cpu-list 2-3 --mem 128M --from pool || return
	is "$(cokctl ledger --json | jq '.[] | select(.kind == "cpu" and .boot).cpu')" 2 || return
	cokctl destroy p && cokctl release --all && home
}

# A configuration file says it, too.
by_file() {
	cokctl reserve --cpus 1 --mem 128M || return
	echo '{"name": "p", "cpus": 1, "memory": "128M", "from": "pool"}' >"$work/p.json"
	cokctl launch "$work/p.json" && pool_has 0 0 || return
	cokctl destroy p && cokctl release --all && home
}

# ---- contiguous ranges ----------------------------------------------------------------

# Of a range in the pool, an enclave may get a part; back, the parts are one.
contiguous() {
	local n
	cokctl reserve --cpus 1 --mem 64M --mem-from contig || return
	n=$(leases) # a CPU, and as many ranges as there is room for in one piece
	cokctl launch --name p --cpus 1 --mem 16M --mem-from contig --from pool || return
	pool_has 0 $((48 * MiB)) || return
	cokctl grow p --mem 8M --mem-from contig --from pool && pool_has 0 $((40 * MiB)) || return
	cokctl shrink p --mem 4M --mem-from contig && pool_has 0 $((44 * MiB)) || return
	cokctl destroy p && pool_has 1 $((64 * MiB)) || return
	is "$(leases)" "$n" || { cokctl ledger; return 1; }
	cokctl release --mem 2M --mem-from contig && pool_has 1 $((62 * MiB)) || return
	cokctl release --all && home
}

# ---- release -------------------------------------------------------------------------------

release_some() {
	local id
	cokctl reserve --cpus 2 --mem 256M || return
	cokctl release --cpus 1 && pool_has 1 $((256 * MiB)) || return
	cokctl release --mem 128M && pool_has 1 $((128 * MiB)) || return
	id=$(cokctl pool --json | jq '.leases[] | select(.kind == "cpu").lease')
	cokctl release --lease "$id" && pool_has 0 $((128 * MiB)) || return
	cokctl release --all && pool_has 0 0 && home
}

empty_is_no_failure() {
	cokctl release --all && pool_has 0 0
}

# ---- refusals ---------------------------------------------------------------------------------

refuse_nothing() {
	refused 2 'say how much' cokctl reserve &&
		refused 2 'give --all' cokctl release &&
		refused 2 'give --all' cokctl release --all --cpus 1 &&
		refused 2 'not a list' cokctl release --lease 1,,2 &&
		refused 2 'not a list' cokctl release --lease 0 &&
		refused 2 'not in the pool|are in the pool' cokctl release --lease 4000000 &&
		refused 2 'unexpected argument' cokctl reserve a --cpus 1 &&
		refused 2 'exclude each other' cokctl reserve --cpus 1 --cpu-list 1 &&
		refused 2 'not whom' cokctl launch --name q --cpus 1 --mem 128M --from me
}

refuse_too_much() {
	refused 2 'CPU 0' cokctl reserve --cpu-list 0 &&
		refused '2|7' 'CPU' cokctl reserve --cpus 64 &&
		refused '2|7' 'memory' cokctl reserve --mem 1T &&
		refused 2 'multiple' cokctl reserve --mem 3M &&
		refused 7 'the pool lacks 1 CPU and 128M of memory' \
			cokctl launch --name q --cpus 1 --mem 128M --from pool &&
		refused 7 'the pool lacks 1 CPU;' cokctl release --cpus 1
}

# All or nothing: the CPU can be had, the memory can't.
refuse_half() {
	refused '2|7' 'memory' cokctl reserve --cpus 1 --mem 100G && home
}

# What an enclave has is not in the pool.
refuse_lent() {
	local id
	cokctl reserve --cpus 1 --mem 128M && cokctl launch --name p --cpus 1 --mem 128M || return
	id=$(cokctl ledger --json | jq '.[] | select(.kind == "cpu").lease')
	refused 2 'are in the pool' cokctl release --lease "$id" || return
	cokctl release --all && pool_lent 1 $((128 * MiB)) || return
	cokctl destroy p && cokctl release --all && home
}

# ---- several at once ------------------------------------------------------------------------------

# Each gets one CPU and one block, or is refused with nothing taken.
two_reserve() {
	local pid pids=() n=0
	for _ in 1 2; do
		cokctl reserve --cpus 1 --mem 128M >>"$work/two" 2>&1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" && n=$((n + 1))
	done
	cat "$work/two"
	[ "$n" -ge 1 ] && pool_has "$n" $((n * 128 * MiB)) && is "$(leases)" $((2 * n)) || return
	cokctl release --all && home
}

# Two want the same: one gets it.
two_launch() {
	local pid pids=() n=0 name
	cokctl reserve --cpus 1 --mem 128M || return
	for name in p q; do
		cokctl launch --name $name --cpus 1 --mem 128M --from pool >>"$work/two" 2>&1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" && n=$((n + 1))
	done
	cat "$work/two"
	is "$n" 1 && is "$(leases)" 2 || return
	cokctl destroy --all && pool_has 1 $((128 * MiB)) || return
	cokctl release --all && home
}

# What takes longer, for `pool.sh all`.
the_rest() {
	ok 'from the pool and from Linux, each to its own' mixed
	ok '--from linux leaves the pool alone' from_linux_only
	ok '--cpu-list' by_list
	ok '"from" in a configuration' by_file
	ok 'what is lent is not released' refuse_lent
	ok 'two reserve at the same time' two_reserve
}

mark_dmesg pool
modprobe cok || die 'no module'
record_host >"$work/home"

ok 'reserve two CPUs and 256 MiB' reserve
remember_linux
ok 'Linux has them no more; parked and zero' out_of_linux
ok 'Linux cannot online them' cannot_be_onlined
ok 'they pin the module, and the log says what to do' pins_the_module
ok 'reclaim leaves them' not_reclaimed
ok 'dry-run: all from the pool' plans_from_pool
ok 'dry-run: the rest from Linux' plans_the_rest
ok 'launch from the pool; Linux is not touched' launch_from_pool
ok 'grow from the pool; Linux is not touched' grow_from_pool
ok 'the enclave writes to it' mark_it
ok 'shrink gives it back to the pool, scrubbed' shrink_to_pool
ok 'shrink --home' shrink_home
ok 'destroy gives it back to the pool, scrubbed' destroy_to_pool
ok 'so does a panic' killed_goes_to_pool
ok 'destroy --home' destroy_home
ok 'contiguous ranges, in parts' contiguous
ok 'release some, then all: home exactly' release_some
ok 'release of an empty pool' empty_is_no_failure
ok 'nonsense is refused' refuse_nothing
ok 'too much is refused' refuse_too_much
ok 'half of it is refused, and undone' refuse_half
ok 'two launch from a pool for one' two_launch
[ "${1-}" != all ] || the_rest
ok 'the module unloads' modprobe -r cok
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings pool
finish
