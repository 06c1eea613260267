#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# many-deals.sh COUNT WORKERS ROUNDS: so many enclaves, grown and shrunk at random
# from several processes at once, every second one by our co-kernel, the others by
# one that agrees to half (rogue/dealer.c). Nobody hangs, nothing has two owners,
# each co-kernel has what the ledger says, and all of it comes home.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"
dealer=$(dirname "$0")/dealer.elf
count=$1 workers=$2 rounds=$3
seed=${SEED:-$(date +%s)}
echo "# SEED=$seed"

launch() {
	local i image=()
	for ((i = 1; i <= count; i++)); do
		image=()
		[ $((i % 2)) = 1 ] || image=(--image "$dealer")
		cokctl launch --name "m$i" --cpus 1 --mem 16M --mem-from contig "${image[@]}" || return
		[ $((i % 2)) = 1 ] || say_to "m$i" half 'dealer: done: half' >/dev/null || return
	done
}

# One change; `OUTCOME VERB` on a line.
change() {
	local name=m$((RANDOM % count + 1)) verb words=(--mem $((2 * (RANDOM % 4 + 1)))M --mem-from contig) status=0
	[ $((RANDOM % 3)) != 0 ] || words=(--cpus 1)
	[ $((RANDOM % 2)) != 0 ] || words+=(--best-effort)
	verb=grow
	[ $((RANDOM % 2)) != 0 ] || verb=shrink
	timeout -s KILL 180 cokctl "$verb" "$name" "${words[@]}" --timeout 60 \
		>/dev/null 2>"$work/said-$1" || status=$?
	echo "$status $verb"
	# 2: Linux or the enclave has not so much; 7: another one is at it.
	case $status in
	0 | 2 | 3 | 7 | 8) ;;
	*)
		echo "cokctl $verb $name ${words[*]}: status $status"
		cat "$work/said-$1"
		return 1
		;;
	esac
}

worker() {
	local i
	RANDOM=$((seed + $1))
	for ((i = 0; i < rounds; i++)); do
		change "$1" || return
	done
}

all_at_once() {
	local i pid pids=() failed=0
	for ((i = 1; i <= workers; i++)); do
		worker "$i" >"$work/worker-$i" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || failed=1
	done
	sort "$work"/worker-* | uniq -c | tee "$work/outcomes"
	return $failed
}

# Enough of it was done for the test to mean something.
much_was_done() {
	cat "$work/outcomes"
	awk '$2 == 0 || $2 == 8 { n += $1 } END { exit n < '$((workers * rounds / 10))' }' "$work/outcomes"
}

no_two_owners() {
	cokctl ledger --json | jq -e '
		all(.state == "granted" and .operation == 0) and
		([.[] | select(.kind == "cpu").cpu] | length == (unique | length)) and
		([.[] | select(.kind != "cpu") | {start, size}] | sort_by(.start) | . as $m |
			all(range(1; length); $m[. - 1].start + $m[. - 1].size <= $m[.].start))'
}

cpus_offline() {
	local cpu
	for cpu in /sys/devices/system/cpu/cpu[1-9]*; do
		[ "$(cat "$cpu/online")" = 1 ] || echo "${cpu##*/cpu}"
	done | sort -n
}

linux_lacks_just_that() {
	diff <(cokctl ledger --json | jq '.[] | select(.kind == "cpu").cpu' | sort -n) <(cpus_offline)
}

# "CPUS BYTES" of an enclave by the ledger.
of_ledger() {
	cokctl ledger --json | jq -r --argjson id "$(cokctl list --json | jq --arg n "$1" \
		'.[] | select(.name == $n).id')" "[.[] | select(.enclave == \$id)] |
		\"\([.[] | select(.kind == \"cpu\")] | length) \([.[].size // 0] | add)\""
}

agrees() {
	local cpus bytes name=m$1
	read -r cpus bytes < <(of_ledger "$name")
	if [ $(($1 % 2)) = 0 ]; then
		say_to "$name" held "dealer: held $((cpus - 1)) cpus $((bytes / 1048576)) MiB"
		return
	fi
	cokctl top "$name" --json -n 1 | jq -e --argjson c "$cpus" --argjson b "$bytes" \
		'.enclaves[0] | (.cores | length == $c) and .memory_total == $b'
}

all_agree() {
	local i
	for ((i = 1; i <= count; i++)); do
		await 20 agrees "$i" >"$work/agrees" 2>&1 || { cat "$work/agrees"; echo "at m$i"; return 1; }
	done
}

all_answer() {
	local i
	for ((i = 1; i <= count; i++)); do
		cokctl ping "m$i" -c 1 || return
	done
}

modprobe cok || die 'no module'
mark_dmesg many-deals
record_host >"$work/home"
ok "$count enclaves are launched" launch
ok "$workers processes change them, $rounds times each" all_at_once
ok 'much of it was done' much_was_done
ok 'nothing has two owners, nothing is in between' no_two_owners
ok 'Linux lacks just what is leased' linux_lacks_just_that
ok 'each has what the ledger says' all_agree
ok 'each answers' all_answer
ok 'all are destroyed' destroy_all
ok 'nothing is leased' is "$(leases)" 0
ok 'the module unloads' modprobe -r cok
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings many-deals
finish
