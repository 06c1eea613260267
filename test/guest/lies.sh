#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A co-kernel that lies (rogue/rogue.c): whatever it writes into the memory it
# shares with the host, the host notices or does not mind, the tools end in time
# and print nothing a terminal obeys, a neighbour lives, and all comes home.
# EVERY=N: only every N-th lie.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"

image=$(dirname "$0")/rogue.elf

# ---- tools, bounded and clean ---------------------------------------------------

# Only what is printed: of the control characters the end of line and the tab
# (and a backspace, for line editing, in what an enclave printed itself).
printable() {
	local allowed='\n\t -~' bad
	case $1 in
	log | console) allowed='\n\t\b -~' ;;
	esac
	bad=$(LC_ALL=C tr -d "$allowed" <"$2" | wc -c)
	is "$bad" 0 || { echo "control characters in what '$1' printed"; return 1; }
}

# t SECONDS STATUSES VERB...: cokctl ends within that time with one of these.
t() {
	local limit=$1 want=$2 status=0
	shift 2
	timeout -s KILL $((limit * slow)) cokctl "$@" >"$work/out" 2>&1 || status=$?
	echo "cokctl $*: status $status"
	[[ $status =~ ^$want$ ]] || { head -c 500 "$work/out"; echo "status not $want"; return 1; }
	printable "$1" "$work/out"
}

# Its output is kept for `looks` to judge.
json() {
	t 10 0 "$@" --json && cat "$work/out" >>"$work/json"
}

says() {
	grep -Eq "$1" "$work/out" || { head -c 500 "$work/out"; echo "does not say '$1'"; return 1; }
}

# All that looks at an enclave and the host.
looks() {
	: >"$work/json"
	t 10 0 status r && json status r && json list && t 20 0 log r &&
		jq . "$work/json" >/dev/null
}

reason() {
	cokctl list --json | jq -r '.[] | select(.name == "r").reason'
}

counter() {
	cokctl status r --json | jq ".counters.$1"
}

# ---- the life of a liar -----------------------------------------------------------

neighbour() {
	cokctl ping n -c 2 --timeout $((5 * slow))
}

boots() {
	[ -e /dev/cok/r ] ||
		t 40 0 launch --name r --cpus 1 --mem 128M --image "$image"
}

# begin LIE: it runs, and is told to lie.
begin() {
	boots &&
		t 10 '[01]' console r --send "$1" --until 'now I lie' --timeout $((5 * slow))
}

# It can be killed and destroyed, and only the neighbour holds anything then.
end() {
	looks && t 20 '[01]' kill r && looks && gone
}

gone() {
	t 40 0 destroy r && is "$(cokctl ledger --json)" "$at_rest" && neighbour
}

# Asked, it does all that an honest one does.
healthy() {
	t 10 0 ping r -c 3 --timeout $((5 * slow)) &&
		t 20 0 grow r --cpus 1 --timeout $((5 * slow)) &&
		t 20 0 shrink r --cpus 1 --timeout $((5 * slow)) &&
		t 10 0 console r --send hi --until 'I hear' --timeout $((5 * slow))
}

# minds_not LIE [CHECK...]: the lie changes nothing; it may tell the next.
minds_not() {
	begin "$1" && healthy || return
	shift
	[ $# = 0 ] || "$@" || return
	looks && neighbour
}

# Counted as nonsense; what is printed after it arrives.
log_goes_on() {
	await 10 logged 'the log goes on' && counted ring_errors "$1" &&
		counted log_dropped "$1"
}

# In what was printed since the last lie.
logged() {
	cokctl log r | tac | sed '/now I lie/q' | grep -q "$1"
}

counted() {
	cokctl status r --json >"$work/out"
	echo "$1 $(jq ".counters.$1" "$work/out")"
	jq -e ".counters.$1 >= $2" "$work/out" >/dev/null
}

messages_bad() {
	counted messages_bad "$1"
}

# fails LIE WORDS [COMMAND...]: ends FAILED for this reason, after the command
# that makes it lie.
fails() {
	local lie=$1 words=$2
	shift 2
	begin "$lie" || return
	[ $# = 0 ] || "$@" || return
	t 20 0 wait r failed --timeout $((10 * slow)) || return
	reason
	reason | grep -Eq "$words" || { echo "the reason does not say '$words'"; return 1; }
	t 10 0 list && looks && gone
}

# A core's local APIC elsewhere, or in another mode: the next one there gets it
# as the host has it (ours panics otherwise).
other_apic() {
	local cpu
	begin apic-base && await 10 logged 'another APIC' || return
	cpu=$(cokctl status r --json | jq '.cores[0].cpu')
	end && t 40 0 launch --name r --cpu-list "$cpu" --mem 128M && t 10 0 log r &&
		says "APIC id" && t 10 0 ping r && end
}

# Whoever talks to a dead one is told.
dead() {
	begin late-ud && t 20 0 wait r failed --timeout $((10 * slow)) &&
		reason | grep 'exception 6 ' && t 10 1 ping r --timeout 1 &&
		t 10 '[12]' grow r --cpus 1 --timeout 1 &&
		t 10 '[12]' shrink r --cpus 1 --timeout 1 &&
		t 10 1 console r --send hi --until x --timeout 1 &&
		t 10 1 stop r --timeout 1 && json status && json ledger && end
}

# Before READY: the launch tells it, and gives all back.
fails_early() {
	t 40 "$1" launch --name r --cpus 1 --mem 128M --image "$image" \
		--cmdline "$2" --timeout $((8 * slow)) || return
	cat "$work/out"
	says "$3" && [ ! -e /dev/cok/r ] && is "$(cokctl ledger --json)" "$at_rest" && neighbour
}

answers_early() {
	t 40 0 launch --name r --cpus 1 --mem 128M --image "$image" \
		--cmdline early-answers && healthy && messages_bad 100 && end
}

# ---- cases of their own -----------------------------------------------------------

impossible='impossible position'

# A storm need not be one on a slow machine; then it is survived.
storm() {
	begin storm || return
	sleep 2
	looks && neighbour || return
	echo "$(state_of r): $(reason)"
	counted doorbells_in 1000 || return
	[ "$(state_of r)" = running ] || reason | grep -q 'without end' || return
	end
}

# The deadline of an OFFER passes, and all is as it was.
nothing_granted() {
	local cpus
	cpus=$(cat /sys/devices/system/cpu/online)
	ledger=$(cokctl ledger --json)
	t 20 4 grow r --cpus 1 --timeout 1 &&
		is "$(cokctl ledger --json)" "$ledger" &&
		is "$(cat /sys/devices/system/cpu/online)" "$cpus"
}

# Nothing it says is an answer, the deadline decides.
no_answer() {
	begin "$1" && nothing_granted &&
		t 10 0 ping r --timeout $((5 * slow)) && messages_bad "$2" && end
}

# Both directions: it needs a core first, so this lie holds for grants only.
odd_decline() {
	begin odd-decline && t 20 3 grow r --cpus 1 --timeout 2 && t 10 0 ping r && end
}

# Of two it accepts one: none is granted.
first_only() {
	begin first-only && t 20 4 grow r --cpus 1 --mem 128M --timeout 1 &&
		t 10 0 ping r && end
}

# The answer to an ABORTed offer: told the outcome again, granted nothing.
late() {
	begin late && nothing_granted && await 5 logged 'answered late' &&
		t 10 0 ping r && is "$(cokctl ledger --json)" "$ledger" && end
}

# Parts that are none, and then nothing: nothing moves, whoever asks.
no_part() {
	boots && t 30 0 grow r --mem 4M --mem-from contig --timeout $((5 * slow)) || return
	begin odd-parts && ledger=$(cokctl ledger --json) &&
		t 20 4 grow r --mem 4M --mem-from contig --best-effort --timeout 1 &&
		t 20 4 shrink r --mem 2M --best-effort --timeout 1 &&
		is "$(cokctl ledger --json)" "$ledger" && messages_bad 20 && end
}

# Asked for half of what is listed it gives all: that is no answer.
too_much() {
	boots && t 30 0 grow r --mem 4M --mem-from contig --timeout $((5 * slow)) || return
	begin none && ledger=$(cokctl ledger --json) &&
		t 20 4 shrink r --mem 2M --timeout 1 &&
		is "$(cokctl ledger --json)" "$ledger" && messages_bad 1 && end
}

# Outcomes that it never acknowledges are kept: so many, and no more is begun.
never_done() {
	boots && t 20 0 grow r --cpus 1 --timeout $((5 * slow)) && begin no-done || return
	for _ in {1..32}; do
		t 20 3 shrink r --cpus 1 --timeout $((5 * slow)) || return
	done
	t 20 7 shrink r --cpus 1 --timeout 1 && says 'not acknowledged how 32' &&
		t 10 0 ping r --timeout $((5 * slow)) && end
}

# What it asks for is a claim: told as it is, and of no effect. (The answers may
# fill its ring, so that there is no room for a ping.)
asks_without_end() {
	begin request-flood && sleep 2 && t 10 0 requests && t 10 0 requests --json &&
		jq -e 'length <= 8' "$work/out" && t 10 '[01]' deny r:1 && t 10 '[07]' ping r --timeout $((5 * slow)) && looks && neighbour && end
}

asks_nonsense() {
	begin odd-requests && messages_bad 20 && t 10 0 requests --json && is "$(cat "$work/out")" '[]' &&
		healthy && end
}

# Nothing of what it may not give back has gone.
gives_what_it_may_not() {
	boots && ledger=$(cokctl ledger --json) && begin odd-releases &&
		await 20 logged 'nothing left' && is "$(cokctl ledger --json)" "$ledger" &&
		healthy && looks && neighbour && end
}

# Given back unasked, twice: it is gone once, and the next cokctl brings it home.
gives_twice() {
	boots && ledger=$(cokctl ledger --json) && begin release-twice &&
		t 30 0 grow r --mem 2M --mem-from contig --timeout $((5 * slow)) &&
		await 20 logged 'rogue: released' && await 10 back_to_before &&
		healthy && looks && neighbour && end
}

back_to_before() {
	[ "$(cokctl ledger --json)" = "$ledger" ]
}

# Another life's messages are not heard.
other_epoch() {
	begin epoch && t 10 4 ping r --timeout 1 && t 20 4 grow r --cpus 1 --timeout 1 &&
		t 10 4 stop r --timeout 1 && messages_bad 2 && end
}

# A core that faults at once is the enclave's end, and comes home, too.
bad_entry() {
	fails "$1" "exception $2 .*core 1" t 20 '[01]' grow r --cpus 1 --timeout $((5 * slow))
}

never_reads() {
	begin never-read && t 10 4 ping r --timeout 1 &&
		t 20 4 grow r --cpus 1 --timeout 1 &&
		t 10 4 stop r --timeout 1 &&
		is "$(state_of r)" running || return
	head -c 10000 /dev/zero | tr '\0' x >"$work/input"
	# Room for some, then it waits: as long as it is told to.
	t 10 4 console r --send "$(head -c 4000 "$work/input")" --until never --timeout 1 &&
		t 10 4 console r --send "$(head -c 4000 "$work/input")" --until never --timeout 1 &&
		end
}

# Its answers' answers fill the host's ring: the host says so, and can kill it.
full_ring() {
	begin finished-flood && t 20 0 grow r --cpus 1 --timeout $((5 * slow)) &&
		t 20 '[147]' ping r --timeout 1 &&
		t 20 '[147]' shrink r --cpus 1 --timeout 1 &&
		t 20 '[147]' stop r --timeout 1 && end
}

# A writer that waits for room is woken and told.
conin_full() {
	local status=0
	begin conin-full || return
	head -c 10000 /dev/zero | tr '\0' x >"$work/input"
	timeout -s KILL 10 dd if="$work/input" of=/dev/cok/r bs=256 conv=notrunc ||
		status=$?
	is "$status" 1 && t 20 0 wait r failed --timeout $((10 * slow)) || return
	reason | grep -q "$impossible" && looks && gone
}

type_to_it() {
	t 10 '[14]' console r --send hi --until never --timeout 1
}

# Everything at once, for some seconds: whatever becomes of it.
noise() {
	begin noise || return
	for _ in 1 2 3; do
		looks && t 10 '[0147]' ping r --timeout 1 &&
			t 20 '[01347]' grow r --cpus 1 --timeout 1 &&
			t 10 '[0147]' console r --send hi --until never --timeout 1 &&
			neighbour || return
	done
	echo "$(state_of r): $(reason)"
	end
}

claims_stopped() {
	begin claim-stopped && t 20 0 wait r stopped --timeout $((10 * slow)) &&
		reason | grep -q 'shut itself down' && end
}

# The reason of what it wrote as its last words; then as an event, too.
panics() {
	fails panic-text '^panic: '
}

stops_anyway() {
	begin stopped && healthy && t 20 0 stop r --timeout $((5 * slow)) &&
		is "$(state_of r)" stopped && end
}

floods_log() {
	begin log-flood && t 10 0 ping r --timeout $((5 * slow)) && looks &&
		t 20 0 grow r --cpus 1 --timeout $((10 * slow)) && neighbour || return
	timeout -s INT 2 cokctl log r -f >"$work/out"
	printable log "$work/out" && grep -q 'on and on' "$work/out" && end
}

endless_line() {
	begin log-endless && healthy && end && printable log "$work/out"
}

# Not one byte of the text that a terminal would obey got through.
evil_text() {
	begin log-text && await 10 logged 'the log goes on' && healthy && t 20 0 log r &&
		says 'ABCDEFGHIJKLMNOPQRSTUVWXYZ' && says '2J.*title' && end
}

odd_values() {
	begin log-values && await 10 logged 'the log goes on' && t 20 0 log r &&
		is "$(grep -c 'odd$' "$work/out")" 5 && stamps_ascend && healthy && end
}

stamps_ascend() {
	sed -n 's/^\[ *\([0-9.]*\)\].*/\1/p' "$work/out" | sort -n -c
}

events_are_clean() {
	kill -INT "$listener" "$reader"
	wait "$listener" "$reader"
	cat "$work"/listener*
	printable events "$work/events" && printable events "$work/events.json" &&
		jq -e . "$work/events.json" >/dev/null &&
		grep -q 'enclave r is failed: panic' "$work/events"
}

every=${EVERY:-1} lies=0

# lie NAME COMMAND...: a test, which leaves an honest liar or none. The one that
# panics is looked for in the events: of every second lie, it is one.
lie() {
	local before=$tests_failed
	lies=$((lies + 1))
	[ $((lies % every)) = $((65 % every)) ] || return 0
	ok "$@"
	[ "$tests_failed" = "$before" ] || [ ! -e /dev/cok/r ] ||
		cokctl destroy r || true
}

# ---- all of it ----------------------------------------------------------------------

modprobe cok || die 'no module'
mark_dmesg lies
record_host >"$work/home"
cokctl launch --name n --cpus 1 --mem 128M || die 'no neighbour'
at_rest=$(cokctl ledger --json)
cokctl events >"$work/events" 2>"$work/listener" &
listener=$!
cokctl events --json >"$work/events.json" 2>"$work/listener.json" &
reader=$!

lie 'invalid opcode at entry' fails_early 1 early-ud 'exception 6 '
lie 'page fault at entry' fails_early 1 early-pf 'exception 14 .*CR2 0x700000000000'
lie 'general protection at entry' fails_early 1 early-gp 'exception 13 '
lie 'a push without a stack' fails_early 1 early-rsp 'exception (12|14) '
lie 'a write to its text' fails_early 1 early-wp 'exception 14 '
lie 'never READY' fails_early 4 not-ready 'never ready'
lie 'noise before READY' fails_early '[14]' early-noise 'r (ended|was not ready)'
lie 'answers and orders before READY' answers_early
lie 'it can be honest' minds_not none
lie 'exception after READY' dead

lie 'log: position far ahead' minds_not log-ahead log_goes_on 1
lie 'log: position behind' minds_not log-behind log_goes_on 1
lie 'log: position moves backwards' minds_not log-backwards log_goes_on 5
lie 'log: misaligned position' minds_not log-misaligned log_goes_on 1
lie 'log: records of impossible length' minds_not log-records log_goes_on 4
lie 'log: stamps and cores that make no sense' odd_values
lie 'log: escape sequences and NULs' evil_text
lie 'log: a flood of records' floods_log
lie 'log: a line without end' endless_line
lie 'log: noise' minds_not log-noise log_goes_on 1

lie 'messages: position far ahead' fails c2h-ahead "$impossible"
lie 'messages: position behind' fails c2h-behind "$impossible"
lie 'messages: a flood of unknown types' minds_not types messages_bad 100
lie 'messages: READY again' minds_not ready messages_bad 5
lie 'messages: PONG nobody asked for' minds_not pong messages_bad 100
lie 'messages: STOPPED nobody asked for' stops_anyway
lie "messages: the host's own" minds_not host-types messages_bad 100
lie 'messages: numbers jump' minds_not seq messages_bad 3
lie 'messages: random' minds_not random-msgs messages_bad 100
lie 'messages: never read' never_reads
lie 'messages: consumer runs away' fails h2c-cons "$impossible" t 10 '[14]' ping r --timeout 1
lie 'messages: consumer runs backwards' fails h2c-cons-back "$impossible" t 10 '[14]' ping r --timeout 1
lie 'console: consumer runs away' fails conin-cons "$impossible" type_to_it
lie 'console: consumer runs away from a writer that waits' conin_full

lie 'transactions: never opened' minds_not unknown-txns messages_bad 10
lie 'transactions: finished' minds_not finished-txns
lie 'transactions: finished, without end' full_ring
lie 'transactions: each field wrong' no_answer wrong-fields 10
lie 'transactions: each field wrong, then right' minds_not wrong-then-right messages_bad 20
lie 'transactions: PREPARED for an OFFER' no_answer other-kind 1
lie 'transactions: the same answer twice' minds_not twice
lie 'transactions: agreed, then declined' minds_not then-decline
lie 'transactions: declined oddly' odd_decline
lie 'transactions: one of two accepted' first_only
lie 'transactions: answer after the deadline' late
lie 'transactions: parts that are none' no_part
lie 'transactions: more than was asked for' too_much
lie 'transactions: agreed, then in part' minds_not then-partial
lie 'transactions: DONE before the outcome' minds_not done-early messages_bad 2
lie 'transactions: DONE of anything' minds_not forged-done messages_bad 100
lie 'transactions: never DONE' never_done
lie 'transactions: asks for outcomes without end' minds_not queries messages_bad 100
lie 'requests: nonsense' asks_nonsense
lie 'requests: without end' asks_without_end
lie 'releases: of what it may not' gives_what_it_may_not
lie 'releases: twice' gives_twice
lie 'an epoch that is not its own' other_epoch
lie 'a core at a non-canonical address' bad_entry entry-odd '1[23]'
lie 'a core at an unmapped address' bad_entry entry-unmapped 14
lie 'a core in data' bad_entry entry-data 14

lie 'header: overwritten' minds_not header
lie 'core page: noise' minds_not core-page
lie 'core: its APIC moved' other_apic
lie 'header: states that do not exist' minds_not ck-state
lie 'header: last words without end and with escapes' panics
lie 'header: claims to have stopped' claims_stopped
lie 'header: claims that the host is dead' fails claim-parked 'as if the host were dead'
lie 'stats: nonsense' minds_not stats
lie 'everything: noise' noise
lie 'a storm of doorbells' storm

ok 'events: all well-formed' events_are_clean
ok 'the neighbour lives' neighbour
ok 'destroy all' destroy_all
ok 'the ledger is empty' is "$(leases)" 0
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings lies
finish
