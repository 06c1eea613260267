#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The packages of `make deb` in a Debian 12 at /debian: installed by its dpkg, used,
# and gone without a trace. The module is what DKMS built of cok-dkms on the build
# machine (/debian/root/dkms). With the word `dkms`, cok-dkms is installed as well,
# and the module is what DKMS builds of it here, which takes long.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"

debian=/debian
release=$(uname -r)
modules=$debian/usr/lib/modules/$release
packages=(libcoord1 libcoord-dev cokctl)
[ "${1-}" != dkms ] || packages+=(cok-dkms)

inside() {
	chroot "$debian" /usr/bin/env -i HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive \
		PATH=/usr/sbin:/usr/bin "$@"
}

# version_of NAME, status_of NAME: as dpkg knows it.
version_of() {
	# shellcheck disable=SC2016  # dpkg's variable
	inside dpkg-query -W -f '${Version}' "$1"
}

status_of() {
	# shellcheck disable=SC2016  # dpkg's variable
	inside dpkg-query -W -f '${db:Status-Status}' "$1"
}

# All that this test says by that name is the packaged one.
cokctl() {
	inside cokctl "$@"
}

# What belongs to the running kernel, as linux-image has it.
prepare() {
	local dir
	for dir in dev proc sys; do
		mount --bind "/$dir" "$debian/$dir" || return
	done
	mkdir -p "$modules" &&
		cp "/usr/lib/modules/$release"/modules.{builtin,order}* "$modules/" &&
		cp "/boot/config-$release" "$debian/boot/" && inside depmod
}

# Each file with its sum, each folder and link; not what dpkg, ldconfig, depmod
# and DKMS's signing keep for themselves.
files() {
	(cd "$debian" && find . \( -path ./proc -o -path ./sys -o -path ./dev \
		-o -path ./root -o -path ./tmp -o -path ./var/lib/dpkg -o -path ./var/log \
		-o -path ./var/cache/ldconfig -o -name ld.so.cache -o -name 'modules.*' \
		-o -path './var/lib/dkms/mok.*' \) -prune -o -print |
		sort >"$work/names" && cat "$work/names" &&
		while read -r name; do
			[ ! -f "$name" ] || [ -L "$name" ] || printf '%s\n' "$name"
		done <"$work/names" | xargs md5sum)
}

install_packages() {
	local name debs=()
	for name; do
		debs+=("/root/deb/$(cd "$debian/root/deb" && echo "$name"_*.deb)")
	done
	inside dpkg -i "${debs[@]}"
}

# dpkg's own record against the disk: nothing missing, nothing changed.
as_packaged() {
	local said
	said=$(inside dpkg -V "${packages[@]}") || return
	is "$said" ''
}

configured() {
	local name
	for name in "${packages[@]}"; do
		is "$(status_of "$name")" installed || return
	done
}

linked() {
	inside ldd /usr/bin/cokctl | tee "$work/ldd"
	grep -q 'libcoord.so.1 => .*/x86_64-linux-gnu/libcoord.so.1' "$work/ldd" &&
		! grep -q 'not found' "$work/ldd"
}


place_module() {
	mkdir -p "$modules/updates/dkms" &&
		cp "$debian/root/dkms/$release/cok.ko" "$modules/updates/dkms/" && inside depmod
}

built_here() {
	inside dkms status cok | tee "$work/dkms"
	grep -q "^cok/.*, $release, x86_64: installed" "$work/dkms"
}

# What a program of one's own would be.
program() {
	local words
	words=$(inside pkg-config --cflags --libs libcoord) || return
	cat >"$debian/tmp/a.c" <<-'END_C'
		#include <coord.h>
		#include <stdio.h>

		int main(void)
		{
			return puts(coord_version()) < 0;
		}
	END_C
	# shellcheck disable=SC2086  # several words
	inside gcc -Wall -Werror -o /tmp/a /tmp/a.c $words || return
	inside ldd /tmp/a | grep libcoord.so.1 && is "$(inside /tmp/a)" "$(version_of libcoord1)"
}

from_dkms() {
	local file
	file=$(inside modinfo -F filename cok) || return
	is "${file#*/modules/}" "$release/updates/dkms/cok.ko" || return
	is "$(inside modinfo -F version cok)" "$(version_of cokctl)"
}

loaded() {
	[ -d /sys/module/cok ]
}

launch() {
	cokctl launch /etc/cok/small.json --name p || return
	core=$(cokctl ledger --json | jq -r '[.[] | select(.apic_id != null)][0].apic_id')
	in_image "$core"
}

answers() {
	cokctl ping p -c 2 && is "$(state_of p)" running && in_image "$core"
}

# The packages again, under a running enclave: it does not notice, and the module
# stays while something is leased.
upgrade() {
	install_packages "${packages[@]}" || return
	if inside modprobe -r cok; then
		echo 'the module went'
		return 1
	fi
	loaded && answers
}

unload() {
	inside modprobe -r cok && ! loaded
}

# What the administrator wrote survives an upgrade and a removal, not a purge.
conffile() {
	echo '{ "cpus": 1, "mem": "256M" }' >"$debian/etc/cok/small.json"
	install_packages cokctl || return
	grep -q 256M "$debian/etc/cok/small.json" || return
	inside dpkg -r cokctl || return
	[ ! -e "$debian/usr/bin/cokctl" ] && grep -q 256M "$debian/etc/cok/small.json"
}

purge() {
	inside dpkg -P "${packages[@]}"
}

same_files() {
	files >"$work/after"
	diff "$work/before" "$work/after"
}

same_packages() {
	inside dpkg-query -W >"$work/packages-after"
	diff "$work/packages" "$work/packages-after"
}

prepare || die 'no Debian to install into'
mark_dmesg deb
inside dpkg-query -W >"$work/packages"
if [ "${1-}" = dkms ]; then
	inside test -e "/lib/modules/$release/build/Makefile" ||
		die "Debian's headers there are not for $release"
else
	place_module || die "no module of DKMS's for $release: make deb-module"
fi
files >"$work/before"
ok 'dpkg installs the packages' install_packages "${packages[@]}"
ok 'they are configured' configured
ok 'the files are as packaged' as_packaged
ok 'cokctl uses the packaged library' linked
if [ "${1-}" = dkms ]; then
	ok 'DKMS built and installed the module' built_here
	ok 'a program can be built with the library' program
fi
ok 'modprobe finds what DKMS made' from_dkms
record_host >"$work/home"
ok 'cokctl loads it by itself' cokctl list
ok 'it is loaded' loaded
ok 'doctor finds nothing in the way' cokctl doctor
ok 'launch with a packaged configuration: the core executes the image' launch
ok 'it answers' answers
ok 'status' cokctl status p
ok 'an upgrade does not disturb it' upgrade
ok 'destroy' cokctl destroy p
ok 'nothing is leased' is "$(leases)" 0
ok 'the module unloads' unload
ok 'the host is home' home
ok 'a changed configuration is kept until purge' conffile
ok 'purge' purge
ok 'no file is left behind, or changed' same_files
ok 'no package is left behind' same_packages
ok 'no new kernel warning' no_new_warnings deb
finish
