// SPDX-License-Identifier: GPL-2.0
/*
 * 4-level page tables for cores that leave Linux (SDM vol. 3, 4.5). Never the
 * host's own: these are only ever loaded by parked and co-kernel cores.
 */
#include <linux/mm.h>

#include "cok.h"

#define PT_PRESENT BIT_ULL(0)
#define PT_HUGE	   BIT_ULL(7)
#define PT_ADDR	   GENMASK_ULL(51, 12)
#define PT_ENTRIES 512

static u64 *new_table(struct cok_pt *pt)
{
	/* The root must be reachable from real mode; keep all of it there. */
	struct page *page =
		cok_fault("page table")
			? NULL
			: alloc_page(GFP_KERNEL | __GFP_DMA32 | __GFP_ZERO);

	if (!page)
		return NULL;
	list_add(&page->lru, &pt->pages);
	return page_address(page);
}

int cok_pt_init(struct cok_pt *pt)
{
	INIT_LIST_HEAD(&pt->pages);
	pt->root = new_table(pt);
	return pt->root ? 0 : -ENOMEM;
}

void cok_pt_free(struct cok_pt *pt)
{
	struct page *page, *tmp;

	if (!pt->root)
		return;
	list_for_each_entry_safe (page, tmp, &pt->pages, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
	pt->root = NULL;
}

u64 cok_pt_cr3(const struct cok_pt *pt)
{
	return virt_to_phys(pt->root);
}

/* The next table down; made if absent. Never called on a huge entry. */
static u64 *descend(struct cok_pt *pt, u64 *entry)
{
	u64 *table;

	if (*entry & PT_PRESENT)
		return *entry & PT_HUGE ? NULL : phys_to_virt(*entry & PT_ADDR);
	table = new_table(pt);
	if (table)
		*entry = virt_to_phys(table) | PT_PRESENT | COK_PT_WRITE;
	return table;
}

static unsigned int index_of(u64 va, int shift)
{
	return (va >> shift) & (PT_ENTRIES - 1);
}

static int map_one(struct cok_pt *pt, u64 va, u64 pa, bool huge, u64 flags)
{
	u64 *table = pt->root;
	int shift;

	for (shift = 39; shift > (huge ? 21 : 12); shift -= 9) {
		table = descend(pt, &table[index_of(va, shift)]);
		if (!table)
			return -ENOMEM;
	}
	table[index_of(va, shift)] = pa | flags | PT_PRESENT |
				     (huge ? PT_HUGE : 0);
	return 0;
}

int cok_pt_map(struct cok_pt *pt, u64 va, u64 pa, u64 size, u64 flags)
{
	while (size) {
		bool huge = !((va | pa) & (PMD_SIZE - 1)) && size >= PMD_SIZE;
		u64 step = huge ? PMD_SIZE : PAGE_SIZE;
		int err = map_one(pt, va, pa, huge, flags);

		if (err)
			return err;
		va += step;
		pa += step;
		size -= step;
	}
	return 0;
}
