# SPDX-License-Identifier: GPL-2.0
#
# Cokernel: everything is built below build/; `make help` lists the targets, V=1
# shows the commands.

SHELL := /bin/bash
MAKEFLAGS += --no-print-directory $(if $(V),,-s)

VERSION := 0.1.0
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
SYSCONFDIR ?= /etc
DESTDIR ?=

top := $(CURDIR)
build := $(top)/build
lib = . scripts/lib.sh &&

# The kernel the module is built for: headers or a build tree.
KDIR ?= $(shell $(lib) printf '/usr/src/linux-headers-%s' "$$(installed_kernel)")
release = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' '$(KDIR)/include/generated/utsrelease.h')
MODDIR ?= /lib/modules/$(release)/extra

.PHONY: all demo check check-unit check-fuzz fuzz check-model check-cokernel check-vm check-vm-6.12 check-debug lint shell run install \
	install-tools install-images deb deb-module \
	uninstall clean help format setup bench bench-pool bench-deals bench-tools check-long \
	module module-test cokernel libcoord cli vm-tools guest-tools vm vm-6.12 \
	vm-7.3 debug

all: module cokernel libcoord cli ## the module, the co-kernel, the library, the command

demo: setup ## boots the test VM and shows the main job in it
	+@$(MAKE) vm
	@test/vm/run --timeout 900 -- /usr/lib/cok/test/main-job.sh

check: setup ## the tests: unit, lint, co-kernel, VM
	+@$(MAKE) vm-6.12
	+@scripts/check unit fuzz model lint cokernel vm vm-6.12

check-unit: ## the host's unit tests, under ASan and UBSan
	+@scripts/check unit

check-fuzz: ## random input to what reads other people's bytes (RUNS=200000 of each)
	+@scripts/check fuzz

fuzz: ## one fuzz target for a while: T=config|cpulist|elf|netlink|ring|symbols S=seconds
	+@$(MAKE) -C test/fuzz O='$(build)/fuzz' fuzz

check-model: ## all that negotiation can come to, to a bound, and at random (SEED= RUNS=)
	+@scripts/check model

check-cokernel: cokernel ## the co-kernel alone, in QEMU without Linux
	@scripts/check cokernel

check-vm: vm ## the tests in the VM
	@scripts/check vm

check-vm-6.12: vm-6.12 ## some of them on Linux 6.12
	@scripts/check vm-6.12

check-debug: ## the tests in the VM, on a kernel with KASAN, lockdep and kmemleak
	@scripts/setup build run debug
	+@$(MAKE) debug
	@scripts/check debug

bench: ## measures against Linux's own hotplug and bare round trips (N=30 pairs)
	@scripts/setup build run bench
	+@$(MAKE) vm bench-tools
	@bench/run -n $(or $(N),30)

bench-pool: ## measures launches and grows from the pool (N=200 transactions)
	@scripts/setup build run bench
	+@$(MAKE) vm bench-tools
	@bench/run --pool -n $(or $(N),200)

bench-deals: ## measures negotiations with a co-kernel (N=200 of each kind)
	@scripts/setup build run bench
	+@$(MAKE) vm bench-tools
	@bench/run --deals -n $(or $(N),200)

check-long: ## what takes too long for every day: all of each walk, more kernels, packages
	@scripts/setup build run bench
	+@$(MAKE) vm-6.12 deb-module
	+@$(MAKE) vm-7.3 bench-tools
	@scripts/check long bench

lint: ## the static checks
	+@scripts/lint

format: ## rewrites the C files as lint wants them
	@scripts/lint --files '*.c' '*.h' | xargs -r clang-format -i

shell: vm ## a root shell in the VM (GDB=1: QEMU waits for gdb)
	@test/vm/run --interactive $(if $(GDB),--gdb) -- bash -l

run: vm ## boots the VM and in it the co-kernel image IMAGE=file.elf
	@[ -n "$(IMAGE)" ] || { echo 'usage: make run IMAGE=my.elf' >&2; exit 2; }
	@test/vm/run --interactive --add '$(IMAGE):/root/image.elf' \
		--add test/vm/launch:/root/launch -- /root/launch /root/image.elf

# ---- the pieces -----------------------------------------------------------

setup:
	@scripts/setup

deb: ## the Debian packages, in build/deb/
	@scripts/setup build deb
	@scripts/deb/build '$(build)/deb'

# The module as DKMS builds it, of the package.
deb-module: deb
	@kernel=$$(scripts/fetch kernel 6.12) && \
		scripts/deb/dkms '$(build)'/deb/cok-dkms_*.deb '$(build)/dkms' \
		'$(KDIR)' "$$kernel/build"

module:
	+@scripts/build-module '$(KDIR)' '$(build)/kmod-$(release)' \
		KCFLAGS=-Werror COK_VERSION=$(VERSION)

# The same with fault injection.
module-test:
	+@scripts/build-module '$(KDIR)' '$(build)/kmod-$(release)-test' \
		KCFLAGS=-Werror COK_VERSION=$(VERSION) COK_TEST=y

cokernel libcoord:
	+@$(MAKE) -C $@ O='$(build)/$@' VERSION=$(VERSION) PREFIX='$(PREFIX)'

cli: libcoord
	+@$(MAKE) -C $@ O='$(build)/$@' LIBCOORD='$(build)/libcoord' \
		VERSION=$(VERSION) PREFIX='$(PREFIX)'

# The guest's tests may have programs in C, and a Makefile for them.
guest-tools: libcoord
	@mkdir -p '$(build)/test-guest'
	+@[ ! -e test/guest/Makefile ] || $(MAKE) -C test/guest \
		O='$(build)/test-guest' LIBCOORD='$(build)/libcoord'

bench-tools: libcoord
	+@$(MAKE) -C bench O='$(build)/bench' LIBCOORD='$(build)/libcoord'

vm-tools: $(build)/vm/relay $(build)/vm/hmp

vm: all module-test guest-tools vm-tools

# The module for another kernel of Debian's; the rest is the same for all.
vm-6.12 vm-7.3: vm-%: vm
	+@kernel=$$(scripts/fetch kernel $*) && \
		$(MAKE) module module-test KDIR="$$kernel/build"

# The module and the tests for the debug kernel.
debug:
	+@kernel=$$(scripts/build-debug-kernel) && $(MAKE) vm KDIR="$$kernel/build"

CFLAGS ?= -O2 -g
tool_cflags := -std=gnu11 -Wall -Wextra -Werror

$(build)/vm/relay: test/vm/relay.c | $(build)/vm
	$(CC) $(CFLAGS) $(tool_cflags) -o $@ $< -lcjson

$(build)/vm/hmp: test/vm/hmp.c | $(build)/vm
	$(CC) $(CFLAGS) $(tool_cflags) -static -o $@ $<

$(build)/vm:
	mkdir -p $@

# ---- installation ---------------------------------------------------------

images = $(DESTDIR)$(PREFIX)/lib/cok
configs = $(DESTDIR)$(SYSCONFDIR)/cok
share = $(DESTDIR)$(PREFIX)/share
schema := configs/cokernel.schema.json
scratch := $(build)/uninstall

install: all install-tools install-images ## installs everything (DESTDIR, PREFIX, SYSCONFDIR, KDIR, MODDIR)
	install -D -m 644 '$(build)/kmod-$(release)/cok.ko' '$(DESTDIR)$(MODDIR)/cok.ko'
	[ -n '$(DESTDIR)' ] || depmod '$(release)'

install-images: cokernel
	install -d '$(images)'
	install -m 644 '$(build)'/cokernel/*.elf '$(build)'/cokernel/*.debug '$(images)/'

# What needs no kernel headers. Configurations that are there already are the
# administrator's.
install-tools: libcoord cli ## installs the library and the command only
	install -d '$(configs)' '$(share)/cok'
	cp -n $(filter-out $(schema),$(wildcard configs/*.json)) '$(configs)/'
	install -m 644 $(schema) '$(share)/cok/'
	+$(MAKE) -C libcoord O='$(build)/libcoord' VERSION=$(VERSION) \
		DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' LIBDIR='$(LIBDIR)' install
	+$(MAKE) -C cli O='$(build)/cli' LIBCOORD='$(build)/libcoord' \
		VERSION=$(VERSION) DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' install
	[ -n '$(DESTDIR)' ] || ldconfig

# What an installation elsewhere puts there is what goes.
uninstall: ## removes what install put there, but for the configurations
	rm -rf '$(scratch)'
	+@$(MAKE) install DESTDIR='$(scratch)' MODDIR='$(MODDIR)' SYSCONFDIR=/config
	rm -rf '$(scratch)/config'
	cd '$(scratch)' && find . ! -type d -exec sh -c \
		'for f; do rm -f "$(DESTDIR)/$$f"; done' sh {} +
	rmdir --ignore-fail-on-non-empty '$(images)' '$(share)/cok' \
		'$(DESTDIR)$(PREFIX)/include/cok'
	[ -n '$(DESTDIR)' ] || { depmod '$(release)' && ldconfig; }

clean: ## removes build/
	rm -rf '$(build)'

help: ## this text
	@sed -n 's/^\([a-z0-9.-]*\):[^#]*## /\1\t/p' Makefile | expand -t 14
