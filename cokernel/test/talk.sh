# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# To be sourced: a machine with minihost and an image in it, and how to talk to
# both. Wants dir (of images), work (a directory), here (of this file).

qemu='' from=0

# boot IMAGE [OPTION]...: a new machine, and what it said on the way up.
boot() {
	local image=$1
	shift
	bye
	rm -f "$work"/*
	mkfifo "$work/in" "$work/monitor.in" "$work/monitor.out"
	MINIHOST_MONITOR=pipe:$work/monitor "$here/minihost.sh" "$dir/$image" "$@" \
		<"$work/in" >"$work/out" 2>&1 &
	qemu=$!
	exec 3<>"$work/in" 4<>"$work/monitor.in" 5<>"$work/monitor.out"
	from=0
	hear '^\[msg type 0x81 '
}

bye() {
	[ -n "$qemu" ] || return 0
	monitor quit
	wait "$qemu"
	exec 3>&- 4>&- 5>&-
	qemu=
}

# say LINE...: one after the other; what is heard from here on is newer.
say() {
	from=$(stat -c %s "$work/out")
	printf '%s\n' "$@" >&3
}

heard() {
	local regex
	for regex; do
		tail -c "+$((from + 1))" "$work/out" | grep -Eq -- "$regex" || return
	done
}

# hear REGEX...: each comes, in any order, in what was said since the last say.
hear() {
	local end=$((SECONDS + 90))
	until heard "$@"; do
		if [ "$SECONDS" -ge "$end" ] || ! kill -0 "$qemu"; then
			echo "did not hear: $*"
			tail -n 30 "$work/out"
			return 1
		fi
		sleep 0.1
	done
}

# ask LINE REGEX...: again and again, until one answer has it all.
ask() {
	local line=$1 end=$((SECONDS + 90))
	shift
	until say "$line" && sleep 0.5 && heard "$@"; do
		[ "$SECONDS" -lt "$end" ] || { hear "$@"; return; }
	done
}

monitor() {
	printf '%s\n' "$*" >&4
}

# count REGEX: lines, in what was said since the last say.
count() {
	tail -c "+$((from + 1))" "$work/out" | grep -Ec -- "$1"
}

# translates ADDRESS: what QEMU says of the page tables that core 0 is on.
translates() {
	monitor 'cpu 1'
	monitor "gva2gpa $1"
	timeout 20 grep -aom1 -E 'gpa: 0x[0-9a-f]+|Unmapped' <&5
}
