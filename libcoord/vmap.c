// SPDX-License-Identifier: GPL-2.0
/*
 * What a dead co-kernel had mapped, by its own page tables (SDM vol. 3, 4.5:
 * 4-level paging). They are data of unknown quality: only what `read` reads is
 * followed, and tables that point at each other end at a bound.
 */
#include "internal.h"

#define P_PRESENT 1ULL
#define P_LARGE	  (1ULL << 7)
#define ADDR_MASK 0x000ffffffffff000ULL
#define LEVELS	  4
#define TABLES	  65536 /* at the most: 32 GiB in 4 KiB pages and more */

static uint64_t span_of(int level)
{
	return 1ULL << (12 + 9 * level);
}

/* The entry's target, or false: nothing is there. Levels: 0 for 4 KiB pages. */
static bool leaf(uint64_t entry, int level, uint64_t *phys)
{
	if (level && !(entry & P_LARGE))
		return false;
	*phys = entry & ADDR_MASK & ~(span_of(level) - 1);
	return true;
}

/* Bits 47 and up are alike. */
static uint64_t canonical(uint64_t va)
{
	return va & 1ULL << 47 ? va | 0xffff000000000000ULL : va;
}

bool lc_vmap_translate(const struct lc_phys *p, uint64_t cr3, uint64_t va,
		       uint64_t *phys)
{
	uint64_t table = cr3 & ADDR_MASK, entry;
	int level;

	if (canonical(va) != va)
		return false;
	for (level = LEVELS - 1; level >= 0; level--) {
		if (p->read(p->ctx, table + (va / span_of(level) % 512) * 8,
			    &entry, sizeof(entry)) ||
		    !(entry & P_PRESENT))
			return false;
		if (level < 3 && leaf(entry, level, phys)) {
			*phys += va % span_of(level);
			return true;
		}
		table = entry & ADDR_MASK;
	}
	return false;
}

struct walk {
	const struct lc_phys *p;
	struct lc_run *run;
	size_t n, max, tables;
};

/* False: the list is full. */
static bool add(struct walk *w, uint64_t va, uint64_t phys, uint64_t size)
{
	struct lc_run *last = w->n ? &w->run[w->n - 1] : NULL;

	if (last && last->virt + last->size == va &&
	    last->phys + last->size == phys) {
		last->size += size;
		return true;
	}
	if (w->n == w->max)
		return false;
	w->run[w->n++] = (struct lc_run){ va, phys, size };
	return true;
}

static bool walk(struct walk *w, uint64_t table, int level, uint64_t base)
{
	uint64_t entry[512], phys, va;
	size_t i;

	if (++w->tables > TABLES)
		return false;
	/* Tables outside of its memory, such as the host's: not ours to follow. */
	if (w->p->read(w->p->ctx, table, entry, sizeof(entry)))
		return true;
	for (i = 0; i < 512; i++) {
		if (!(entry[i] & P_PRESENT))
			continue;
		va = base + i * span_of(level);
		if (level == LEVELS - 1)
			va = canonical(va);
		if (level < 3 && leaf(entry[i], level, &phys)) {
			if (!add(w, va, phys, span_of(level)))
				return false;
		} else if (level &&
			   !walk(w, entry[i] & ADDR_MASK, level - 1, va)) {
			return false;
		}
	}
	return true;
}

ssize_t lc_vmap_runs(const struct lc_phys *p, uint64_t cr3, struct lc_run *run,
		     size_t max)
{
	struct walk w = { .p = p, .run = run, .max = max };

	return walk(&w, cr3 & ADDR_MASK, LEVELS - 1, 0) ? (ssize_t)w.n : -1;
}
