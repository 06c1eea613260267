#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What is refused: with a real errno, a sentence that helps, and nothing taken.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"

image=/usr/lib/cok/example.elf

launch() {
	cokctl launch --name r --cpus 1 --mem 128M "$@"
}

# ---- images, made from a good one -------------------------------------------------

# poke FILE OFFSET BYTES...: overwrite, bytes in hex.
poke() {
	local file=$1 at=$2
	shift 2
	printf '%b' "$(printf '\\x%s' "$@")" |
		dd of="$file" bs=1 seek="$at" conv=notrunc status=none
}

# Offset of the n-th PT_LOAD's program header.
load_header() {
	local phoff n=$1 i
	phoff=$(od -An -t u8 -j 32 -N 8 "$image")
	for i in 0 1 2 3 4 5 6 7; do
		[ "$(od -An -t u4 -j $((phoff + i * 56)) -N 4 "$image")" -eq 1 ] || continue
		[ "$n" -gt 0 ] || { echo $((phoff + i * 56)); return; }
		n=$((n - 1))
	done
}

# bad_image WORDS COMMAND...: the command spoils the copy $bad.
bad_image() {
	local words=$1
	shift
	bad=$work/bad.elf
	cp "$image" "$bad"
	"$@" || return
	refused 1 "$words" launch --image "$bad"
}

overlap() {
	local first second
	first=$(load_header 0) second=$(load_header 1)
	dd if="$image" of="$bad" bs=1 skip=$((first + 16)) seek=$((second + 16)) \
		count=8 conv=notrunc status=none
}

wrong_major() {
	local at
	# The note is: three sizes, "COK", then the major version.
	at=$(od -An -v -t x4 -w4 "$bad" | awk '$1 == "004b4f43" { print (NR - 1) * 4; exit }')
	poke "$bad" $((at + 4)) 63
}

images() {
	local ph
	ph=$(load_header 0)
	ok 'not an ELF file' bad_image 'not an ELF file' poke "$bad" 0 00
	ok '32-bit' bad_image 'not ELF64 for x86-64' poke "$bad" 4 01
	ok 'another machine' bad_image 'not ELF64 for x86-64' poke "$bad" 18 b7
	ok 'truncated' bad_image 'truncated' truncate -s 300 "$bad"
	ok 'empty' bad_image 'empty' truncate -s 0 "$bad"
	ok 'writable and executable' bad_image 'both writable and executable' \
		poke "$bad" $((ph + 4)) 07
	ok 'a segment outside the image addresses' bad_image 'outside' \
		poke "$bad" $((ph + 16)) 00 00 40 00 00 00 00 00
	ok 'overlapping segments' bad_image 'overlap' overlap
	ok 'larger than its memory' bad_image 'needs' \
		poke "$bad" $(($(load_header 1) + 40)) 00 00 00 10 00 00 00 00
	ok 'another ABI' bad_image 'another major version' wrong_major
	ok 'no such image' refused 1 'No such file' launch --image /nonexistent
	ok 'an image that is a directory' refused 2 'regular file' launch --image /tmp
}

# ---- CPUs ---------------------------------------------------------------------------

cpu() {
	cokctl launch --name r --cpu-list "$1" --mem 128M
}

offlined_by_hand() {
	echo 0 >/sys/devices/system/cpu/cpu1/online || return
	refused 2 'offline' cpu 1
	local status=$?
	echo 1 >/sys/devices/system/cpu/cpu1/online
	return $status
}

the_last() {
	refused 2 'only 3' cokctl launch --name r --cpus 4 --mem 128M
}

cpus() {
	ok 'CPU 0' refused 2 'CPU 0' cpu 0
	ok 'CPU 0 in a list' refused 2 'CPU 0' cpu 0-1
	ok 'an absent CPU' refused 2 'CPU 77' cpu 77
	ok 'a CPU that somebody else offlined' offlined_by_hand
	ok 'more CPUs than can go' the_last
	ok 'a list that is none' refused 2 'nonsense' cpu nonsense
	ok 'a list that runs backwards' refused 2 '3-1' cpu 3-1
	ok 'no CPU at all' refused 2 '' cokctl launch --name r --cpus 0 --mem 128M
}

# ---- memory ----------------------------------------------------------------------------

memory() {
	cokctl launch --name r --cpus 1 --mem-from blocks --mem "$1"
}

sizes() {
	ok 'zero memory' refused 2 '' memory 0
	ok 'off the granularity, naming what would do' refused 2 '128M.*256M' memory 200M
	ok 'below the granularity' refused 2 '128M' memory 1M
	ok 'more than there is' refused 2 'only' memory 64G
	ok 'not a size' refused 2 'banana' memory banana
	ok 'a negative size' refused 2 '' memory -128M
	ok 'a size that overflows' refused 2 '' memory 99999999999999999999G
}

# The highest block holds unmovable pages on this machine, as its page flags tell:
# Linux refuses it.
unmovable() {
	cokctl launch -v --name r --cpus 1 --mem 128M 2>"$work/steps" || return
	cat "$work/steps"
	cokctl destroy r || return
	! grep 'block 39' "$work/steps" &&
		! echo offline 2>"$work/linux" >/sys/devices/system/memory/memory39/state
}

# Pages of a ramfs can't be moved. Offlining tries for as long as it may, and the
# launch runs into its deadline; or Linux gives up first (a debug kernel does, whose
# own pages are in every block). All that was taken comes back. Every second file
# goes away again, so that the free memory is not in blocks of its own.
too_much() {
	local available file status
	mkdir -p "$work/ramfs" && mount -t ramfs none "$work/ramfs" || return
	for file in {1..64}; do
		dd if=/dev/zero of="$work/ramfs/$file" bs=1M count=32 status=none || return
	done
	for file in {1..64..2}; do
		rm "$work/ramfs/$file" || return
	done
	available=$(awk '/MemAvailable/ { print $2 }' /proc/meminfo)
	# shellcheck disable=SC2017  # rounded down to blocks
	refused '4|7' 'memory blocks that refused: [0-9]+ .*, [0-9]+ \(' \
		cokctl launch --name r --cpus 1 --timeout 15 --mem-from blocks \
		--mem $(((available - 262144) / 131072 * 128))M
	status=$?
	umount "$work/ramfs"
	return $status
}

# ---- names, words, configurations --------------------------------------------------------

named() {
	cokctl launch --name "$1" --cpus 1 --mem 128M
}

names() {
	ok 'an empty name' refused 2 'name' named ''
	ok 'an over-long name' refused 2 'name' named "$(printf 'x%.0s' {1..40})"
	ok 'a name with a slash' refused 2 'name' named a/b
	ok 'a name that is a dot' refused 2 'name' named ..
	ok 'a name like an option' refused 2 '' named -x
	ok 'a mode that does not exist' refused 2 'vm' launch --mode vm
	ok 'a mode that will exist' refused 2 'guarded' launch --mode guarded
	ok 'an option that does not exist' refused 2 'mem-form' launch --mem-form contig
	ok 'an owner that does not exist' refused 2 'nobodyhere' launch --owner nobodyhere
	ok 'an unknown verb' refused 2 'frobnicate' cokctl frobnicate
	ok 'no verb' refused 2 '' cokctl
}

config() {
	printf '%s' "$1" >"$work/config.json"
	cokctl launch "$work/config.json"
}

configs() {
	ok 'JSON with a syntax error' refused 2 '' config '{ "name": '
	ok 'JSON with an unknown key' refused 2 '\$\.colour' config '{"name":"r","colour":"red"}'
	ok 'JSON with a bad size, by path' refused 2 '\$\.memory' config '{"name":"r","cpus":1,"memory":"12Q"}'
	ok 'JSON with a wrong type' refused 2 '\$\.cpus' config '{"name":"r","cpus":"one","memory":"128M"}'
	ok 'JSON with a key twice' refused 2 '\$\.name|name' config '{"name":"r","name":"s","cpus":1,"memory":"128M"}'
	ok 'JSON with a mode that does not exist' refused 2 'native' config '{"name":"r","cpus":1,"memory":"128M","mode":"vm"}'
	ok 'JSON that is a list' refused 2 '' config '[]'
	ok 'no such file' refused 1 'No such file' cokctl launch /nonexistent.json
}

# ---- verbs on what is not running ------------------------------------------------------------

with_stopped() {
	local status=0
	launch || return
	cokctl kill r || return
	refused 1 'not running|stopped' cokctl grow r --cpus 1 || status=1
	refused 2 'only 0' cokctl shrink r --cpus 1 || status=1
	refused 1 'not running|stopped' cokctl ping r -c 1 || status=1
	refused 1 'not running|stopped' cokctl kill r || status=1
	refused 1 'not running|stopped' cokctl stop r || status=1
	cokctl destroy r || status=1
	return $status
}

with_running() {
	local status=0 cpu
	launch || return
	cpu=$(cokctl ledger --json | jq '[.[] | select(.kind == "cpu")][0].cpu')
	refused 1 'exists' launch || status=1
	refused 7 'leased' cokctl launch --name s --cpu-list "$cpu" --mem 128M || status=1
	refused 2 'boot core' cokctl shrink r --cpus 1 || status=1
	refused 2 'image' cokctl shrink r --mem 128M || status=1
	refused 2 'boot core' cokctl shrink r --cpu-list "$cpu" || status=1
	refused 2 '' cokctl grow r || status=1
	refused 2 '' cokctl grow r --mem 0 || status=1
	refused 2 '128M' cokctl grow r --mem 100M --mem-from blocks || status=1
	cokctl ping r -c 1 || status=1
	cokctl destroy r || status=1
	return $status
}

verbs() {
	local verb
	for verb in status 'wait' log ping stop kill destroy; do
		case $verb in
		wait) ok 'wait for no such enclave' refused 6 'nosuch' cokctl wait nosuch running --timeout 1 ;;
		*) ok "$verb of no such enclave" refused 6 'nosuch' cokctl "$verb" nosuch ;;
		esac
	done
	ok 'grow of no such enclave' refused 6 'nosuch' cokctl grow nosuch --cpus 1
	ok 'what needs a running enclave, on a stopped one' with_stopped
	ok 'what is impossible with a running one' with_running
}

# ---- co-kernels that do not play along ------------------------------------------------------------

never_ready() {
	refused 4 'ready' launch --cmdline noready --timeout 3 || return
	# The log's tail says how far it came.
	grep -q 'cokernel' "$work/refused"
}

declines() {
	local status=0
	launch --cmdline decline || return
	refused 3 'declined' cokctl grow r --cpus 1 --mem 128M || status=1
	cokctl ping r -c 1 || status=1
	cokctl destroy r || status=1
	return $status
}

mute() {
	local status=0
	launch --cmdline mute || return
	refused 4 '' cokctl grow r --mem 128M --timeout 2 || status=1
	refused 4 '' cokctl ping r -c 1 || status=1
	cokctl destroy r || status=1
	return $status
}

modprobe cok || die 'no module'
mark_dmesg refusals
record_host >"$work/home"
bad=$work/bad.elf
images
cpus
sizes
ok 'an unmovable block is not tried, another is taken' unmovable
ok 'more memory than Linux can spare, naming the blocks' too_much
names
configs
verbs
ok 'a co-kernel that is never ready' never_ready
ok 'a co-kernel that declines' declines
ok 'a co-kernel that does not answer' mute
ok 'the host is home' home
ok 'no new kernel warning' no_new_warnings refusals
finish
