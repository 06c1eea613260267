// SPDX-License-Identifier: GPL-2.0
/*
 * What the host handed over: checked before its first use, copied, and, if it
 * can't be used, refused as loudly as what is known by then allows.
 */
#include "kernel.h"
#include "mm.h"
#include "format.h"
#include "string.h"
#include <cok/run.h>

COK_IMAGE_NOTE;

struct cok_boot boot;
struct cok_comm *comm;
u32 nr_slots;
u32 comm_epoch;

/* A newer minor version of the same major one will do. */
static bool abi_ok(u32 major, u32 minor)
{
	u32 need = COK_ABI_MINOR;

	return major == COK_ABI_MAJOR && minor >= need;
}

/* Still on the host's IDT, which reports this UD2's address. */
static void noreturn refuse_blindly(void)
{
	for (;;)
		__asm__ volatile("ud2");
}

static void noreturn __attribute__((format(printf, 1, 2)))
refuse(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ck_vformat(comm->panic_text, COK_PANIC_MAX, fmt, ap);
	va_end(ap);
	__atomic_store_n(&comm->ck_state, COK_CK_PANIC, __ATOMIC_RELEASE);
	cpu_halt_forever();
}

/* A region of the comm area: inside it, aligned, at least `need` bytes. */
static void check_region(const char *name, const struct cok_region *r, u64 need)
{
	if (r->size < need || r->offset < sizeof(struct cok_comm) ||
	    r->offset % 64 || (u64)r->offset + r->size > boot.comm_size)
		refuse("comm area: bad %s region (offset %u, size %u)", name,
		       r->offset, r->size);
}

static void check_comm(void)
{
	if (!abi_ok(comm->abi_major, comm->abi_minor))
		refuse("comm area has ABI %u.%u, the image needs %u.%u",
		       comm->abi_major, comm->abi_minor, COK_ABI_MAJOR,
		       COK_ABI_MINOR);
	if (comm->size != boot.comm_size || boot.comm_size % COK_PAGE_SIZE ||
	    boot.comm_size > COMM_VSIZE)
		refuse("comm area: size %u, boot parameters say %llu",
		       comm->size, boot.comm_size);
	comm_epoch = comm->epoch;
	if (!comm_epoch)
		refuse("comm area: no epoch");
	nr_slots = comm->nr_stats;
	if (!nr_slots || nr_slots > COK_MAX_CORES)
		refuse("comm area: %u core slots", nr_slots);
	check_region("h2c", &comm->h2c,
		     sizeof(struct cok_ring) +
			     COK_CTRL_SLOTS * sizeof(struct cok_msg));
	check_region("c2h", &comm->c2h,
		     sizeof(struct cok_ring) +
			     COK_CTRL_SLOTS * sizeof(struct cok_msg));
	check_region("console", &comm->conin,
		     sizeof(struct cok_ring) + COK_CONIN_BYTES);
	check_region("log", &comm->log,
		     sizeof(struct cok_ring) + COK_LOG_BYTES);
	check_region("stats", &comm->stats,
		     nr_slots * sizeof(struct cok_stats));
	if (comm->run.size)
		check_region("program", &comm->run, sizeof(struct cok_run_dir));
}

static void check_machine(void)
{
	if (boot.apic_mode != COK_APIC_XAPIC &&
	    boot.apic_mode != COK_APIC_X2APIC)
		refuse("unknown local APIC mode %u", boot.apic_mode);
	if ((boot.apic_mode == COK_APIC_XAPIC) != !!boot.apic_base)
		refuse("local APIC mode %u with its page at 0x%llx",
		       boot.apic_mode, boot.apic_base);
	if (!boot.tsc_khz)
		refuse("TSC frequency missing");
	if (boot.doorbell_vector < 32 || boot.doorbell_vector > 254)
		refuse("doorbell vector %u", boot.doorbell_vector);
	if (!boot.nr_mem || boot.nr_mem > COK_BOOT_MAX_MEM)
		refuse("%u memory ranges", boot.nr_mem);
	if (boot.image_virt != (u64)__text_start ||
	    boot.image_size < (u64)(__data_end - __text_start) ||
	    boot.image_phys != boot.mem[0].start ||
	    boot.mem[0].size < image_span())
		refuse("image at 0x%llx, %llu bytes, is not as it was linked",
		       boot.image_virt, boot.image_size);
}

void boot_check(u64 boot_phys)
{
	const struct cok_boot *b = (const struct cok_boot *)boot_phys;

	if (b->magic != COK_BOOT_MAGIC)
		refuse_blindly();
	/* Where another version has its comm area may not be here: ask it. */
	comm = (struct cok_comm *)b->comm_phys;
	if (comm->magic != COK_COMM_MAGIC)
		refuse_blindly();
	if (!abi_ok(b->abi_major, b->abi_minor) || b->size < sizeof(*b))
		refuse("boot parameters have ABI %u.%u and %u bytes, "
		       "the image needs %u.%u and %u",
		       b->abi_major, b->abi_minor, b->size, COK_ABI_MAJOR,
		       COK_ABI_MINOR, (u32)sizeof(*b));
	memcpy(&boot, b, sizeof(boot));
	boot.name[COK_NAME_MAX - 1] = '\0';
	boot.cmdline[COK_CMDLINE_MAX - 1] = '\0';
	check_comm();
	check_machine();
	comm->ck_state = COK_CK_BOOTING;
}

void *comm_region(const struct cok_region *r)
{
	return (u8 *)comm + r->offset;
}

void boot_banner(void)
{
	u64 total = 0;

	klog(LOG_NOTICE, CK_NAME " " CK_VERSION ", ABI %u.%u, enclave %u '%s'",
	     COK_ABI_MAJOR, COK_ABI_MINOR, boot.enclave_id, boot.name);
	log_text(LOG_INFO, "command line: ", 14);
	log_text(LOG_INFO, boot.cmdline, strlen(boot.cmdline));
	log_text(LOG_INFO, "\n", 1);
	for (u32 i = 0; i < boot.nr_mem; i++) {
		const struct cok_mem_range *m = &boot.mem[i];

		klog(LOG_INFO, "memory: 0x%llx-0x%llx %llu KiB", m->start,
		     m->start + m->size - 1, m->size / KIB);
		total += m->size;
	}
	klog(LOG_INFO, "memory: %llu KiB in %u ranges", total / KIB,
	     boot.nr_mem);
	klog(LOG_INFO, "image: 0x%llx, %llu KiB at 0x%llx", boot.image_phys,
	     image_span() / KIB, boot.image_virt);
	klog(LOG_INFO, "comm area: 0x%llx, %llu KiB, %u core slots",
	     boot.comm_phys, boot.comm_size / KIB, nr_slots);
	klog(LOG_INFO,
	     "core 0: APIC id %u (%s), doorbell vector 0x%x, TSC %u kHz",
	     apic_read_id(), apic_mode_name(), boot.doorbell_vector,
	     boot.tsc_khz);
	if (boot.features)
		klog(LOG_INFO, "host features not used: 0x%llx", boot.features);
}
