// SPDX-License-Identifier: GPL-2.0
/*
 * Policy: what to take from the pool. The ledger tells all of it, down to who
 * shares a core with whom (by APIC ids); only a node is looked up in sysfs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

bool lc_wants_anything(const struct lc_want *w)
{
	return w->cpus || w->memory || (w->cpu_list && w->cpu_list[0]);
}

struct pick {
	const char *root;
	uint64_t block_size;
	const struct lc_ledger *l;
	const struct lc_want *w;
	struct lc_draw *out;
	uint32_t bits; /* of an APIC id: threads */
	bool *drawn;   /* by the lease's place in the ledger */
};

static bool available(const struct pick *p, size_t i, uint32_t kind)
{
	const struct coord_lease *l = &p->l->lease[i];

	return !p->drawn[i] && l->kind == kind && coord_lease_in_pool(l) &&
	       (p->w->node == LC_NODE_ANY ||
		lc_lease_node(p->root, p->block_size, l) == p->w->node);
}

static void draw(struct pick *p, size_t i)
{
	const struct coord_lease *l = &p->l->lease[i];

	p->drawn[i] = true;
	p->out->id[p->out->n++] = l->id;
	if (l->kind == COK_RES_CPU && l->cpu < LC_MAX_CPUS)
		lc_cpus_add(&p->out->cpus, l->cpu);
	if (l->kind == COK_RES_MEM)
		p->out->memory += l->size;
}

/* ---- CPUs ---------------------------------------------------------------------- */

/*
 * How good a CPU is to take when `want` are wanted: the rest of a core that we
 * have part of; then whole cores, the largest first; then part of the smallest;
 * what shares a core with another enclave comes last.
 */
static int merit(const struct pick *p, size_t which, uint32_t want)
{
	uint32_t core = p->l->lease[which].apic_id >> p->bits, here = 0;
	bool ours = false, others = false;
	size_t i;

	for (i = 0; i < p->l->n; i++) {
		const struct coord_lease *l = &p->l->lease[i];

		if (l->kind != COK_RES_CPU || l->apic_id >> p->bits != core)
			continue;
		if (p->drawn[i] || (l->enclave && l->enclave == p->w->enclave))
			ours = true;
		else if (l->enclave)
			others = true;
		else if (coord_lease_in_pool(l))
			here++;
	}
	if (ours)
		return 100000;
	if (others)
		return 0;
	return here <= want ? 50000 + (int)here : 40000 - (int)here;
}

static void pick_counted(struct pick *p)
{
	uint32_t want = p->w->cpus;

	while (want) {
		size_t i, best = p->l->n;
		int m, best_merit = -1;

		for (i = 0; i < p->l->n; i++) {
			if (!available(p, i, COK_RES_CPU))
				continue;
			m = p->bits ? merit(p, i, want) : 0;
			if (m <= best_merit)
				continue;
			best = i;
			best_merit = m;
			if (!p->bits)
				break;
		}
		if (best == p->l->n)
			break;
		draw(p, best);
		want--;
	}
	p->out->rest.cpus = want;
}

static int pick_listed(struct pick *p, struct coord_err *err)
{
	struct lc_cpus set;
	size_t i;

	if (lc_cpulist_parse(p->w->cpu_list, &set, err))
		return -1;
	for (i = 0; i < p->l->n; i++) {
		uint32_t cpu = p->l->lease[i].cpu;

		if (!available(p, i, COK_RES_CPU) || !lc_cpus_has(&set, cpu))
			continue;
		draw(p, i);
		lc_cpus_del(&set, cpu);
	}
	p->out->rest_list[0] = '\0';
	if (lc_cpus_count(&set))
		lc_cpulist_format(&set, p->out->rest_list,
				  sizeof(p->out->rest_list));
	p->out->rest.cpu_list = p->out->rest_list;
	return 0;
}

/* ---- memory ---------------------------------------------------------------------- */

static void pick_whole(struct pick *p, uint32_t source, uint64_t *left)
{
	size_t i;

	for (i = 0; i < p->l->n && *left; i++) {
		const struct coord_lease *l = &p->l->lease[i];

		if (l->source != source || l->size > *left ||
		    !available(p, i, COK_RES_MEM))
			continue;
		draw(p, i);
		*left -= l->size;
	}
}

/* The smallest range that is large enough loses its end. */
static void pick_part(struct pick *p, uint64_t *left)
{
	size_t i, best = p->l->n;

	for (i = 0; i < p->l->n && *left; i++) {
		const struct coord_lease *l = &p->l->lease[i];

		if (l->source == COK_SRC_CONTIG && l->size > *left &&
		    available(p, i, COK_RES_MEM) &&
		    (best == p->l->n || l->size < p->l->lease[best].size))
			best = i;
	}
	if (best == p->l->n)
		return;
	p->out->split = p->l->lease[best].id;
	p->out->tail = *left;
	p->out->memory += *left;
	*left = 0;
}

static void pick_memory(struct pick *p)
{
	uint64_t left = p->w->memory;

	if (left % COK_CONTIG_UNIT)
		return; /* refused later, with advice */
	if (p->w->mem_from != COORD_MEM_CONTIG)
		pick_whole(p, COK_SRC_BLOCK, &left);
	if (p->w->mem_from != COORD_MEM_BLOCKS) {
		pick_whole(p, COK_SRC_CONTIG, &left);
		pick_part(p, &left);
	}
	p->out->rest.memory = left;
}

/* ---- both -------------------------------------------------------------------------- */

static int too_little(const struct lc_draw *d, struct coord_err *err)
{
	const struct lc_want *rest = &d->rest;
	bool listed = rest->cpu_list && rest->cpu_list[0];
	char s[24];

	lc_err(err, COORD_E_BUSY, EBUSY, "the pool lacks ");
	if (rest->cpus)
		lc_err_more(err, "%u CPU%s", rest->cpus,
			    rest->cpus == 1 ? "" : "s");
	if (listed)
		lc_err_more(err, "CPU %s", rest->cpu_list);
	if (rest->memory)
		lc_err_more(err, "%s%s of memory",
			    rest->cpus || listed ? " and " : "",
			    coord_size_format(rest->memory, s, sizeof(s)));
	if (rest->node != LC_NODE_ANY)
		lc_err_more(err, " on node %d", rest->node);
	lc_err_more(err, "; 'cokctl pool' tells what it has");
	return -1;
}

static int pick(struct pick *p, struct coord_err *err)
{
	const struct lc_want *w = p->w;
	int ret = 0;

	if (w->cpu_list && w->cpu_list[0])
		ret = pick_listed(p, err);
	else
		pick_counted(p);
	if (!ret)
		pick_memory(p);
	return ret;
}

static int pick_all(struct pick *p, struct coord_err *err)
{
	const struct lc_want *w = p->w;
	struct lc_draw *out = p->out;
	int ret = 0;

	memset(out, 0, sizeof(*out));
	out->rest = *w;
	if (w->from == COORD_FROM_LINUX)
		return 0;
	p->drawn = calloc(p->l->n + 1, sizeof(*p->drawn));
	out->id = calloc(p->l->n + 1, sizeof(*out->id));
	if (!p->drawn || !out->id)
		ret = lc_err(err, COORD_E_FAILED, ENOMEM, "out of memory");
	else
		ret = pick(p, err);
	free(p->drawn);
	if (!ret && w->from == COORD_FROM_POOL && lc_wants_anything(&out->rest))
		ret = too_little(out, err);
	if (!ret)
		return 0;
	free(out->id);
	out->id = NULL;
	return -1;
}

int lc_pool_pick(const char *root, uint64_t block_size,
		 const struct lc_ledger *l, const struct lc_want *w,
		 struct lc_draw *out, struct coord_err *err)
{
	struct pick p = { .root = root,
			  .block_size = block_size,
			  .l = l,
			  .w = w,
			  .out = out,
			  .bits = root[0] ? 0 : lc_thread_bits() };

	return pick_all(&p, err);
}

int lc_pool_pick_smt(const struct lc_ledger *l, const struct lc_want *w,
		     uint32_t bits, struct lc_draw *out, struct coord_err *err)
{
	struct pick p = { .root = "", .l = l, .w = w, .out = out, .bits = bits };

	return pick_all(&p, err);
}
