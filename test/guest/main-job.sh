#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The main job, as `make demo` shows it: a transcript in which every step is
# checked, from outside where it matters. Ends with status 0 only if all held.
set -euo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"

nonce=c0de1e55feedbeef
failed=0

title() {
	printf '\n== %s\n' "$*"
}

# What a person would type.
shell() {
	printf '$ %s\n' "$*"
	"$@"
}

# check "fact" COMMAND...: a fact that must hold.
check() {
	local fact=$1
	shift
	if "$@" >"$work/check" 2>&1; then
		printf '  [ok] %s\n' "$fact"
	else
		printf '  [FAILED] %s\n' "$fact"
		sed 's/^/    /' "$work/check"
		failed=1
	fi
}

type_at() {
	printf '%s> %s\n' "$1" "$2"
	cokctl console "$1" --send "$2" --until "$3" --timeout 60
}

# Addresses that `mark` named.
marked_pages() {
	cokctl log a | sed -n 's/.*mark: \(0x[0-9a-f]*\).*/\1/p'
}

marked() {
	is "$(marked_pages | wc -l)" "$1"
}

nonce_at() {
	is "$(phys_qword "$1")" "0x$nonce"
}

zero_at() {
	is "$(phys_qword "$1")" 0x0000000000000000
}

not_home() {
	! home >/dev/null
}

unharmed() {
	cokctl ping b -c 3 && is "$(state_of b)" running
}

not_answering() {
	! cokctl ping "$1" -c 1 --timeout 2
}

# Both cores beat and account for all of their time, and nobody rings at them:
# looking at them does not disturb them.
top_tells() {
	cokctl top a --json -n 2 -i 1 | tail -n 1 | jq -e '.enclaves[0] |
		.memory_total == 268435456 and (.cores | length == 2 and all(
			.heartbeats_per_s > 0 and .doorbells_per_s == 0 and
			(.kernel_percent + .user_percent + .idle_percent | . > 99 and . < 101)))'
}

log_tells() {
	cokctl log "$1" | grep -q "$2"
}

title "The host, before"
mark_dmesg main-job
record_host >"$work/home"
shell cat /proc/version
shell cat /sys/devices/system/cpu/online
shell grep MemTotal /proc/meminfo

title "Load the module"
shell modprobe cok
shell cokctl doctor

title "Launch a co-kernel on one core and 128 MiB"
shell cokctl launch --name a --cpus 1 --mem 128M
shell cokctl log a
check "its banner shows its memory map" log_tells a 'memory: 0x'
shell cokctl status a
shell cokctl ping a -c 5
core=$(cokctl ledger --json | jq -r '[.[] | select(.apic_id != null)][0].apic_id')
check "QEMU's monitor sees core $core execute inside the image" in_image "$core"

title "Grow it by a core and 128 MiB"
shell cokctl grow a --cpus 1 --mem 128M
shell cokctl ledger
shell cat /sys/devices/system/cpu/online
check "the host is not as it was" not_home

title "It uses both"
type_at a memtest 'memtest: ok'
core=$(cokctl ledger --json | jq -r '[.[] | select(.apic_id != null)][1].apic_id')
type_at a 'run 1' "run: core 1 says: APIC id $core"
check "QEMU's monitor sees core $core execute inside the image" in_image "$core"
type_at a "mark $nonce" 'mark: 0x'
check "it marked a page in each of its two ranges" await 10 marked 2
mapfile -t pages < <(marked_pages)
for page in "${pages[@]}"; do
	check "QEMU's monitor finds the pattern at $page" nonce_at "$page"
done
shell cokctl top a -n 1
check "top sees what both cores do, without disturbing them" await 30 top_tells
grown=$(cokctl ledger --json | jq -r '[.[] | select(.start != null and .boot != true)][0].start')

title "Shrink both"
shell cokctl shrink a --cpus 1 --mem 128M
shell cokctl ledger
shell cat /sys/devices/system/cpu/online
for page in "${pages[@]}"; do
	if ((page >= grown && page < grown + 134217728)); then
		check "QEMU's monitor finds zero at $page, which Linux has again" zero_at "$page"
	fi
done

title "A second enclave beside it"
shell cokctl launch --name b --cpus 1 --mem 128M
shell cokctl list

title "The first panics; the second does not mind"
type_at a 'panic the demo asked for it' 'panic'
shell cokctl wait a failed --timeout 20
shell cokctl status a
check "its log can still be read" log_tells a 'the demo asked for it'
check "b is unharmed" unharmed

title "Another hangs with interrupts off; kill needs nothing from it"
shell cokctl launch --name c --cpus 1 --mem 128M
type_at c hang hang
check "it does not answer any more" not_answering c
shell cokctl kill c
check "c is stopped" is "$(state_of c)" stopped
check "b is unharmed" unharmed

title "Destroy all, unload"
shell cokctl destroy --all
shell cokctl ledger
shell modprobe -r cok

title "The host, after"
check "it is home exactly: CPUs, memory blocks, zones, IRQs, tasks, low memory" home
check "its log has no new warning" no_new_warnings main-job
rm -rf "$work"
[ "$failed" = 0 ] && printf '\nThe main job held.\n'
