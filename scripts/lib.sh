# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the scripts share: where things are, and how to say that something failed.

# A failure inside $(...) is one, too.
shopt -s inherit_errexit

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$top/build
cache=${COK_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/cokernel}

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$@"; exit 1; }

# Runs a command as root, by sudo where that is needed.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "need root (and there is no sudo) for: $*"
	fi
}

# with_lock NAME COMMAND...: two runs never fill the same piece of the cache.
with_lock() {
	local name=$1
	shift
	mkdir -p "$cache"
	(
		flock -w 1800 9 || die "another run holds $cache/$name.lock"
		"$@"
	) 9>"$cache/$name.lock"
}

# make_cpio DIR FILE: everything below DIR, owned by root, as an initramfs piece.
make_cpio() {
	(cd "$1" && find . -mindepth 1 -print0 | LC_ALL=C sort -z |
		cpio --quiet -0 -o -H newc -R 0:0 --reproducible) >"$2.$$"
	mv "$2.$$" "$2"
}

# The newest kernel whose headers are installed.
installed_kernel() {
	local dirs
	dirs=$(find /usr/src -maxdepth 1 -name 'linux-headers-6.1.*[0-9]-amd64' |
		sort -V | tail -n 1)
	[ -n "$dirs" ] || die "no linux-headers-amd64 installed: run scripts/setup"
	printf '%s\n' "${dirs#*/linux-headers-}"
}

# The release of the kernel in a kernel directory (see scripts/fetch).
kernel_release() {
	local found
	found=$(find "$1/lib/modules" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' \
		2>/dev/null) || true
	[ -n "$found" ] && [ "$(wc -l <<<"$found")" = 1 ] ||
		die "$1 is not a kernel directory: want one lib/modules/RELEASE"
	printf '%s\n' "$found"
}
