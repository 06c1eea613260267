// SPDX-License-Identifier: GPL-2.0
/* What /proc/kpageflags tells of memory that is to go. */
#include <fcntl.h>
#include <stdio.h>
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

/*
 * What Linux allocates at boot it takes from the top of memory, so the highest
 * block often refuses. Its last pages tell, and they alone are looked at: a look
 * at all of a large block costs more than it saves.
 */
void lc_stuck_last(const char *root, struct lc_block *b, size_t n)
{
	char path[512];
	size_t stuck;
	struct lc_block first;
	int fd;

	snprintf(path, sizeof(path), "%s/proc/kpageflags", root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* not root, or a kernel that does not tell */
	for (stuck = 0; stuck < n; stuck++) {
		if (lc_block_stuck(fd, b->start + b->size - COK_CONTIG_UNIT,
				   COK_CONTIG_UNIT) <= 0)
			break;
		first = *b;
		memmove(b, b + 1, (n - 1) * sizeof(*b));
		b[n - 1] = first;
	}
	close(fd);
}
