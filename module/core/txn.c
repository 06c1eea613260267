// SPDX-License-Identifier: GPL-2.0
#include "txn.h"

static bool granule_ok(const struct cok_res *r)
{
	__u64 mask;

	if (!r->granule)
		return true;
	if (r->granule < 12 || r->granule > 46)
		return false;
	mask = (1ULL << r->granule) - 1;
	return !(r->start & mask) && !(r->size & mask);
}

bool cok_res_valid(const struct cok_res *r)
{
	if (r->kind == COK_RES_CPU)
		return r->start <= 0xffffffff && r->size < COK_MAX_CORES &&
		       !r->granule;
	return r->kind == COK_RES_MEM && r->size && !(r->size & 4095) &&
	       !(r->start & 4095) && r->start + r->size > r->start &&
	       granule_ok(r);
}

__u64 cok_res_amount(const struct cok_res *r)
{
	return r->kind == COK_RES_CPU ? 1 : r->size;
}

bool cok_res_overlap(const struct cok_res *a, const struct cok_res *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == COK_RES_CPU)
		return a->start == b->start || a->size == b->size;
	return a->start < b->start + b->size && b->start < a->start + a->size;
}

void cok_res_give_all(struct cok_res *r)
{
	r->at = r->start;
	r->given = cok_res_amount(r);
	r->why = COK_WHY_NONE;
}

void cok_res_give_none(struct cok_res *r, __u16 why)
{
	r->at = r->start;
	r->given = 0;
	r->why = why ? why : COK_WHY_REFUSED;
}

bool cok_res_give_part(struct cok_res *r, __u64 at, __u64 size, __u16 why)
{
	__u64 mask = (1ULL << r->granule) - 1;
	__u64 skip = at - r->start;

	if (r->kind != COK_RES_MEM || !size || at < r->start ||
	    skip >= r->size || size > r->size - skip)
		return false;
	if (size == r->size) {
		cok_res_give_all(r);
		return true;
	}
	if (!r->granule || (at & mask) || (size & mask))
		return false;
	r->at = at;
	r->given = size;
	r->why = why ? why : COK_WHY_REFUSED;
	return true;
}

void cok_res_answer(const struct cok_res *r, __u16 all, struct cok_msg *m)
{
	bool whole = r->given == cok_res_amount(r);

	m->kind = r->kind;
	m->type = whole ? all : COK_MSG_PARTIAL;
	m->status = whole ? COK_WHY_NONE : r->why;
	m->start = whole || !r->given ? r->start : r->at;
	m->size = whole ? r->size : r->given;
}

bool cok_res_take(struct cok_res *r, __u16 all, const struct cok_msg *m)
{
	if (m->kind != r->kind)
		return false;
	if (m->type == all) {
		if (m->start != r->start || m->size != r->size)
			return false;
		cok_res_give_all(r);
		return true;
	}
	if (m->type != COK_MSG_PARTIAL)
		return false;
	if (!m->size && m->start == r->start) {
		cok_res_give_none(r, m->status);
		return true;
	}
	return m->size != r->size &&
	       cok_res_give_part(r, m->start, m->size, m->status);
}

bool cok_link_send(const struct cok_link *l, __u32 epoch, struct cok_msg *m)
{
	if (!l->room(l->ctx, m->type))
		return false;
	m->epoch = epoch;
	l->send(l->ctx, m);
	return true;
}
