# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Builds the guest's initramfs from pieces: a cached base, cached packages, and
# what changes with every run. Sourced by test/vm/run.

guest_lib=usr/lib/x86_64-linux-gnu

# The C library's parts a package may ask for; the rest follows from ldd.
base_libs='libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1
	libresolv.so.2 libgcc_s.so.1 libnl-3.so.200 libnl-genl-3.so.200
	libcjson.so.1'

# What the tests in the guest want besides busybox.
base_tools=(/usr/bin/bash /usr/bin/jq)

# copy_libs ROOT FILE...: the shared libraries the files need and ROOT lacks.
copy_libs() {
	local root=$1 path
	shift
	LD_LIBRARY_PATH=$build/libcoord ldd "$@" 2>/dev/null |
		awk '$2 == "=>" && $3 ~ "^/" { print $3 }' | sort -u |
		while read -r path; do
			case $path in
			"$build"/*) continue ;;
			esac
			[ -e "$root/$guest_lib/${path##*/}" ] ||
				cp -L "$path" "$root/$guest_lib/"
		done
}

fill_base() {
	local root=$1 name path
	mkdir -p "$root"/{usr/{bin,sbin,lib64,"${guest_lib#usr/}"},dev,proc,sys,tmp,run,root,home/user,etc/cok-vm,boot,var}
	for name in bin sbin lib lib64; do
		ln -s "usr/$name" "$root/$name"
	done
	ln -s ../run "$root/var/run"
	cp "$(command -v busybox)" "$root/usr/bin/busybox"
	for name in $(busybox --list); do
		[ "$name" = busybox ] || ln -s busybox "$root/usr/bin/$name"
	done
	cp "${base_tools[@]}" "$root/usr/bin/"
	cp -L /lib64/ld-linux-x86-64.so.2 "$root/usr/lib64/"
	for name in $base_libs; do
		path=$(/sbin/ldconfig -p | awk -v n="$name" \
			'$1 == n && /x86-64/ && !found++ { print $NF }')
		[ -n "$path" ] || die "no $name here: run scripts/setup"
		cp -L "$path" "$root/$guest_lib/"
	done
	copy_libs "$root" "${base_tools[@]}"
	fill_etc "$root/etc"
	cp "$top/test/vm/init" "$root/init"
	cp "$build/vm/hmp" "$root/usr/bin/hmp"
	chmod 755 "$root/init"
}

fill_etc() {
	local etc=$1
	cp /usr/lib/os-release "$etc/os-release"
	echo cokernel >"$etc/hostname"
	cat >"$etc/passwd" <<-END
		root:x:0:0:root:/root:/bin/bash
		user:x:1000:1000:user:/home/user:/bin/bash
		nobody:x:65534:65534:nobody:/:/bin/false
	END
	printf 'root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n' >"$etc/group"
	printf '127.0.0.1 localhost cokernel\n' >"$etc/hosts"
	printf 'passwd: files\ngroup: files\nhosts: files\n' >"$etc/nsswitch.conf"
	printf "PS1='\\\\h:\\\\w\\\\$ '\n" >"$etc/profile"
}

# The name of the base piece, made if its ingredients have changed.
base_cpio() {
	local key file
	key=$(cat "$top/test/vm/init" "$top/test/vm/initramfs.sh" "$build/vm/hmp" \
		"${base_tools[@]}" "$(command -v busybox)" \
		/lib/x86_64-linux-gnu/lib{c.so.6,nl-3.so.200,cjson.so.1} | sha256sum)
	file=$cache/initramfs/base-${key:0:16}.cpio
	with_lock initramfs make_base "$file"
	printf '%s\n' "$file"
}

make_base() {
	[ ! -e "$1" ] || return 0
	mkdir -p "${1%/*}"
	# Those of earlier versions are of no use to anybody any more.
	find "${1%/*}" -name 'base-*.cpio' -mtime +7 -delete
	fill_base "$work/base"
	make_cpio "$work/base" "$1"
}

package_cpio() {
	local dir file
	dir=$("$top/scripts/fetch" package "$1") || die "--package: no $1"
	file=$cache/initramfs/package-$1.cpio
	[ "$file" -nt "$dir" ] || make_cpio "$dir" "$file"
	printf '%s\n' "$file"
}

debian_cpio() {
	local tar file=$cache/initramfs/debian-$1.cpio
	tar=$("$top/scripts/fetch" debian "$1") || die "--debian: no $1"
	if [ ! "$file" -nt "$tar" ]; then
		mkdir -p "$work/debian/debian" "$cache/initramfs"
		# Devices and owners are not everybody's to make.
		tar -C "$work/debian/debian" --exclude='./dev/*' --no-same-owner \
			-p -xf "$tar"
		make_cpio "$work/debian" "$file"
		rm -rf "$work/debian"
	fi
	printf '%s\n' "$file"
}

# install_built ROOT KERNEL MODULE: the built tree, as an installation has it.
install_built() {
	local root=$1 kernel=$2 module=$3 file release
	release=$(kernel_release "$kernel")
	for file in "$module" "$build"/{cli/cokctl,cokernel/cokernel.elf,libcoord/libcoord.so.1}; do
		[ -e "$file" ] || die "no ${file#"$top"/}: run make vm first, or make vm-VERSION (or use --bare)"
	done
	mkdir -p "$root"/{usr/bin,usr/lib/cok/test,"$guest_lib",etc/cok,"usr/lib/modules/$release/extra"}
	strip --strip-debug -o "$root/usr/lib/modules/$release/extra/cok.ko" "$module"
	cp "$build/cli/cokctl" "$root/usr/bin/"
	cp -a "$build"/libcoord/libcoord.so.1* "$root/$guest_lib/"
	cp "$build"/cokernel/*.{elf,debug} "$root/usr/lib/cok/"
	cp -a "$top/test/guest/." "$root/usr/lib/cok/test/"
	if [ -d "$top/configs" ]; then
		cp -a "$top/configs/." "$root/etc/cok/"
	fi
	find "$build/test-guest" -maxdepth 1 -type f -perm /111 \
		-exec cp -t "$root/usr/lib/cok/test/" {} +
}

# install_modules ROOT KERNEL NAME...: modules of the kernel's own, an index, and its
# configuration.
install_modules() {
	local root=$1 kernel=$2 release name path
	shift 2
	release=$(kernel_release "$kernel")
	mkdir -p "$root/usr/lib/modules/$release"
	ln -s usr/lib "$root/lib"
	# An unpacked package has no index of its modules yet.
	[ $# = 0 ] || [ -e "$kernel/lib/modules/$release/modules.dep" ] ||
		/sbin/depmod -b "$kernel" "$release"
	for name in "$@"; do
		/sbin/modprobe -d "$kernel" -S "$release" --show-depends "$name" |
			awk '$1 == "insmod" { print $2 }'
	done | sort -u | while read -r path; do
		path=${path#"$kernel"/lib/}
		mkdir -p "$root/usr/lib/${path%/*}"
		cp "$kernel/lib/$path" "$root/usr/lib/$path"
	done
	cp "$kernel/lib/modules/$release"/modules.{builtin,order}* \
		"$root/usr/lib/modules/$release/"
	if [ -e "$kernel/config" ]; then
		mkdir -p "$root/boot"
		cp "$kernel/config" "$root/boot/config-$release"
	fi
	/sbin/depmod -b "$root" "$release"
	rm "$root/lib"
}

# The command and its surroundings, for the guest's init.
install_job() {
	local root=$1 rows=24 columns=80
	shift
	mkdir -p "$root/etc/cok-vm"
	printf '#!/bin/sh\nexec%s\n' "$(printf ' %q' "$@")" >"$root/etc/cok-vm/job"
	sed -i '1s/sh$/bash/' "$root/etc/cok-vm/job"
	chmod 755 "$root/etc/cok-vm/job"
	if [ -n "$interactive" ]; then
		read -r rows columns < <(stty size)
	fi
	cat >"$root/etc/cok-vm/env" <<-END
		INTERACTIVE=$interactive ROWS=$rows COLUMNS=$columns
		export TERM=$([ -n "$interactive" ] && echo "${TERM:-linux}" || echo dumb)
	END
}

# install_extra ROOT FILE[:DEST]
install_extra() {
	local root=$1 from=${2%%:*} to=/root/
	case $2 in
	*:*) to=${2#*:} ;;
	esac
	[ -e "$from" ] || die "--add: no $from"
	case $to in
	*/) to=$to${from##*/} ;;
	esac
	mkdir -p "$root${to%/*}"
	cp -rL --preserve=mode "$from" "$root$to"
}
