#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# shape.sh BLOCK NODES THREADS: on a machine of this shape (MiB of a memory block,
# NUMA nodes, threads of a core) an enclave gets, uses and gives back CPUs, a block
# and contiguous memory.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"

block=$1 nodes=$2 threads=$3
bytes=$((block << 20))

block_bytes() {
	echo $((0x$(</sys/devices/system/memory/block_size_bytes)))
}

nr_nodes() {
	find /sys/devices/system/node -maxdepth 1 -name 'node[0-9]*' | wc -l
}

# Threads of the core that has the last CPU.
nr_threads() {
	local last words
	last=$(sed 's/.*[-,]//' /sys/devices/system/cpu/online)
	read -ra words < <(tr ',-' '  ' <"/sys/devices/system/cpu/cpu$last/topology/thread_siblings_list")
	echo "${#words[@]}"
}

leased_memory() {
	cokctl list --json | jq ".[] | select(.name == \"$1\").memory"
}

leased_cpus() {
	cokctl ledger --json | jq -c '[.[] | select(.apic_id != null).cpu] | sort'
}

# With two threads a core: both of one core, not one each of two.
whole_core() {
	local cpus first
	cpus=$(leased_cpus)
	first=$(jq '.[0]' <<<"$cpus")
	echo "leased: $cpus"
	is "$(jq -c '[range(.[0]; .[-1] + 1)]' <<<"$cpus")" "$cpus" &&
		is $((first % threads)) 0
}

# All that is leased is on the node.
all_on_node() {
	cokctl status --json "$2" | tee "$work/status" |
		jq -e --argjson n "$1" '[.. | objects | select(has("numa")).numa] |
			length > 1 and all(. == $n)' ||
		{ cat "$work/status"; return 1; }
}

# From the other node if told so; one that isn't there is refused.
nodes_obeyed() {
	ok "all of it is from node $((nodes - 1))" all_on_node $((nodes - 1)) s
	ok 'another, told to be on node 0' cokctl launch --name z --cpus 1 --mem 32M --mem-from contig --numa 0
	ok 'it is on node 0' all_on_node 0 z
	ok 'a node that is not there is refused' \
		refused 2 "no NUMA node $nodes" cokctl launch --name y --cpus 1 --mem 32M --numa "$nodes"
	ok 'more CPUs than a node has are refused' \
		refused 2 'no NUMA node alone has' cokctl launch --name y --cpus 5 --mem 32M --mem-from contig
	ok 'it goes home' cokctl destroy z
}

cores_run() {
	local apic
	for apic in $(cokctl ledger --json | jq '.[] | select(.apic_id != null).apic_id'); do
		await 20 in_image "$apic" || return
	done
}

modprobe cok || die 'no module'
mark_dmesg shape
ok "memory blocks have $block MiB" is "$(block_bytes)" "$bytes"
ok "there are $nodes NUMA nodes" is "$(nr_nodes)" "$nodes"
ok "a core has $threads threads" is "$(nr_threads)" "$threads"
record_host >"$work/home"
ok 'launch' cokctl launch --name s --cpus 2 --mem "${block}M"
ok 'it has a block' is "$(leased_memory s)" "$bytes"
ok 'whole cores are taken' whole_core
ok 'its cores run' cores_run
ok 'grow by a block' cokctl grow s --mem "${block}M"
ok 'grow by contiguous memory' cokctl grow s --mem 16M --mem-from contig
[ "$nodes" = 1 ] || nodes_obeyed
ok 'it has all three' is "$(leased_memory s)" $((2 * bytes + (16 << 20)))
ok 'shrink by contiguous memory' cokctl shrink s --mem 16M
ok 'shrink by a block' cokctl shrink s --mem "${block}M"
ok 'shrink by a CPU' cokctl shrink s --cpus 1
ok 'it has one of each' is "$(leased_memory s)" "$bytes"
ok 'it answers' cokctl ping s -c 1
ok 'another with contiguous memory only' cokctl launch --name t --cpus 1 --mem 32M --mem-from contig
ok 'it uses it' say_to t memtest 'memtest: ok' 60
ok 'the first is killed' cokctl kill s
ok 'all are destroyed' destroy_all
ok 'the module unloads' modprobe -r cok
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings shape
finish
