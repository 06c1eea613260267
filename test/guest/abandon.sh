#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cokctl killed by SIGKILL at every step of launch, grow, shrink, destroy and
# reclaim: before and after each request to the module that changes something,
# after it has made the thread that writes to sysfs, and before and after that
# write (die-at.c). The next cokctl, whatever its verb, finishes or undoes what
# was begun.
#
# `abandon.sh pool` does the same with reserve, release, and launch and destroy of
# an enclave that is made of the pool: that has all of it before and afterwards, or
# none. EVERY=N: at the 1st, N+1st, 2 N+1st, ... step only.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"
die_at=$(dirname "$0")/die-at.so
hold=$(dirname "$0")/hold-memory

every=${EVERY:-1}
limit=50	# no command has so many steps
block=$((16#$(cat /sys/devices/system/memory/block_size_bytes)))

# No command may hang.
ctl() {
	timeout -s KILL 120 cokctl "$@"
}

# ---- the victims --------------------------------------------------------------

# words_of VERB: the command that is killed, in $words.
words_of() {
	case $1 in
	launch) words=(launch --name a --cpus 1 --mem 128M) ;;
	destroy) words=(destroy a) ;;
	reclaim) words=(reclaim) ;;
	reserve) words=(reserve --cpus 1 --mem 128M) ;;
	release) words=(release --all) ;;
	pool-launch) words=(launch --name a --cpus 1 --mem 128M --from pool) ;;
	*) words=("$1" a --cpus 1 --mem 128M) ;;
	esac
}

run() {
	local words
	words_of "$1"
	ctl "${words[@]}"
}

# killed VERB HOW CALL N: false if it ended before it came to that.
killed() {
	local words
	words_of "$1"
	rm -f "$work/mark"
	{
		timeout -s KILL 120 env DIE_AT="$2 $3 $4" \
			DIE_MARK="$work/mark" LD_PRELOAD="$die_at" \
			cokctl "${words[@]}" >"$work/victim" 2>&1
		unharmed=$?
	} 2>"$work/bash-says-killed"
	[ -e "$work/mark" ]
}

# prepare VERB: what must be there for it.
prepare() {
	case $pool:$1 in
	*:reserve) nothing && { [ "$leases" = 0 ] || run release; } && consistent ;;
	*:release | *:pool-launch) filled ;;
	1:destroy) filled && run pool-launch && consistent ;;
	*) prepare_linux "$1" ;;
	esac
}

prepare_linux() {
	case $1 in
	launch) nothing ;;
	reclaim) nothing && killed launch before sendto 6 ;;
	*) running "$1" ;;
	esac
}

nothing() {
	[ -z "$state" ] || { run destroy && consistent; }
}

# All is in the pool.
filled() {
	nothing && { [ "$leases" = 2 ] || run reserve; } && consistent && is "$leases" 2
}

running() {
	[ "$leases" != 0 ] || run launch || return
	case $1:$leases in
	grow:4) run shrink ;;
	shrink:[02]) run grow ;;
	esac
}

# ---- what must hold afterwards ---------------------------------------------------

# In the shell alone where that will do: this is done after each of many kills.

brief() {
	cat /sys/devices/system/cpu/online \
		/sys/devices/system/memory/memory*/{state,valid_zones}
}

at_home() {
	[ "$(brief)" = "$home_brief" ] || { brief; return 1; }
}

# What Linux lacks, in $offline.
look_offline() {
	local dir state
	offline=()
	for dir in /sys/devices/system/cpu/cpu[1-9]*; do
		read -r state <"$dir/online"
		[ "$state" = 1 ] || offline+=("${dir##*/}")
	done
	for dir in /sys/devices/system/memory/memory*; do
		read -r state <"$dir/state"
		[ "$state" = online ] || offline+=("${dir##*/}")
	done
}

# What the ledger has and what Linux lacks is the same, and all of it is the
# enclave's or in the pool, in no operation's hands. $leases is how many there are.
ledger_true() {
	local lines line words name offline good=0
	cokctl ledger >"$work/ledger" || return
	mapfile -t -s 1 lines <"$work/ledger"
	leases=${#lines[@]}
	look_offline
	for line in "${lines[@]}"; do
		read -ra words <<<"$line"
		name=${words[1]}${words[2]}
		[ "${words[1]}" = cpu ] || name=memory$((words[2] / block))
		[[ ($line =~ ' granted '\ *[0-9]+\ +-\  ||
			$line =~ ' pooled '\ *-\ +-\ .*' pool'$) &&
			" ${offline[*]} " == *" $name "* ]] && good=$((good + 1))
	done
	[ "$good:${#offline[@]}" = "$leases:$leases" ] && return
	cat "$work/ledger"
	echo "offline are: ${offline[*]}"
	return 1
}

# The next cokctl, of either kind, settles it and has no failure to tell of.
recovered() {
	local status=0
	odd=$((!odd))
	if [ "$odd" = 1 ]; then
		ctl list >"$work/next" 2>&1 || status=$?
	else
		ctl reclaim >"$work/next" 2>&1 || status=$?
	fi
	cat "$work/next"
	[ "$status" = 0 ] && ! grep -q 'not complete' "$work/next"
}

# Both or neither: it runs and answers, with all or nothing of the change, or it
# is gone. Of the pool likewise.
consistent() {
	ledger_true || return
	state=''
	{
		read -r
		read -r _ state _
	} < <(cokctl list)
	case $state:$leases in
	running:2 | running:4) cokctl ping a -c 1 ;;
	:0) at_home ;;
	:2) is "$pool" 1 ;;
	*)
		echo "state '$state'"
		cat "$work/ledger"
		return 1
		;;
	esac
}

settled() {
	cat "$work/victim"
	recovered && consistent
}

# ---- the walks ----------------------------------------------------------------------

# walk VERB HOW CALL
walk() {
	local n
	for ((n = 1; n <= limit; n += every)); do
		prepare "$1" >"$work/prepared" 2>&1 || break
		killed "$1" "$2" "$3" "$n" || break
		ok "$1, killed $2 $3 $n" settled
	done
	ok "$1, no $3 $n to be killed $2" whole
}

# The last of a walk went its way.
whole() {
	cat "$work/prepared" "$work/victim"
	is "$unharmed" 0 && consistent
}

# Several find what was left behind at the same time.
crowd() {
	local pid pids=() status=0
	prepare reclaim || return
	for _ in 1 2 3 4; do
		ctl list >>"$work/crowd" 2>&1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || status=1
	done
	cat "$work/crowd"
	[ "$status" = 0 ] && ! grep 'not complete' "$work/crowd" && consistent
}

# Memory that can't be taken offline, and Linux tries until it is killed.
hold_memory() {
	"$hold" >"$work/held" &
	holder=$!
	await 300 grep '^held [1-9]' "$work/held"
}

release_memory() {
	kill "$holder"
	! wait "$holder" 2>/dev/null
}

# In the kernel, and not before it: what is offlined there is isolated.
offlining() {
	ctl ledger | grep 'memory .* taking'
}

# killed_in_offline SECONDS: after the block is entered in the ledger.
killed_in_offline() {
	local pid status=0
	prepare launch || return
	cokctl launch --name a --cpus 1 --mem 128M >"$work/victim" 2>&1 &
	pid=$!
	await 20 offlining || status=1
	sleep "$1"
	kill -KILL "$pid" 2>/dev/null || status=1
	wait "$pid" 2>/dev/null
	settled || return
	[ "$status" = 0 ] || { echo 'it was not seen taking memory'; return 1; }
	is "$leases" 0
}

# The deadline passes while a block that can't go is being taken.
deadline_in_offline() {
	local status=0
	prepare launch || return
	ctl launch --name a --cpus 1 --mem 128M --mem-from blocks --timeout 2 \
		>"$work/victim" 2>&1 || status=$?
	settled || return
	is "$status" 4 && is "$leases" 0 &&
		grep -q 'refused: [0-9]* (Connection timed out)' "$work/victim"
}

mark_dmesg abandon
record_host >"$work/home"
modprobe cok || die 'no module'
home_brief=$(brief)
leases=0 odd=0 state='' pool=0 unharmed=''

walks() {
	local verb
	for verb in "$@"; do
		walk "$verb" before sendto
		walk "$verb" after sendto
		walk "$verb" after pthread_create
		walk "$verb" before write
		walk "$verb" after write
	done
}

with_linux() {
	walks launch grow shrink destroy reclaim
	ok 'four cokctl at the same time' crowd
	ok 'all goes' prepare launch

	ok 'memory that is held' hold_memory
	for delay in 0 0.1 0.2 0.4; do
		ok "launch, killed $delay s into taking memory in use" killed_in_offline $delay
	done
	ok 'launch, its deadline passes in that' deadline_in_offline
	ok 'all goes' prepare launch
	ok 'the memory is let go' release_memory
}

with_the_pool() {
	pool=1
	walks reserve release pool-launch destroy
	ok 'all goes' prepare reserve
}

case ${1-} in
'') with_linux ;;
pool) with_the_pool ;;
esac

ok 'the module unloads' modprobe -r cok
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings abandon
finish
