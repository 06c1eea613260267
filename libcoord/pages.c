// SPDX-License-Identifier: GPL-2.0
/* What /proc/kpageflags tells of memory that is to go. */
#include <unistd.h>

#include <linux/kernel-page-flags.h>

#include "internal.h"

#define PAGE	 4096ULL
#define RESERVED 32 /* in kpageflags, but in no header for programs */
#define BIT(n)	 (1ULL << (n))

/* Pages that say nothing may be the kernel's or free. */
#define STUCK \
	(BIT(KPF_SLAB) | BIT(KPF_HWPOISON) | BIT(KPF_NOPAGE) | \
	 BIT(KPF_OFFLINE) | BIT(KPF_PGTABLE) | BIT(RESERVED))

bool lc_page_stuck(uint64_t kpageflags)
{
	return kpageflags & STUCK;
}

int lc_block_stuck(int kpageflags, uint64_t start, uint64_t size)
{
	uint64_t flags[512], at;
	size_t i;

	for (at = start; at < start + size; at += sizeof(flags) / 8 * PAGE) {
		if (pread(kpageflags, flags, sizeof(flags),
			  (off_t)(at / PAGE * 8)) != (ssize_t)sizeof(flags))
			return -1;
		for (i = 0; i < sizeof(flags) / 8; i++)
			if (lc_page_stuck(flags[i]))
				return 1;
	}
	return 0;
}
