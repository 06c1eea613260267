#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sixteen enclaves at once on a larger machine, each with a core and memory of its
# own: all run, one that crashes or is killed is nobody else's matter, and all of
# it comes home.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"

count=16

each() {
	local i
	for ((i = 1; i <= count; i++)); do
		"$@" "$i" || { echo "at enclave $i"; return 1; }
	done
}

launch() {
	cokctl launch --name "m$1" --cpus 1 --mem 16M --mem-from contig
}

id_of() {
	cokctl list --json | jq --arg n "$1" '.[] | select(.name == $n).id'
}

core_of() {
	cokctl ledger --json | jq -r --argjson id "$(id_of "$1")" \
		'.[] | select(.enclave == $id and .apic_id != null).apic_id'
}

# QEMU says where that core executes.
runs() {
	local apic
	apic=$(core_of "m$1")
	[ -n "$apic" ] || { echo "m$1 has no core"; return 1; }
	await 20 in_image "$apic"
}

answers() {
	cokctl ping "m$1" -c 1
}

# The others still answer, and are those that were meant.
all_but_two() {
	is "$(cokctl list --json | jq '[.[] | select(.state == "running")] | length')" \
		$((count - 2)) || return
	for ((i = 3; i <= count; i++)); do
		answers "$i" || return
	done
}

no_shared() {
	cokctl ledger --json | jq -e --argjson n "$count" '
		([.[] | select(.kind == "cpu").cpu] | length == $n and (unique | length) == $n) and
		([.[] | select(.kind != "cpu") | {start, size}] | sort_by(.start) | . as $m |
			all(range(1; length); $m[. - 1].start + $m[. - 1].size <= $m[.].start))'
}

modprobe cok || die 'no module'
mark_dmesg many
record_host >"$work/home"
ok "$count enclaves are launched" each launch
ok 'each of them runs on a core of its own' each runs
ok 'each answers' each answers
ok 'no CPU or memory has two owners' no_shared
ok 'with no CPU left a launch is refused' \
	refused 2 'no CPU can be taken' cokctl launch --name more --cpus 1 --mem 16M --mem-from contig
ok 'the first crashes' say_to m1 panic panic
ok 'it is FAILED' cokctl wait m1 failed --timeout 30
ok 'the second is killed' cokctl kill m2
ok 'the others go on' all_but_two
ok 'all are destroyed' destroy_all
ok 'nothing is leased' is "$(leases)" 0
ok 'the module unloads' modprobe -r cok
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings many
finish
