#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Our co-kernel reacts: it moves what it can out of memory that is recalled and
# says what it can't, moves work off a core, and asks for what it lacks. What
# memory holds is looked at by QEMU's monitor.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"
M=1048576

say() {
	say_to a "$1" "$2"
}

# Its memory, by the ledger and by its own word, in bytes.
memory() {
	cokctl ledger --json | jq '[.[] | select(.kind == "memory" and .state == "granted").size] | add'
}

holds_all() {
	cokctl top a --json -n 1 | jq -e --argjson b "$(memory)" '.enclaves[0].memory_total == $b'
}

intact() {
	say hold 'KiB fixed' >/dev/null || return
	! cokctl log a | grep -E 'hold: .* [1-9][0-9]* bad'
}

# Frames in use go elsewhere; what is given back, to the pool, where nobody else
# writes to it, is zero, and holds nothing that anybody reads again.
moves_frames() {
	local start size
	say 'hold 96M' 'hold: 98304 KiB movable' &&
		deal 0 ".moved.memory == $((64 * M))" cokctl shrink a --mem 64M || return
	while read -r start size; do
		phys_zero "$start" "$size" $((2 * M)) || return
	done < <(jq -r '.results[] | select(.moved) | "\(.start) \(.agreed)"' "$work/deal")
	intact && holds_all && say drop 'drop: no movable'
}

# What it can't move stays, and it says what that is; the rest is given.
keeps_fixed() {
	local before
	cokctl grow a --mem 64M --mem-from contig && say 'hold 200M fixed' 'KiB fixed' || return
	before=$(memory)
	deal 3 '.moved.memory == 0' cokctl shrink a --mem 64M || return
	is "$(memory)" "$before" && intact && holds_all || return
	say 'drop fixed' 'drop: no fixed' &&
		deal 0 ".moved.memory == $((64 * M))" cokctl shrink a --mem 64M && holds_all
}

# A core that works is drained: its work goes on elsewhere.
moves_work() {
	cokctl grow a --cpus 1 && say 'work 2 8' 'work: ' &&
		deal 0 '.moved.cpus == 1' cokctl shrink a --cpus 1 &&
		await 40 work_done
}

work_done() {
	say work 'work: ' | grep -q 'work: 0 running, 0 waiting'
}

waiting() {
	cokctl requests a --json >"$work/requests" && jq -e "$1" "$work/requests" >/dev/null
}

# Too little memory: it asks, without being told to.
lacks_memory() {
	local number
	say 'threshold 1G 64M' 'threshold: ' && await 20 waiting 'length == 1' || return
	cat "$work/requests"
	jq -e ".[0] | .kind == \"memory\" and .memory == $((64 * M)) and .urgency == \"normal\"" \
		"$work/requests" || return
	number=$(jq '.[0].number' "$work/requests")
	say 'threshold 0 64M' 'threshold: ' || return
	# It does not need it any more, and says so.
	await 30 waiting 'length == 0' || return
	say 'threshold 1G 64M' 'threshold: ' && await 60 waiting 'length == 1' || return
	number=$(jq '.[0].number' "$work/requests")
	deal 0 ".moved.memory == $((64 * M))" cokctl grant "a:$number" --mem-from contig &&
		say 'threshold 0 64M' 'threshold: ' && holds_all && await 30 waiting 'length == 0'
}

# Work that waits for a core.
lacks_cores() {
	local number
	say 'work 3 20' 'work: ' && await 20 waiting 'any(.kind == "cpu" and .urgency == "high")' || return
	cat "$work/requests"
	number=$(jq '[.[] | select(.kind == "cpu").number][0]' "$work/requests")
	deal 0 '.moved.cpus >= 1' cokctl grant "a:$number" --best-effort ||
		{ [ "$(jq -r .outcome "$work/deal")" = partial ] && jq -e '.moved.cpus >= 1' "$work/deal"; }
}

tells_deals() {
	say deals ' in all'
	cokctl log a | grep -E 'deal: (offer|recall) .*got'
}

mark_dmesg reacts
modprobe cok || die 'no module'
record_host >"$work/home"
cokctl reserve --mem 256M --mem-from contig || die 'no pool'
cokctl launch --name a --cpus 1 --mem 256M --mem-from contig || die 'no enclave'
ok 'frames in use go elsewhere' moves_frames
ok 'frames that are fixed stay' keeps_fixed
ok 'work goes to another core' moves_work
ok 'it asks for memory' lacks_memory
ok 'it asks for cores' lacks_cores
ok 'it tells its deals' tells_deals
ok 'destroy all' destroy_all
ok 'release all' cokctl release --all
ok 'the module unloads' modprobe -r cok
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings reacts
finish
