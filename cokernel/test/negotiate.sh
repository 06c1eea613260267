# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# To be sourced by check.sh: parts, amounts, repetitions, requests, releases.

# Message types as minihost prints them.
accept='msg type 0x82' decline='msg type 0x83' prepared='msg type 0x84'
pong='msg type 0x85' stopped='msg type 0x86' partial='msg type 0x87'
request='msg type 0x88' cancel='msg type 0x89' release='msg type 0x8a'
query_end='msg type 0x8b' done_='msg type 0x8c'
in_use='status 0x3' unknown='status 0x5' refused='status 0x9' wanted='status 0xb'

A=0x10000000 B=0x18000000 # memory to grow by, 128 MiB each

grow_core() {
	say "!c $1" && hear "$accept" "core $1: online"
}

grow_mem() {
	say "!m $1 $2" && hear "$accept" "granted $1"
}

# ---- draining ---------------------------------------------------------------------

# What runs on a core that leaves goes on elsewhere, and is finished.
drains_work() {
	boot cokernel.elf && grow_core 1 && grow_core 2 &&
		say 'work 3 8' && ask work 'work: 3 running, 0 waiting' &&
		say '!C 2' && hear "$prepared" 'core 2 leaves job' &&
		hear 'job 1 done' 'job 2 done' 'job 3 done' 'moved 1 times' &&
		say work && hear 'work: 0 running, 0 waiting, 3 done, 1 moved'
}

# A core that sleeps for a recall is not waited for, one that is back is.
leaves_shootdown() {
	boot cokernel.elf && grow_core 1 && grow_mem $A 0x8000000 &&
		say '!h 1' '!C 1' && hear "$prepared txid 0x3 " &&
		say "!M $A 0x8000000" && hear "$prepared txid 0x4 " &&
		say stats && hear 'tlb: flushes 1, sent 0, acked 0' \
			'proved drained 1' &&
		say '!a' '!t 4 3' 'run 1' && hear 'core 1 says' &&
		say "!M $A 0x8000000" && hear "$prepared txid 0x5 " &&
		say stats && hear 'proved drained 2' \
			'tlb: flushes 2, sent 1, acked 1, excused 0, failed 0'
}

# Looked at from outside: not mapped when PREPARED is said, mapped after ABORT.
unmaps() {
	boot cokernel.elf && grow_mem $A 0x8000000 &&
		[ "$(translates 0xffff800010000000)" = 'gpa: 0x10000000' ] &&
		say '!h 1' "!M $A 0x8000000" && hear "$prepared" &&
		[ "$(translates 0xffff800010000000)" = Unmapped ] &&
		[ "$(translates 0xffff800017fff000)" = Unmapped ] &&
		say '!a' && hear "$done_ txid 0x2 " &&
		[ "$(translates 0xffff800017fff000)" = 'gpa: 0x17fff000' ]
}

# Frames in use go elsewhere, and nothing in them is lost.
moves_frames() {
	boot cokernel.elf && grow_mem $A 0x8000000 && say 'hold 16M' &&
		hear 'hold: 16384 KiB movable, 4096 frames, 0 bad' &&
		say "!M $A 0x8000000" && hear "$prepared" "gave back $A" &&
		say hold && hear '4096 frames, 0 bad' &&
		say stats && hear 'frames moved 4096, .*proved drained 1' &&
		say drop mem && hear 'no movable frames' 'total 65536 KiB in 1 ranges'
}

# ---- parts and amounts ---------------------------------------------------------------

# One frame in the middle stays: the exact part that can go.
part_around_fixed() {
	boot cokernel.elf && say '!g 21' && grow_mem $A 0x8000000 &&
		say 'hold 64M' 'hold 4K fixed' drop && hear 'no movable frames' &&
		say "!M $A 0x8000000" &&
		hear "$partial .*$in_use .*start $A size 0x4000000 " \
			"gave back $A, 65536 KiB" &&
		say '!M 0x14000000 0x4000000' &&
		hear "$partial .*$in_use .*start 0x14200000 size 0x3e00000 " \
			'gave back 0x14200000' &&
		say mem && hear 'range 0x14000000-0x141fffff 2048 KiB, free 2044 KiB' &&
		say '!M 0x14000000 0x200000' && hear "$decline .*$in_use"
}

# Without a granule it is all or none.
part_needs_granule() {
	boot cokernel.elf && grow_mem $A 0x8000000 && say 'hold 4K fixed' &&
		hear '1 frames' && say "!M $A 0x8000000" &&
		hear "$decline .*$in_use" && say 'drop fixed' "!M $A 0x8000000" &&
		hear "$prepared"
}

# More in use than there is room for elsewhere: as much goes as can be moved.
part_without_room() {
	boot cokernel.elf && say '!g 21' && grow_mem $A 0x8000000 &&
		say 'hold 100M' && hear '25600 frames, 0 bad' &&
		say '!d 60' "!M $A 0x8000000" &&
		hear "$partial .*$in_use .*start 0x12600000 size 0x5a00000 " &&
		say hold stats && hear '25600 frames, 0 bad' 'frames moved 15872,'
}

# Nor is there time to move it all: part of it, if not the same one each time.
part_without_time() {
	boot cokernel.elf && say '!g 21' && grow_mem $A 0x8000000 &&
		say 'hold 100M' && hear '25600 frames, 0 bad' &&
		say '!d 1' "!M $A 0x8000000" && hear "$partial .*$in_use .*size 0x" &&
		say hold && hear '25600 frames, 0 bad'
}

# The empty range goes; then, of the other one, its last part, after a move.
amounts_of_memory() {
	boot cokernel.elf && say '!g 21' && grow_mem $A 0x4000000 &&
		grow_mem $B 0x4000000 && say 'hold 8M' && hear '2048 frames' &&
		say '!A 0x4000000' "!M $A 0x4000000 $B 0x4000000" &&
		hear "$partial .*$wanted index 0x0 of 0x2 start $A size 0x0 " \
			"$prepared .* index 0x1 of 0x2 start $B size 0x4000000 " \
			"gave back $B" &&
		say '!A 0x200000' "!M $A 0x4000000" &&
		hear "$partial .*$wanted .*start 0x13e00000 size 0x200000 " &&
		say '!A 0' "!M $A 0x3e00000" && hear "$prepared" "gave back $A" &&
		say hold && hear '2048 frames, 0 bad'
}

# The idle core goes, not the one with something to do.
amounts_of_cores() {
	boot cokernel.elf && grow_core 1 && grow_core 2 &&
		say 'spin 1 600' '!A 1' '!C 1 2' &&
		hear "$partial .*$wanted index 0x0 of 0x2 start 0x2 size 0x0 " \
			"$prepared .* index 0x1 of 0x2 start 0x3 size 0x2 " \
			'core 2: given back'
}

# One that does not get done in time stays, the others go.
part_of_cores() {
	boot cokernel.elf && grow_core 1 && grow_core 2 &&
		say 'spin 1 600' '!d 10' '!C 0 1 2' &&
		hear "$partial .*status 0x4 index 0x0 .*size 0x0 " \
			"$partial .*$in_use index 0x1 .*size 0x0 " \
			"$prepared .* index 0x2 .*start 0x3" \
			'core 2: given back' && say cpus && hear '2 online'
}

keeps_cores() {
	boot cokernel.elf keep=2 && grow_core 1 && grow_core 2 && say '!C 1 2' &&
		hear "$prepared .* index 0x0 " "$partial .*$refused index 0x1 " &&
		say 'set keep 1' '!C 2' && hear 'core 2: given back'
}

# Below its threshold it gives nothing.
keeps_memory() {
	boot cokernel.elf && say '!g 21' && grow_mem $A 0x4000000 &&
		say 'threshold 100M' "!M $A 0x4000000" &&
		hear "$partial .*$refused .*size 0x1a00000 " 'gave back 0x12600000'
}

part_of_offer() {
	boot cokernel.elf && say '!h 2' '!c 3 4' &&
		hear "$accept .* index 0x0 of 0x2 " \
			"$partial .*status 0x2 index 0x1 of 0x2 .*size 0x0 " &&
		say '!h 0' 'set take 1' "!m $A 0x200000 $B 0x200000" &&
		hear "$accept .* index 0x0 " "$partial .*status 0x2 index 0x1 " \
			"granted $A" && say mem && hear 'in 2 ranges'
}

# ---- repetitions -----------------------------------------------------------------------

query_is_answered() {
	boot cokernel.elf && say '!h 1' "!m $A 0x200000" && hear "$accept" &&
		say '!t 7 1' && hear "$accept txid 0x1 " &&
		say '!l' && hear "$accept txid 0x1 " &&
		say '!t 7 50' && hear "$decline txid 0x32 $unknown" &&
		say '!y' && hear "granted $A" "$done_ txid 0x1 " &&
		say '!t 7 1' && hear "$done_ txid 0x1 "
}

commit_twice() {
	boot cokernel.elf && grow_mem $A 0x200000 && say '!t 3 1' &&
		hear "$done_ txid 0x1 " && say '!l' && hear "$done_ txid 0x1 " &&
		say mem && hear 'in 2 ranges'
}

# The outcome is late, then lost, then its DONE is.
asks_for_outcome() {
	boot cokernel.elf && say '!h 1' "!m $A 0x200000" && hear "$accept" &&
		hear "$query_end txid 0x1 " && say '!y' && hear "granted $A" &&
		say '!h 0' 'set lose 1' "!m $B 0x200000" &&
		hear "$query_end txid 0x2 " "granted $B" "$done_ txid 0x2 " &&
		say 'set lose.done 1' '!M '"$B 0x200000" && hear "gave back $B" &&
		[ "$(count "$done_")" = 0 ] && say '!t 3 3' && hear "$done_ txid 0x3 "
}

other_epoch() {
	boot cokernel.elf && say '!e 7' '!p' "!m $A 0x200000" '!t 3 1' '!e 1' \
		stats && hear 'stale 3,' && [ "$(count "$pong|$accept")" = 0 ] &&
		say '!p' && hear "$pong .*epoch 0x1]"
}

answers_slowly() {
	boot cokernel.elf delay=2000 && say "!m $A 0x200000" '!p' && hear "$pong" &&
		[ "$(count "$accept")" = 0 ] && hear "$accept" "granted $A" &&
		say deals && hear 'offer 1: .*; committed, why -; [23]...? ms'
}

# ---- what it asks for -----------------------------------------------------------------

requests() {
	boot cokernel.elf && say 'request mem 64M high' &&
		hear "$request txid 0x1 .*size 0x4000000 arg0 0x2 " && sleep 2 &&
		[ "$(count "$request txid 0x1 ")" -ge 2 ] && say '!r 1 1' &&
		hear 'request 1: queued' && say deals &&
		hear 'waits: request 1, 65536 KiB, urgency 2, queued' &&
		say 'cancel 1' && hear "$cancel txid 0x1 " && say '!r 1 4' &&
		hear 'request 1: cancelled' && say deals &&
		hear 'deal: request 1: asked 0 cores, 65536 KiB.*; cancelled' &&
		[ "$(count waits)" = 0 ] && say 'request cpu 2 low' &&
		hear "$request txid 0x2 .*size 0x2 arg0 0x0 " && say '!r 2 3 9' &&
		hear 'request 2: denied, 0, why 9'
}

releases() {
	boot cokernel.elf && grow_core 1 && grow_mem $A 0x4000000 &&
		say 'release cpu 1' && hear "$release txid 0x1 .*start 0x2 size 0x1 " \
			'core 1: given back' &&
		say 'release mem 64M' && hear "$release txid 0x2 .*start $A" \
			"gave back $A" &&
		say deals stats &&
		hear 'deal: release 2: asked 0 cores, 65536 KiB; .*; committed' \
			'released 2' 'proved drained 1' &&
		say 'release cpu 1' 'release mem 64M' &&
		ask 'release mem 2M' 'nothing to give'
}

# It is repeated until it is answered; a denied one has not been.
release_denied() {
	boot cokernel.elf && grow_core 1 && say '!h 1' 'release cpu 1' &&
		hear "$release txid 0x1 " && sleep 1.5 &&
		[ "$(count "$release")" -ge 2 ] && say '!r 1 3 8' 'run 1' &&
		hear 'core 1 says' && say deals && hear 'release 1: .*; denied'
}

# Under its threshold it asks once, takes what comes, and asks again when it must.
threshold() {
	boot cokernel.elf want.mem=80M want.step=32M && say '!w 10' &&
		hear "$request txid 0x1 .*size 0x2000000 arg0 0x1 " &&
		say '!r 1 1' && hear 'request 1: queued' && sleep 3 &&
		[ "$(count "$request")" -le 1 ] && [ "$(count "$request txid 0x[^1]")" = 0 ] &&
		say '!A 1' "!m $A 0x2000000" && hear "granted $A" &&
		say '!r 1 2 0 0x2000000' && hear 'request 1: granted, 33554432' &&
		sleep 3 && [ "$(count "$request|$cancel")" = 0 ] && say deals &&
		hear 'offer 1 for request 1:' 'request 1: .*; granted' &&
		say 'hold 32M' && hear "$request txid 0x2 " && say drop &&
		hear "$cancel txid 0x2 "
}

# A refusal is taken for a while.
threshold_denied() {
	boot cokernel.elf want.mem=80M && say '!w 10' && hear "$request txid 0x1 " &&
		say '!r 1 3 9' && hear 'request 1: denied' && sleep 5 &&
		[ "$(count "$request")" = 0 ] && hear "$request txid 0x2 "
}

# Work for three cores, and there is one.
work_asks_for_cores() {
	boot cokernel.elf && say 'work 3 60' &&
		hear "$request txid 0x1 .*size 0x2 arg0 0x2 " && say '!r 1 1' &&
		hear 'request 1: queued' && say '!A 1' '!c 1 2' &&
		hear 'core 1: online' 'core 2: online' && say '!r 1 2 0 2' &&
		ask work 'work: 3 running, 0 waiting' && [ "$(count "$cancel")" = 0 ]
}

check_negotiation() {
	ok 'a core that leaves moves its work' drains_work
	ok 'a core that sleeps is not asked to flush' leaves_shootdown
	ok 'PREPARED memory is unmapped, seen from outside' unmaps
	ok 'frames are moved out of memory that goes' moves_frames
	ok 'a frame that stays: the exact part' part_around_fixed
	ok 'without a granule: all or none' part_needs_granule
	ok 'little room to move: what there is room for' part_without_room
	ok 'little time to move: what there is time for' part_without_time
	ok 'amounts of memory: the cheapest first' amounts_of_memory
	ok 'amounts of cores: the idle one' amounts_of_cores
	ok 'part of the cores' part_of_cores
	ok 'keeps so many cores' keeps_cores
	ok 'keeps its threshold of memory' keeps_memory
	ok 'part of an offer' part_of_offer
	ok 'a QUERY gets the answer again' query_is_answered
	ok 'a COMMIT again gets DONE again' commit_twice
	ok 'an outcome that does not come is asked for' asks_for_outcome
	ok 'another epoch is ignored' other_epoch
	ok 'a slow answer' answers_slowly
	ok 'requests, and takes them back' requests
	ok 'releases' releases
	ok 'a release that is denied' release_denied
	ok 'below its threshold: one request' threshold
	ok 'a refusal is taken for a while' threshold_denied
	ok 'work that waits asks for cores' work_asks_for_cores
}
