// SPDX-License-Identifier: GPL-2.0
/*
 * What an enclave can give back. Which of it it gives is the co-kernel's
 * choice: for an amount all candidates are listed, the newest first; only CPUs
 * that somebody named are meant as such.
 */
#include <stdlib.h>

#include "internal.h"

/* CPUs first, and the newest first of each kind. */
static int by_kind_and_age(const void *a, const void *b)
{
	const struct coord_lease *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->id < y->id ? 1 : -(x->id > y->id);
}

static bool held(const struct coord_lease *l, uint32_t id, uint32_t kind)
{
	return l->enclave == id && l->kind == kind &&
	       l->state == COK_LS_GRANTED;
}

static void list(struct lc_offerable *o, const struct coord_lease *l)
{
	o->lease[o->n++] = *l;
}

/* ---- CPUs ------------------------------------------------------------------- */

static int pick_named(const struct lc_ledger *l, uint32_t id, const char *names,
		      struct lc_offerable *o, struct coord_err *err)
{
	struct lc_cpus set;
	char rest[128];
	size_t i;

	if (lc_cpulist_parse(names, &set, err))
		return -1;
	o->rest.cpus = lc_cpus_count(&set);
	o->exact = true;
	for (i = 0; i < l->n; i++) {
		if (!held(&l->lease[i], id, COK_RES_CPU) || l->lease[i].boot ||
		    !lc_cpus_has(&set, l->lease[i].cpu))
			continue;
		list(o, &l->lease[i]);
		lc_cpus_del(&set, l->lease[i].cpu);
	}
	if (!lc_cpus_count(&set))
		return 0;
	lc_cpulist_format(&set, rest, sizeof(rest));
	return lc_err(
		err, COORD_E_INVALID, EINVAL,
		"CPU %s cannot be taken back: the enclave does not hold it, or it is its boot core; see 'cokctl ledger'",
		rest);
}

static int pick_cpus(const struct lc_ledger *l, uint32_t id,
		     const struct coord_change *ch, struct lc_offerable *o,
		     struct coord_err *err)
{
	uint32_t have = 0;
	size_t i;

	for (i = 0; i < l->n; i++)
		if (held(&l->lease[i], id, COK_RES_CPU) && !l->lease[i].boot) {
			list(o, &l->lease[i]);
			have++;
		}
	o->rest.cpus = ch->cpus;
	if (have >= ch->cpus)
		return 0;
	if (have && (ch->flags & COORD_BEST_EFFORT)) {
		o->rest.cpus = have;
		return 0;
	}
	return lc_err(
		err, COORD_E_INVALID, EINVAL,
		"%u CPUs asked back, but only %u beside the boot core can be",
		ch->cpus, have);
}

/* ---- memory ----------------------------------------------------------------- */

static bool is_from(const struct coord_lease *l, uint32_t source,
		    enum coord_mem_from from)
{
	if (l->source != source)
		return false;
	return from !=
	       (source == COK_SRC_BLOCK ? COORD_MEM_CONTIG : COORD_MEM_BLOCKS);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * How much of `want` whole blocks and parts of contiguous ranges can make:
 * blocks first, for a range fills any gap that they leave.
 */
static uint64_t reachable(uint64_t want, uint64_t blocks, uint64_t block_size,
			  uint64_t contig)
{
	uint64_t got = smaller(blocks, want / block_size) * block_size;

	return got + smaller(contig, want - got);
}

/* Of the range that holds the image the end will do, but not all of it. */
static void add_tail(const struct lc_ledger *l, uint32_t id,
		     enum coord_mem_from from, uint64_t want, uint64_t *have,
		     struct lc_tail *tail)
{
	size_t i;

	for (i = 0; i < l->n && *have < want; i++) {
		const struct coord_lease *r = &l->lease[i];

		if (!held(r, id, COK_RES_MEM) || !r->boot ||
		    !is_from(r, COK_SRC_CONTIG, from))
			continue;
		tail->size = smaller(want - *have, r->size - COK_CONTIG_UNIT);
		tail->lease = tail->size ? r->id : 0;
		*have += tail->size;
	}
}

static int pick_memory(const struct lc_ledger *l, uint32_t id,
		       const struct coord_change *ch, uint64_t block_size,
		       struct lc_offerable *o, struct lc_tail *tail,
		       struct coord_err *err)
{
	uint64_t blocks = 0, contig = 0, have;
	char a[24], b[24];
	size_t i;

	for (i = 0; i < l->n; i++) {
		const struct coord_lease *r = &l->lease[i];

		if (!held(r, id, COK_RES_MEM) || r->boot)
			continue;
		if (is_from(r, COK_SRC_BLOCK, ch->mem_from))
			blocks++;
		else if (is_from(r, COK_SRC_CONTIG, ch->mem_from))
			contig += r->size;
		else
			continue;
		list(o, r);
	}
	have = reachable(ch->memory, blocks, block_size, contig);
	add_tail(l, id, ch->mem_from, ch->memory, &have, tail);
	o->rest.memory = have;
	if (have == ch->memory || (have && (ch->flags & COORD_BEST_EFFORT)))
		return 0;
	coord_size_format(ch->memory, a, sizeof(a));
	return lc_err(
		err, COORD_E_INVALID, EINVAL,
		"%s of memory asked back, but only %s can be; blocks go whole, and the memory holding the image stays",
		a, have ? coord_size_format(have, b, sizeof(b)) : "none");
}

/* ---- both --------------------------------------------------------------------- */

int lc_pick_recall(struct lc_ledger *l, uint32_t id,
		   const struct coord_change *ch, uint64_t block_size,
		   struct lc_offerable *out, struct lc_tail *tail,
		   struct coord_err *err)
{
	int ret = 0;

	*out = (struct lc_offerable){ 0 };
	*tail = (struct lc_tail){ 0 };
	if (l->n)
		qsort(l->lease, l->n, sizeof(*l->lease), by_kind_and_age);
	/* One more, for the tail. */
	out->lease = calloc(l->n + 1, sizeof(*out->lease));
	if (!out->lease)
		return lc_err(err, COORD_E_FAILED, ENOMEM, "out of memory");
	if (ch->cpu_list)
		ret = pick_named(l, id, ch->cpu_list, out, err);
	else if (ch->cpus)
		ret = pick_cpus(l, id, ch, out, err);
	if (!ret && ch->memory)
		ret = pick_memory(l, id, ch, block_size, out, tail, err);
	if (!ret)
		return 0;
	free(out->lease);
	out->lease = NULL;
	return -1;
}

void lc_pick_tail(struct lc_offerable *o, uint32_t lease, uint64_t size)
{
	o->lease[o->n++] = (struct coord_lease){ .id = lease,
						 .kind = COK_RES_MEM,
						 .source = COK_SRC_CONTIG,
						 .size = size };
}

size_t lc_pick_next(struct lc_offerable *o, uint32_t *ids,
		    struct coord_amount *want)
{
	struct coord_amount listed = { 0 };
	size_t n = 0;

	for (; o->at < o->n && n < COK_TXN_MAX_RES; o->at++) {
		const struct coord_lease *l = &o->lease[o->at];

		if (l->kind == COK_RES_CPU ? !o->rest.cpus : !o->rest.memory)
			continue;
		ids[n++] = l->id;
		if (l->kind == COK_RES_CPU)
			listed.cpus++;
		else
			listed.memory += l->size;
	}
	want->cpus = listed.cpus < o->rest.cpus ? listed.cpus : o->rest.cpus;
	want->memory = smaller(listed.memory, o->rest.memory);
	return n;
}
