#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh [all]: of what is much alike a third, or all of it.
#
# cokctl run: programs in ring 3 of an enclave, compared with the same programs on
# the host; hostile programs, hostile proxies, and what ends at the wrong time.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"

here=$(dirname "$(readlink -f "$0")")
hello=$here/hello
all=${1-}
turn=0
kills=8 seeds=1
[ -z "$all" ] || kills=24 seeds=3

run() {
	cokctl run --name e -- "$@"
}

in_turn() {
	turn=$((turn + 1))
	[ -n "$all" ] || [ $((turn % 3)) = 1 ]
}

# gives STATUS COMMAND...
gives() {
	local want=$1 status=0
	shift
	"$@" || status=$?
	is "$status" "$want"
}

alive() {
	is "$(state_of e)" running && gives 5 run "$hello" 5 >/dev/null
}

# ---- the first program ----------------------------------------------------------

says_hello() {
	HELLO=world gives 42 run "$hello" 42 b c >"$work/out" 2>"$work/err" || return
	cat "$work/out" "$work/err"
	is "$(<"$work/out")" "hello from $hello, HELLO=world, page size 4096" &&
		is "$(<"$work/err")" '3 arguments'
}

# From outside: a core of the enclave executes the program's loop.
in_ring_three() {
	local pid rip
	cokctl run --name e -- busybox awk 'BEGIN { while (1) n++ }' &
	pid=$!
	await 20 user_rip
	local status=$?
	rip=$(user_rip)
	kill -TERM $pid
	wait $pid
	is $? 143 || return
	echo "$rip"
	return $status
}

# A core out of Linux's hands with CPL 3, by QEMU's monitor.
user_rip() {
	hmp 'info registers -a' | awk '/^CPU#/ { cpu = substr($1, 5) }
		/CPL=3/ && cpu >= 2 { print; found = 1 } END { exit !found }'
}

environment() {
	unset HELLO
	cokctl run --name e -e HELLO=there -e X=1 -- "$hello" >"$work/out" 2>/dev/null || return
	cat "$work/out"
	grep -q 'HELLO=there' "$work/out"
}

pipes() {
	local statuses
	is "$(printf 'b\na\n' | run busybox sort | run busybox head -n 1)" a || return
	run busybox yes | head -n 1
	statuses=("${PIPESTATUS[@]}")
	is "${statuses[0]}" 141
}

# 126, 127, and 125 for what is cokctl's own.
not_run() {
	echo 'no program' >"$work/text"
	chmod +x "$work/text"
	gives 127 run /nosuch && gives 127 run nosuch && gives 126 run /etc/passwd &&
		gives 126 run "$work/text" && gives 126 run /root &&
		gives 125 cokctl run --name nosuch -- "$hello" &&
		gives 125 cokctl run -- "$hello" &&
		gives 125 cokctl run --name e --cpus 1 -- "$hello" &&
		gives 125 cokctl run --name e -e novalue -- "$hello" &&
		gives 125 cokctl run --name e --populate some -- "$hello"
}

populated() {
	local lazy eager
	lazy=$(cokctl run --name e --stats -- "$hello" 2>&1 | faults)
	eager=$(cokctl run --name e --populate eager --stats -- "$hello" 2>&1 | faults)
	echo "page faults: lazy $lazy, eager $eager"
	[ "$lazy" -gt 0 ] && [ "$eager" -lt "$lazy" ]
}

faults() {
	sed -n 's/.* \([0-9]*\) page faults$/\1/p'
}

names_unknown() {
	cokctl run --name e --stats -- "$here/calls" "$(mktemp -d)" 2>"$work/err" >/dev/null
	cat "$work/err"
	grep -q 'unknown: ? (9999), 1 times' "$work/err"
}

# ---- compared with the host --------------------------------------------------------

same_calls() {
	mkdir "$work/d"
	"$here/calls" "$work/d" >"$work/on-host" || return
	run "$here/calls" "$work/d" >"$work/in-enclave" || return
	wc -l <"$work/on-host"
	diff "$work/on-host" "$work/in-enclave" && rmdir "$work/d"
}

fill_folder() {
	mkdir -p "$1/dir"
	printf '%s\n' 'alpha:1 one' 'bravo:2 two' 'alpha:3 one' 'zulu:4 four' 'golf:5 five' \
		'hello:6 world of words' >"$1/text"
	seq 1 3 40 >"$1/nums"
	head -c 100000 /usr/bin/busybox >"$1/bin"
	touch -d @1700000000 "$1"/{text,nums,bin}
}

# applet SIDE WORD...: its output, errors, and status, without what is a side's own.
applet() {
	local side=$1 status=0 words=()
	shift
	[ "$side" = host ] || words=(cokctl run --name e --)
	(cd "$work/$side" && HELLO=hi "${words[@]}" busybox "$@" <text) \
		>"$work/$side.out" 2>"$work/$side.err" || status=$?
	sed -i "s|$work/$side|DIR|g" "$work/$side.out"
	echo "$status" >>"$work/$side.out"
	cat "$work/$side.err" >>"$work/$side.out"
}

# One line of the table, on both sides.
same_applet() {
	applet host "$@"
	applet enclave "$@"
	cmp "$work/host.out" "$work/enclave.out" && return
	diff -a "$work/host.out" "$work/enclave.out" | head -n 20
	return 1
}

all_applets() {
	local line words
	fill_folder "$work/host"
	fill_folder "$work/enclave"
	while read -r line; do
		case $line in '#'* | '') continue ;; esac
		in_turn || continue
		read -ra words <<<"${line//\\/\\\\}"
		ok "busybox $line" same_applet "${words[@]}"
	done <"$here/applets.txt"
	ok 'the same files afterwards' diff -r "$work/host" "$work/enclave"
}

same_crash() {
	local host=0 enclave=0
	"$here/crash" "$1" >"$work/on-host" 2>/dev/null || host=$?
	run "$here/crash" "$1" >"$work/in-enclave" 2>/dev/null || enclave=$?
	echo "status $host on the host, $enclave in the enclave"
	[ "$host" = "$enclave" ] && cmp "$work/on-host" "$work/in-enclave"
}

all_crashes() {
	local kind
	for kind in $("$here/crash" list); do
		in_turn || [ "$kind" = undefined ] || continue
		ok "dies of $kind" same_crash "$kind"
	done
	ok 'the log has its registers' eval 'cokctl log e | grep "(crash): invalid opcode"'
	ok 'the enclave is unharmed' alive
}

# ---- hostile -----------------------------------------------------------------------------

bad_pointers() {
	(cd "$work/host" && run "$here/hostile" pointers) >"$work/out" || return
	grep -q survived "$work/out" && alive
}

random_calls() {
	local seed
	for seed in $(seq $seeds); do
		(cd "$work/host" && run "$here/hostile" random "$seed" 3000) >"$work/out" 2>&1 || return
		grep -aq survived "$work/out" || return
	done
	alive
}

bad_proxy() {
	timeout 30 "$here/badproxy" /dev/cok/e "$1" "$hello" && alive
}

# ---- ends at the wrong time -------------------------------------------------------------------

free_memory() {
	say_to e mem total | sed -n 's/.*total.* free \([0-9]*\) KiB.*/\1/p' | tail -n 1
}

memory_back() {
	[ "$(free_memory)" = "$1" ]
}

proxy_killed() {
	local free pid i
	free=$(free_memory)
	[ -n "$free" ] || return
	for i in $(seq $kills); do
		cokctl run --name e -- busybox sha256sum /usr/bin/busybox /usr/bin/busybox >/dev/null &
		pid=$!
		sleep "$((RANDOM % 2)).$((RANDOM % 90 + 10))"
		kill -KILL $pid 2>/dev/null
		wait $pid
		echo "kill $i: $?"
	done 2>/dev/null
	echo "free before: $free"
	await 10 memory_back "$free" || { cokctl log e | tail -n 20; return 1; }
	alive
}

# signalled SIGNAL COMMAND...: it gets the signal after a second, and dies of it. With
# job control, so that SIGINT is not ignored in the background.
signalled() {
	local signal=$1 status=0 pid
	shift
	set -m
	"$@" &
	pid=$!
	set +m
	sleep 2
	kill "-$signal" $pid
	wait $pid || status=$?
	is $status $((128 + $(kill -l "$signal")))
}

signals() {
	local signal
	for signal in INT TERM HUP USR1; do
		signalled $signal cokctl run --name e -- busybox sleep 60 || return
	done
}

ignored() {
	local status=0 pid
	(trap '' USR1 && exec cokctl run --name e -- busybox sleep 4) &
	pid=$!
	sleep 2
	kill -USR1 $pid
	wait $pid || status=$?
	is $status 0
}

# In a read that never ends, and in a loop that asks for nothing.
signal_anywhere() {
	mkfifo "$work/fifo"
	exec 3<>"$work/fifo"
	signalled TERM cokctl run --name e -- busybox cat <&3 || return
	exec 3<&-
	signalled INT cokctl run --name e -- busybox awk 'BEGIN { while (1) n++ }'
}

# More than there are cores: they wait.
many_at_once() {
	local pids=() pid
	for _ in 1 2 3 4 5; do
		run busybox sleep 1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || return
	done
	alive
}

unprivileged() {
	cokctl launch --name u --cpus 1 --mem 128M --owner user || return
	is "$(su user -c 'cokctl run --name u -- busybox id -u')" 1000 || return
	gives 125 su nobody -s /bin/sh -c "cokctl run --name u -- busybox true"
}

enclave_dies() {
	local pid status=0
	cokctl run --name u -- busybox sleep 100 2>"$work/err" &
	pid=$!
	sleep 2
	cokctl kill u || return
	wait $pid || status=$?
	cat "$work/err"
	is $status 125 && grep -q "enclave 'u' ended under the program" "$work/err" &&
		cokctl destroy u
}

# What is granted is the program's as well; it goes again when the program has gone.
grows_for_it() {
	local need=(busybox dd if=/dev/zero of=/dev/null bs=150M count=1)
	gives 1 run "${need[@]}" || return
	cokctl grow e --mem 128M && run "${need[@]}" && cokctl shrink e --mem 128M
}

own_enclave() {
	local before
	before=$(leases)
	is "$(cokctl run --cpus 1 --mem 128M -- busybox uname -m)" x86_64 &&
		gives 9 cokctl run --cpus 1 --mem 128M -- "$hello" 9 && is "$(leases)" "$before"
}

own_from_pool() {
	local before
	gives 125 cokctl run --cpus 1 --mem 128M --from pool -- "$hello" || return
	cokctl reserve --cpus 1 --mem 128M || return
	before=$(leases)
	gives 9 cokctl run --cpus 1 --mem 128M --from pool -- "$hello" 9 &&
		is "$(leases)" "$before" && cokctl release --all
}

# A program that tells when it runs, and then never ends.
own_forever() {
	exec cokctl run --cpus 1 --mem 128M -- \
		busybox awk 'BEGIN { print "up"; fflush(); while (1) n++ }' >"$work/up" 2>"$work/own.err"
}

own_exists() {
	[ "$(state_of "run-$1")" ]
}

program_is_up() {
	[ -s "$work/up" ]
}

# own_killed UNTIL: kill -9 of the process that made the enclave, then.
own_killed() {
	local before pid
	before=$(leases)
	rm -f "$work/up"
	own_forever &
	pid=$!
	await 60 "$1" $pid || return
	kill -KILL $pid
	wait $pid
	cokctl list >"$work/list" 2>"$work/err"
	cat "$work/list" "$work/err"
	grep -q "recovered: .*'run-$pid'" "$work/err" && ! grep -q "run-$pid" "$work/list" &&
		is "$(leases)" "$before"
}

# It is nobody else's, but to kill.
own_is_held() {
	local before pid status=0
	before=$(leases)
	rm -f "$work/up"
	own_forever &
	pid=$!
	await 60 program_is_up || return
	gives 7 cokctl destroy "run-$pid" && is "$(cokctl status "run-$pid" --json | jq -r .operation.kind)" run &&
		cokctl kill "run-$pid" || return
	wait $pid || status=$?
	cat "$work/own.err"
	is $status 125 && is "$(leases)" "$before"
}

one_core() {
	cokctl launch --name o --cpus 1 --mem 128M && gives 3 cokctl run --name o -- "$hello" 3 &&
		say_to o 'mem' total && cokctl destroy o
}

modprobe cok || die 'no module'
# What crashes on the host, to compare, is not to look like a defect of it.
echo 0 >/proc/sys/debug/exception-trace
mark_dmesg run
record_host >"$work/home"
ok 'launch' cokctl launch --name e --cpus 2 --mem 128M
ok 'a static program, its words and its status' says_hello
ok 'it is in ring 3 of a core of the enclave' in_ring_three
ok 'environment' environment
ok 'pipes, and SIGPIPE' pipes
ok 'what cannot be run' not_run
ok 'memory comes lazily, or at once' populated
ok 'an unknown system call is named' names_unknown
ok 'system calls answer as the host' same_calls
all_applets
all_crashes
ok 'bad pointers to every call' bad_pointers
ok 'random calls' random_calls
for case in mapping calls no-file lies strange-error many-arguments no-arguments \
	large-arguments missing-strings endless-string; do
	ok "a bad proxy: $case" bad_proxy $case
done
ok 'signals end it' signals
ok 'but not those that are ignored' ignored
ok 'also in a read that never ends' signal_anywhere
ok 'its proxy is killed, at any time' proxy_killed
ok 'more programs than cores' many_at_once
ok 'a user without privileges' unprivileged
ok 'the enclave dies under it' enclave_dies
ok 'memory that is granted later' grows_for_it
ok 'in an enclave with one core' one_core
ok 'in an enclave of its own' own_enclave
ok 'that is from the pool' own_from_pool
ok 'that is held as long' own_is_held
ok 'kill -9 while it is made' own_killed own_exists
ok 'kill -9 while its program runs' own_killed program_is_up
ok 'the enclave still runs' alive
ok 'destroy all' destroy_all
ok 'the module unloads' modprobe -r cok
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings run
finish
