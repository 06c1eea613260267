/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between the kernels that cok.ko builds for live here and
 * nowhere else: 6.1, 6.12 and 7.3. The code uses the newest kernel's names.
 */
#ifndef COK_COMPAT_H
#define COK_COMPAT_H

#include <asm/apic.h>
#include <cok/boot.h>
#include <linux/device/class.h>
#include <linux/gfp.h>
#include <linux/irq.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/version.h>
#include <net/genetlink.h>

#define COK_LINUX_IS(major, minor) \
	((LINUX_VERSION_CODE >> 8) == (KERNEL_VERSION(major, minor, 0) >> 8))

#if !COK_LINUX_IS(6, 1) && !COK_LINUX_IS(6, 12) && !COK_LINUX_IS(7, 3)
#error "cok.ko is written for Linux 6.1, 6.12 and 7.3; see module/compat.h"
#endif

#if COK_LINUX_IS(6, 1)
/* What pre_doit() and post_doit() are told of a command. */
#define genl_split_ops genl_ops
/* A device_type's devnode() promises nothing about its device. */
#define COK_DEVNODE_CONST
#define cok_class_create(name) class_create(THIS_MODULE, name)
#else
#define COK_DEVNODE_CONST      const
#define cok_class_create(name) class_create(name)
#endif

/* The attributes that a dump was asked for with. */
static inline struct nlattr **cok_dump_attrs(struct netlink_callback *cb)
{
#if COK_LINUX_IS(6, 1)
	return genl_dumpit_info(cb)->attrs;
#else
	return genl_info_dump(cb)->attrs;
#endif
}

#if COK_LINUX_IS(7, 3)
/* An interrupt moves at once, unless its chip says otherwise; APICs do not. */
static inline void cok_irq_moves_at_once(unsigned int virq)
{
}
#else
#define rdmsrq		   rdmsrl
#define rdmsrq_safe_on_cpu rdmsrl_safe_on_cpu

/* It can be moved at once, from any context that may sleep. */
static inline void cok_irq_moves_at_once(unsigned int virq)
{
	irq_set_status_flags(virq, IRQ_MOVE_PCNTXT);
}
#endif

/*
 * Since 6.5 the kernel's own apic_*() are static calls, for which modules have
 * no symbols; `apic` itself is exported.
 */
static inline void cok_apic_wait_icr_idle(void)
{
	/* In x2APIC mode there is nothing to wait for, and no function. */
	if (apic->wait_icr_idle)
		apic->wait_icr_idle();
}

/*
 * Send one interrupt command in physical destination mode. `low` is the low
 * half of the ICR (SDM vol. 3, 11.6.1). Interrupts are off for the whole, so
 * that no handler's IPI comes between the wait and the two xAPIC writes. The
 * fences are for x2APIC: its WRMSR does not wait for earlier stores to be seen
 * (11.12.3), and Linux's icr_write leaves that to the caller.
 */
static inline void cok_icr_send(u32 apic_id, u32 low)
{
	unsigned long flags;

	local_irq_save(flags);
	mb(); /* MFENCE; LFENCE: what this IPI tells of is there before it */
	rmb();
	cok_apic_wait_icr_idle();
	apic->icr_write(low, apic_id);
	cok_apic_wait_icr_idle();
	local_irq_restore(flags);
}

/*
 * Make a range of page frames free and allocate them, one by one. The third
 * argument was the type of its page blocks before it became flags.
 */
static inline int cok_alloc_contig(unsigned long pfn, unsigned long nr)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
	return alloc_contig_range(pfn, pfn + nr, ACR_FLAGS_NONE, GFP_KERNEL);
#else
	return alloc_contig_range(pfn, pfn + nr, MIGRATE_MOVABLE, GFP_KERNEL);
#endif
}

/* Since 6.3 an area's flags are changed by functions only. */
#if COK_LINUX_IS(6, 1)
static inline void cok_vm_flags_set(struct vm_area_struct *vma, vm_flags_t f)
{
	vma->vm_flags |= f;
}

static inline void cok_vm_flags_clear(struct vm_area_struct *vma, vm_flags_t f)
{
	vma->vm_flags &= ~f;
}
#else
#define cok_vm_flags_set   vm_flags_set
#define cok_vm_flags_clear vm_flags_clear
#endif

/* How this host runs its APICs; it does not change after boot. */
static inline u32 cok_apic_mode(void)
{
	return x2apic_enabled() ? COK_APIC_X2APIC : COK_APIC_XAPIC;
}

#endif /* COK_COMPAT_H */
