#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Each way a negotiation can end, with a co-kernel that deals as it is told
# (rogue/dealer.c), and what becomes of one that is interrupted: by kill -9 of
# cokctl, by the enclave's end, by CPUs that go offline and doorbells that don't
# ring. The ledger, sysfs and what the co-kernel says that it holds must agree.
#
# `deals.sh killed` kills cokctl at each of its requests to the module, whatever it
# changes, and has a co-kernel that gives back more than 1 GiB in crumbs; without
# that word cokctl is killed in a grow only.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"
dealer=$(dirname "$0")/dealer.elf
die_at=$(dirname "$0")/die-at.so
block=$((16#$(cat /sys/devices/system/memory/block_size_bytes)))

launch() {
	cokctl launch --name d --cpus 1 --mem 16M --mem-from contig --image "$dealer"
}

tell() {
	say_to d "$1" "dealer: done: $1"
}

grow() {
	local status=$1 fact=$2
	shift 2
	deal "$status" "$fact" cokctl grow d "$@"
}

shrink() {
	local status=$1 fact=$2
	shift 2
	deal "$status" "$fact" cokctl shrink d "$@"
}

M=1048576

# ---- who has what -----------------------------------------------------------------

# Granted beside its boot leases, the first core and the range that has its image:
# "CPUS MIB".
granted() {
	cokctl ledger --json | jq -r '[.[] | select(.boot | not)] |
		"\([.[] | select(.kind == "cpu")] | length) \(([.[].size // 0] | add // 0) / 1048576)"'
}

# The co-kernel's own words, which are of all memory.
says_held() {
	local cpus mib
	read -r cpus mib < <(granted)
	mib=$(cokctl ledger --json | jq '[.[].size // 0] | add / 1048576')
	say_to d held "dealer: held $cpus cpus $mib MiB"
}

# All of the ledger is granted, and Linux lacks just that.
ledger_true() {
	local cpu start
	cokctl ledger --json >"$work/ledger" || return
	jq -e 'all(.state == "granted" and .operation == 0 and .txid == 0)' "$work/ledger" >/dev/null ||
		{ cat "$work/ledger"; return 1; }
	jq -r '.[] | select(.kind == "cpu").cpu' "$work/ledger" | sort -n >"$work/leased"
	for cpu in /sys/devices/system/cpu/cpu[1-9]*; do
		[ "$(cat "$cpu/online")" = 1 ] || echo "${cpu##*/cpu}"
	done | sort -n | diff "$work/leased" - || return
	jq -r '.[] | select(.source == "block").start' "$work/ledger" |
		while read -r start; do echo $((start / block)); done | sort -n >"$work/leased"
	for start in /sys/devices/system/memory/memory*; do
		[ "$(cat "$start/state")" = online ] || echo "${start##*/memory}"
	done | sort -n | diff "$work/leased" -
}

settled() {
	ledger_true && says_held
}

# has CPUS MIB
has() {
	is "$(granted)" "$1 $2" && settled
}

# as_before STATUS FACT WORD ARGS...: refused, and nothing is changed.
as_before() {
	local before
	before=$(granted)
	"$3" "$1" "$2" "${@:4}" && is "$(granted)" "$before" && settled
}

# ---- each outcome -------------------------------------------------------------------

accepts() {
	tell agree &&
		grow 0 ".outcome == \"done\" and .moved == {cpus: 1, memory: $((8 * M))} and
			.asked == .moved and .offered == .moved and .agreed == .moved and
			(.results | length > 1 and all(.moved and .why == null))" \
			--cpus 1 --mem 8M --mem-from contig &&
		has 1 8
}

declines() {
	tell refuse &&
		as_before 3 '.outcome == "declined" and .moved == {cpus: 0, memory: 0} and
			.why == "it does not want to"' \
			grow --cpus 1 --mem 8M --mem-from contig &&
		as_before 3 '.outcome == "declined"' shrink --cpus 1 --mem 2M
}

part_is_not_enough() {
	tell half &&
		as_before 3 ".outcome == \"declined\" and .agreed.memory == $((4 * M)) and .moved.memory == 0" \
			grow --mem 8M --mem-from contig &&
		as_before 3 '.outcome == "declined" and .agreed.memory > 0 and .moved.memory == 0' \
			shrink --mem 8M
}

# One range of 8 MiB: it takes the first half, and Linux has the rest again. So
# with what goes back.
part_is_kept() {
	tell half &&
		grow 8 ".outcome == \"partial\" and .asked.memory == $((8 * M)) and .moved.memory == $((4 * M)) and
			.why == \"in use, it cannot be drained now\"" \
			--mem 8M --mem-from contig --best-effort &&
		has 1 12 &&
		shrink 8 '.outcome == "partial" and .moved.memory == 6291456' --mem 12M --best-effort &&
		has 1 6
}

# Of an amount the co-kernel chooses: the oldest or the newest lease.
it_chooses() {
	local old new
	tell agree && grow 0 .results[0].moved --mem 4M --mem-from contig || return
	read -r old new < <(cokctl ledger --json | jq -r '[.[] |
		select(.kind == "memory" and (.boot | not)).lease] | "\(min) \(max)"')
	tell oldest && shrink 0 ".results | any(.lease == $old and .agreed > 0)" --mem 2M &&
		tell newest && shrink 0 ".results | any(.lease == $new and .agreed > 0)" --mem 2M &&
		has 1 6
}

named_cpu() {
	local cpu
	cpu=$(cokctl ledger --json | jq '.[] | select(.kind == "cpu" and (.boot | not)).cpu')
	shrink 0 ".results | length == 1 and .[0].cpu == $cpu" --cpu-list "$cpu" && has 0 6 &&
		grow 0 ".results[0].cpu == $cpu" --cpu-list "$cpu" && has 1 6
}

# It does not read: nothing moves, and once it reads again it knows.
times_out() {
	tell deaf &&
		grow 4 '.outcome == "timed out" and .moved.memory == 0' --mem 4M --mem-from contig --timeout 1 &&
		shrink 4 '.outcome == "timed out"' --mem 2M --timeout 1 &&
		is "$(granted)" '1 6' && ledger_true && tell agree && settled
}

# It does not drain in time, and says so before the deadline.
drains_too_slowly() {
	tell 'slow 60000' && as_before 3 '.why == "in use, it cannot be drained now"' \
		shrink --mem 2M --timeout 2
}

takes_its_time() {
	tell 'slow 1500' && shrink 0 .results[0].moved --mem 2M --timeout 20 && has 1 4
}

# ---- what it asks for ------------------------------------------------------------------

waiting() {
	cokctl requests d --json >"$work/requests" && jq -e "$1" "$work/requests" >/dev/null
}

log_has() {
	cokctl log d | grep -q "$1"
}

# ask WORDS: its number is then in $number.
ask() {
	tell "ask $1" && await 10 waiting 'length > 0' || return
	number=$(jq 'map(.number) | max' "$work/requests")
	await 10 log_has "request $number queued"
}

granted_request() {
	tell agree && ask 'mem 4' || return
	cokctl requests | grep -E "^d:$number +4M +normal" || return
	deal 0 ".moved.memory == $((4 * M))" cokctl grant "d:$number" --mem-from contig &&
		await 10 log_has "request $number granted $((4 * M))" &&
		waiting 'length == 0' && has 1 8
}

denied_request() {
	ask 'cpus 1' && waiting '.[0] | .cpus == 1 and .kind == "cpu" and .urgency == "high"' &&
		cokctl deny "d:$number" && await 10 log_has "request $number denied 9" &&
		waiting 'length == 0' && has 1 8
}

cancelled_request() {
	ask 'mem 4' && tell "cancel $number" && await 10 log_has "request $number cancelled" &&
		waiting 'length == 0' && refused 1 "no request $number" cokctl grant "d:$number" &&
		refused 1 '' cokctl deny "d:$number"
}

# A grant that it declines leaves the request where it was.
declined_grant() {
	ask 'mem 4' && tell refuse &&
		deal 3 '.outcome == "declined"' cokctl grant "d:$number" --mem-from contig &&
		waiting 'length == 1' && tell half &&
		deal 8 ".moved.memory == $((2 * M))" cokctl grant "d:$number" --mem-from contig --best-effort &&
		await 10 log_has "request $number granted $((2 * M))" && waiting 'length == 0' && has 1 10
}

many_requests() {
	local i
	tell agree || return
	for ((i = 0; i < 8; i++)); do
		tell "ask mem $((2 + 2 * i))" || return
	done
	await 10 waiting 'length == 8 and (map(.memory) | unique | length) == 8' || return
	for number in $(jq '.[].number' "$work/requests"); do
		cokctl deny "d:$number" || return
	done
	await 10 waiting 'length == 0'
}

# has_less CPUS MIB: as many CPUs, and less memory.
has_less() {
	local cpus mib
	read -r cpus mib < <(granted)
	[ "$cpus" = "$1" ] && [ "$mib" -lt "$2" ]
}

# Given back unasked: out of its hands at once; the next cokctl brings it home. It
# gives the range that it got last, of those that the 4 MiB came in.
gives_unasked() {
	local cpus mib
	tell agree && grow 0 .results[0].moved --mem 4M --mem-from contig || return
	read -r cpus mib < <(granted)
	tell 'give mem' && await 20 log_has 'release [0-9]* committed' &&
		await 20 has_less "$cpus" "$mib" && settled &&
		tell 'give cpu' && await 20 has_less $((cpus - 1)) "$mib" && settled &&
		grow 0 .results[0].moved --cpus 1
}

ranges_of() {
	cokctl ledger --json | jq --arg n "$1" --argjson id "$(cokctl status "$1" --json | jq .id)" \
		'[.[] | select(.enclave == $id and .source == "contig")] | length'
}

# It gives every second 2 MiB of all that it has: the ledger, which is for everybody,
# is not filled by that.
shreds() {
	local i
	cokctl launch --name s --cpus 1 --mem 1152M --mem-from contig --timeout 300 \
		--image "$dealer" || return
	for ((i = 0; i < 16; i++)); do
		say_to s shred 'dealer: done: shred' >/dev/null || break
		await 30 shredded "$((i + 1))" || return
	done
	cokctl log s | grep 'dealer: release' | tail -n 2
	cokctl log s | grep -q 'dealer: release [0-9]* undone' || return
	i=$(ranges_of s)
	echo "$i ranges"
	[ "$i" -gt 128 ] && [ "$i" -lt 320 ] && tell agree &&
		grow 0 .results[0].moved --mem 2M --mem-from contig &&
		shrink 0 .results[0].moved --mem 2M && cokctl destroy s && settled
}

shredded() {
	[ "$(cokctl log s | grep -c 'dealer: release')" -ge "$1" ]
}

# ---- what is told --------------------------------------------------------------------------

events_tell() {
	local pid number
	cokctl events >"$work/events" &
	pid=$!
	await 10 grep -qs . /proc/$pid/net/netlink
	sleep 0.5
	tell agree && ask 'mem 2' && cokctl grant "d:$number" --mem-from contig >/dev/null &&
		tell half && cokctl grow d --mem 4M --mem-from contig
	tell agree && cokctl shrink d --mem 2M
	tell refuse && cokctl shrink d --mem 2M
	sleep 1
	kill $pid
	wait $pid 2>/dev/null
	cat "$work/events"
	grep -q 'request d:[0-9]*: it asks for 2M, urgency normal' "$work/events" &&
		grep -q 'request d:[0-9]*: granted, it has got 2M' "$work/events" &&
		grep -q 'deal [0-9]*: enclave [0-9]* is offered 2M' "$work/events" &&
		grep -q 'deal [0-9]*: enclave [0-9]* agrees to 2M, not more' "$work/events" &&
		grep -q 'deal [0-9]*: nothing moves: it agreed to part' "$work/events" &&
		grep -q 'deal [0-9]*: enclave [0-9]* is asked for 2M' "$work/events" &&
		grep -q 'deal [0-9]*: enclave [0-9]* has given 2M' "$work/events" &&
		grep -q 'deal [0-9]*: enclave [0-9]* declines: it does not want to' "$work/events"
}

plain_words() {
	tell half && cokctl grow d --mem 8M --mem-from contig --best-effort -v >"$work/said" 2>&1
	is $? 8 || return
	cat "$work/said"
	grep -q '^d has got 4M$' "$work/said" && grep -Eq '^agreed +4M$' "$work/said" &&
		grep -q 'only 4M of 8M; memory 0x[0-9a-f]*: in use' "$work/said"
}

wrong_use() {
	refused 2 'exclude each other' cokctl grow d --cpus 1 --best-effort --all-or-nothing &&
		refused 2 'exclude each other' cokctl shrink d --cpus 1 --best-effort --force &&
		refused 2 'names no request' cokctl grant d &&
		refused 2 'names no request' cokctl deny d:0 &&
		refused 6 'no enclave' cokctl grant nobody:1 &&
		refused 6 'no enclave' cokctl requests nobody &&
		refused 2 'only .* can be' cokctl shrink d --mem 1G --mem-from contig
}

# ---- by force ---------------------------------------------------------------------------------

at_home() {
	is "$(leases)" 0 && is "$(cokctl list --json | jq length)" 0
}

# forced POLICY: what it is told first.
forced() {
	tell "$1" || return
	deal 0 '.outcome == "killed"' cokctl shrink d --mem 2M --timeout 1 --force || return
	grep -q "this will kill enclave 'd'" "$work/deal-said" && at_home && launch
}

# Of one that gives, nothing is killed.
not_needed() {
	tell agree && grow 0 .results[0].moved --mem 2M --mem-from contig &&
		shrink 0 '.outcome == "done"' --mem 2M --force && settled
}

# What was wrongly asked for kills nothing.
not_for_nonsense() {
	refused 2 'can be' cokctl shrink d --mem 1G --mem-from contig --force &&
		refused 2 'cannot be taken back' cokctl shrink d --cpu-list 0 --force && settled
}

forced_when_dead() {
	cokctl kill d && deal 0 '.outcome == "killed"' cokctl shrink d --mem 2M --force && at_home && launch
}

# ---- in the middle --------------------------------------------------------------------------------

in_state() {
	cokctl ledger --json | jq -e --arg s "$1" 'any(.state == $s)' >/dev/null
}

# during offered|recalled COMMAND...: the command runs while the co-kernel takes
# its time; the change's exit status is in $changed.
during() {
	local state=$1 pid ret=0
	shift
	if [ "$state" = offered ]; then
		cokctl grow d --mem 4M --mem-from contig --timeout 30 >"$work/change" 2>&1 &
	else
		cokctl shrink d --mem 2M --timeout 30 >"$work/change" 2>&1 &
	fi
	pid=$!
	await 20 in_state "$state" || ret=1
	"$@" || ret=1
	changed=0
	wait $pid || changed=$?
	cat "$work/change"
	return $ret
}

# lend: something to be taken back.
lend() {
	tell agree && grow 0 .results[0].moved --mem 4M --mem-from contig
}

killed_during() {
	lend && tell 'slow 20000' && during "$1" cokctl kill d || return
	[ "$changed" != 0 ] && is "$(state_of d)" stopped &&
		cokctl destroy d && at_home && launch
}

# It crashes or hangs when it is asked.
ends_when_asked() {
	local status=0
	lend && tell "$1" || return
	if [ "$2" = grow ]; then
		cokctl grow d --mem 4M --mem-from contig --timeout 3 || status=$?
	else
		cokctl shrink d --mem 2M --timeout 3 || status=$?
	fi
	echo "exit status $status"
	[[ "|$3|" = *"|$status|"* ]] || return
	[ "$1" != panic ] || is "$(state_of d)" failed || return
	cokctl destroy d && at_home && launch
}

cpu_off_and_on() {
	local cpu
	for cpu in 1 2; do
		[ "$(cat /sys/devices/system/cpu/cpu$cpu/online)" = 1 ] || continue
		echo 0 >/sys/devices/system/cpu/cpu$cpu/online || return
		sleep 0.3
		echo 1 >/sys/devices/system/cpu/cpu$cpu/online || return
	done
}

cpus_go_during() {
	lend && tell 'slow 3000' && during "$1" cpu_off_and_on && is "$changed" 0 && tell agree && settled
}

# Doorbells are lost both ways: it neither rings nor looks at once.
bells_are_lost() {
	tell agree && tell mute && grow 0 .results[0].moved --mem 4M --mem-from contig &&
		shrink 0 .results[0].moved --mem 4M && ask 'mem 2' &&
		deal 0 .results[0].moved cokctl grant "d:$number" --mem-from contig &&
		tell loud && settled
}

# ---- kill -9 of cokctl -------------------------------------------------------------------------------

# words_of WHAT: the command, in $words.
words_of() {
	case $1 in
	grow) words=(grow d --cpus 1 --mem 8M --mem-from contig --best-effort) ;;
	shrink) words=(shrink d --cpus 1 --mem 2M --best-effort) ;;
	grant) words=(grant "d:$number" --mem-from contig --best-effort) ;;
	force) words=(shrink d --mem 2M --timeout 2 --force) ;;
	esac
}

prepare() {
	case $1 in
	grow) tell agree && { [ "$(granted)" = '0 0' ] || { cokctl destroy d && launch; }; } && tell half ;;
	shrink) tell agree && { [ "$(granted | cut -d' ' -f1)" = 1 ] || cokctl grow d --cpus 1; } &&
		{ [ "$(granted | cut -d' ' -f2)" -ge 8 ] || cokctl grow d --mem 8M --mem-from contig; } &&
		tell half ;;
	grant) tell agree && { [ "$(granted | cut -d' ' -f2)" -lt 64 ] || { cokctl destroy d && launch; }; } &&
		{ waiting 'length == 1' || ask 'mem 4'; } && tell half ;;
	force) { [ "$(state_of d)" = running ] || launch; } && lend && tell refuse ;;
	esac
}

# killed WHAT HOW N: false if it ended before it came to that.
killed() {
	local words
	words_of "$1"
	rm -f "$work/mark"
	{
		timeout -s KILL 120 env DIE_AT="$2 sendto $3" DIE_MARK="$work/mark" \
			LD_PRELOAD="$die_at" cokctl "${words[@]}" >"$work/victim" 2>&1
	} 2>"$work/bash-says-killed"
	[ -e "$work/mark" ]
}

# A job that was begun runs to its end; then there is nothing in between.
quiet() {
	cokctl list >/dev/null 2>&1
	ledger_true >/dev/null 2>&1
}

recovered() {
	cat "$work/victim"
	await 30 quiet || { ledger_true; return 1; }
	case $(state_of d) in
	running) says_held && waiting 'all(.number > 0)' ;;
	stopped) cokctl destroy d && at_home && launch ;;
	'') at_home && launch ;;
	*) state_of d; return 1 ;;
	esac
}

walk() {
	local n
	for ((n = 1; n <= 40; n += every)); do
		prepare "$1" >"$work/prepared" 2>&1 || break
		killed "$1" "$2" "$n" || break
		ok "$1, cokctl killed $2 request $n" recovered
	done
	ok "$1, cokctl killed $2 each request" whole "$n"
}

whole() {
	cat "$work/prepared" "$work/victim"
	[ "$1" -gt 3 ] && recovered
}

mark_dmesg deals
modprobe cok || die 'no module'
record_host >"$work/home"
launch || die 'no enclave'
changed=0 number=0 every=1

# Each outcome, and some interruptions.
each_outcome() {
	ok 'all is accepted' accepts
	ok 'all is declined' declines
	ok 'all or nothing: part of it is nothing' part_is_not_enough
	ok 'best effort: part of it is kept' part_is_kept
	ok 'of an amount the co-kernel chooses' it_chooses
	ok 'a CPU by its number' named_cpu
	ok 'no answer' times_out
	ok 'it does not drain in time' drains_too_slowly
	ok 'it takes its time' takes_its_time
	ok 'a request, granted' granted_request
	ok 'a request, denied' denied_request
	ok 'a request, cancelled' cancelled_request
	ok 'a request, its grant declined, then granted in part' declined_grant
	ok 'as many requests as may wait' many_requests
	ok 'given unasked' gives_unasked
	ok 'events tell each deal' events_tell
	ok 'in plain words' plain_words
	ok 'wrong use' wrong_use
	ok 'by force: it declines' forced refuse
	ok 'by force: it gives, and lives' not_needed
	ok 'killed while offered' killed_during offered
	ok 'CPUs go off and on while recalled' cpus_go_during recalled
	ok 'doorbells are lost' bells_are_lost
	every=3
	walk grow after
}

# The rest of the interruptions, and cokctl killed at each of its requests, of each
# kind of change.
each_kill() {
	local what
	ok 'killed while recalled' killed_during recalled
	ok 'CPUs go off and on while offered' cpus_go_during offered
	ok 'by force: it does not answer' forced deaf
	ok 'by force: not for what makes no sense' not_for_nonsense
	ok 'by force: it was dead' forced_when_dead
	ok 'it crashes when it is offered' ends_when_asked panic grow '1|4'
	ok 'it crashes when it is asked' ends_when_asked panic shrink '1|4'
	ok 'it hangs when it is offered' ends_when_asked hang grow 4
	ok 'it hangs when it is asked' ends_when_asked hang shrink 4
	ok 'given unasked, in crumbs' shreds
	for what in grow shrink grant force; do
		walk $what before
		walk $what after
	done
}

case ${1-} in
'') each_outcome ;;
killed) each_kill ;;
esac
ok 'destroy all' destroy_all
ok 'the module unloads' modprobe -r cok
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings deals
finish
