#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every error path of the module's test build: for n = 1, 2, ... the n-th thing
# it acquires during an enclave's life is refused to it. Whatever comes of that,
# the command that failed can be given again, and at the end of each life one
# 'cokctl reclaim' and one 'cokctl destroy --all' bring the host home. The walk
# ends when a life has fewer than n acquisitions.
#
# `fault-walk.sh pool` does the same with an enclave that is made of the pool.
# EVERY=N: for n = 1, N + 1, 2 N + 1, ... only.
#
# Run with --test-module.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"
fault=$(dirname "$0")/fault

every=${EVERY:-1}
limit=200	# no life has so many acquisitions
names=()	# of those that failed

# The life of an enclave, one command a line. It grows by a block and 4 MiB of
# contiguous memory, and gives half of those back.
life=(
	'launch --name w --cpus 1 --mem 128M'
	'ping w -c 1'
	'grow w --cpus 1 --mem 132M'
	'shrink w --cpus 1 --mem 130M'
	'stop w'
	'destroy w'
)
grown='2 260' shrunk='1 130' memory=130M	# CPUs and MiB that it has, what it gives back

# With the pool it never asks Linux but at its ends; a range is parted for the grow.
if [ "${1-}" = pool ]; then
	life=(
		'reserve --cpus 2 --mem 136M'
		'launch --name w --cpus 1 --mem 128M --from pool'
		'grow w --cpus 1 --mem 4M --from pool'
		'shrink w --cpus 1 --mem 4M'
		'destroy w'
		'release --all'
	)
	grown='2 132' shrunk='1 128' memory=4M
fi

# What the enclave has: CPUs, and MiB of memory.
held() {
	cokctl ledger --json | jq -r 'map(select(.enclave != 0)) |
		"\(map(select(.kind == "cpu")) | length) \((map(.size // 0) | add // 0) / 1048576)"'
}

# No command may hang.
ctl() {
	timeout -s KILL 120 cokctl "$@"
}

# reached VERB: is there nothing left for it to do? Two cores can't be had back
# but by stop or destroy: one that did not answer INIT when it was recalled is
# quarantined, and one that did not start when it was granted is not given back,
# because the co-kernel still expects it.
reached() {
	case $1 in
	grow) is "$(held)" "$grown" ;;
	shrink)
		is "$(held)" "$shrunk" || ctl ledger | grep -q quarantined ||
			{ [ "$missing" = 1 ] && ctl shrink w --mem $memory; }
		;;
	release) is "$(leases)" 0 ;;
	stop) [ "$(state_of w)" != running ] ;;
	destroy) is "$(state_of w)" '' ;;
	*) false ;;
	esac
}

# After a failed launch there is no enclave to go on with.
live() {
	local line words name missing=0
	for line in "${life[@]}"; do
		read -ra words <<<"$line"
		echo "\$ cokctl $line"
		ctl "${words[@]}" 2>&1 | tee "$work/said" && continue
		read -r _ name < <("$fault" get)
		echo "failed acquisition: $name"
		# A core that acknowledged too late is started again. (One that
		# has just arrived may be declined for a moment, fault or not.)
		[ "$name" != 'core ack' ] || grep -q declined "$work/said" || return
		! grep -q 'did not start' "$work/said" || missing=1
		ctl reclaim || return
		[ "${words[0]}" != launch ] || return 0
		reached "${words[0]}" || ctl "${words[@]}" || return
	done
}

brief() {
	cat /sys/devices/system/cpu/online \
		/sys/devices/system/memory/memory*/{state,valid_zones}
}

come_home() {
	ctl reclaim && ctl destroy --all && ctl release --all || return
	is "$(cokctl list --json)" '[]' && is "$(cokctl ledger --json)" '[]' || return
	brief | diff "$work/brief" -
}

# One n: the life, then home. What the fault was is in $work/fault.
survive() {
	local status=0
	"$fault" set "$1" || return
	live || status=1
	"$fault" get >"$work/fault" || return
	"$fault" set 0 || return
	come_home && return "$status"
}

# Shows what was said during a life that has ended with this status.
survived() {
	cat "$work/life"
	return "$1"
}

# Few enough to be all of a life.
none_left() {
	survived "$1" && [ "$2" -lt "$3" ]
}

mark_dmesg fault-walk
record_host >"$work/home"
modprobe cok || die 'no module'
"$fault" set 0 || die 'this needs the test build of the module (--test-module)'
brief >"$work/brief"

for ((n = 1; n <= limit; n += every)); do
	status=0
	survive "$n" >"$work/life" 2>&1 || status=$?
	read -r count name <"$work/fault"
	[ "$count" -ge "$n" ] || break
	names+=("$name")
	ok "acquisition $n fails ($name)" survived "$status"
done
ok "a life without a fault ends the walk, with $count acquisitions" \
	none_left "$status" "$count" "$n"

printf '%s\n' "${names[@]}" | sort | uniq -c |
	awk '{ n = $1; sub(/^ *[0-9]+ /, ""); list = list ", " n " " $0 }
		END { print "# failed: " substr(list, 3) }'
distinct=$(printf '%s\n' "${names[@]}" | sort -u | wc -l)
wanted=$((every > 1 ? 5 : 15))
ok "more than $wanted different ones ($distinct) were failed" test "$distinct" -gt $wanted
ok 'the module unloads' modprobe -r cok
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings fault-walk
finish
