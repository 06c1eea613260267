#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Boots an image under minihost: test/minihost.sh IMAGE [OPTIONS], commands on
# standard input. Example, from cokernel/:
#   printf '!p\n!c 1 2\ncpus\n!m 0x10000000 0x8000000\nmemtest\n!q\n' |
#	test/minihost.sh ../build/cokernel/cokernel.elf
set -eu
here=$(dirname "$(readlink -f "$0")")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
gcc -m32 -O2 -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-stack-protector \
	-mgeneral-regs-only -fcf-protection=none -fno-asynchronous-unwind-tables \
	-I"$here/../../include" -idirafter "/usr/include/$(gcc -print-multiarch)" \
	-nostdlib -static -no-pie -Wl,--build-id=none \
	-Wl,-Ttext=0x110000 -Wl,--section-start=.multiboot=0x100000 \
	-Wl,-z,max-page-size=4096 \
	-o "$dir/minihost" "$here/minihost.S" "$here/minihost.c"
cp "$1" "$dir/image"
shift
timeout "${MINIHOST_TIMEOUT:-60}" qemu-system-x86_64 -kernel "$dir/minihost" \
	-initrd "$dir/image${*:+ $*}" -cpu max,-la57 -m 512 -smp 5 \
	-display none -no-reboot -serial stdio -monitor "${MINIHOST_MONITOR:-none}" \
	-device isa-debug-exit,iobase=0xf4 || true
