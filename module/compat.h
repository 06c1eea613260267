/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between the kernels that cok.ko builds for live here and
 * nowhere else. So far: 6.1.
 */
#ifndef COK_COMPAT_H
#define COK_COMPAT_H

#include <asm/apic.h>
#include <linux/gfp.h>
#include <linux/mmzone.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0) || \
	LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#error "cok.ko is written for Linux 6.1; other versions come by module/compat.h"
#endif

/*
 * Send one interrupt command in physical destination mode. `low` is the low
 * half of the ICR (SDM vol. 3, 11.6.1). Interrupts are off for the whole, so
 * that no handler's IPI comes between the wait and the two xAPIC writes.
 */
static inline void cok_icr_send(u32 apic_id, u32 low)
{
	unsigned long flags;

	local_irq_save(flags);
	apic_wait_icr_idle();
	apic_icr_write(low, apic_id);
	apic_wait_icr_idle();
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

#endif /* COK_COMPAT_H */
