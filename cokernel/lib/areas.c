// SPDX-License-Identifier: GPL-2.0
#include "areas.h"
#include "string.h"

/* Splitting at both ends of a change adds this many at most. */
#define AREAS_SPARE 3

bool user_range(u64 addr, u64 len)
{
	return addr >= USER_START && addr < USER_END && len <= USER_END - addr;
}

/* The first area that ends behind addr; n if none does. */
static u32 first_behind(const struct areas *m, u64 addr)
{
	u32 low = 0, high = m->n;

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (m->area[mid].end <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct area *areas_at(const struct areas *m, u64 addr)
{
	u32 i = first_behind(m, addr);

	return i < m->n && m->area[i].start <= addr ? &m->area[i] : NULL;
}

bool areas_cover(const struct areas *m, u64 start, u64 end, u32 prot)
{
	for (u32 i = first_behind(m, start); start < end; i++) {
		if (i == m->n || m->area[i].start > start ||
		    (m->area[i].prot & prot) != prot)
			return false;
		start = m->area[i].end;
	}
	return true;
}

static void insert_at(struct areas *m, u32 i, struct area a)
{
	memmove(&m->area[i + 1], &m->area[i], (m->n - i) * sizeof(m->area[0]));
	m->area[i] = a;
	m->n++;
}

static void remove_at(struct areas *m, u32 i, u32 count)
{
	memmove(&m->area[i], &m->area[i + count],
		(m->n - i - count) * sizeof(m->area[0]));
	m->n -= count;
}

/* Makes addr a bound between areas, if it lies inside one. */
static void split(struct areas *m, u64 addr)
{
	u32 i = first_behind(m, addr);
	struct area tail;

	if (i == m->n || m->area[i].start >= addr)
		return;
	tail = m->area[i];
	tail.start = addr;
	m->area[i].end = addr;
	insert_at(m, i + 1, tail);
}

static bool alike(const struct area *a, const struct area *b)
{
	return a->end == b->start && a->prot == b->prot && a->kind == b->kind;
}

/* Joins neighbours from the one before `start` to the one behind `end`. */
static void join(struct areas *m, u64 start, u64 end)
{
	u32 i = first_behind(m, start);

	if (i)
		i--;
	while (i + 1 < m->n && m->area[i].start <= end) {
		if (!alike(&m->area[i], &m->area[i + 1])) {
			i++;
			continue;
		}
		m->area[i].end = m->area[i + 1].end;
		remove_at(m, i + 1, 1);
	}
}

static bool has_room(const struct areas *m)
{
	return m->n + AREAS_SPARE <= AREAS_MAX;
}

/* Both bounds are between areas; the areas inside go. Returns where. */
static u32 clear(struct areas *m, u64 start, u64 end)
{
	u32 i, count = 0;

	split(m, start);
	split(m, end);
	i = first_behind(m, start);
	while (i + count < m->n && m->area[i + count].start < end)
		count++;
	remove_at(m, i, count);
	return i;
}

bool areas_put(struct areas *m, u64 start, u64 end, u32 prot, u32 kind)
{
	u32 i;

	if (!has_room(m))
		return false;
	i = clear(m, start, end);
	insert_at(m, i, (struct area){ start, end, prot, kind });
	join(m, start, end);
	return true;
}

bool areas_cut(struct areas *m, u64 start, u64 end)
{
	if (!has_room(m))
		return false;
	clear(m, start, end);
	return true;
}

bool areas_protect(struct areas *m, u64 start, u64 end, u32 prot)
{
	if (!has_room(m))
		return false;
	split(m, start);
	split(m, end);
	for (u32 i = first_behind(m, start); i < m->n && m->area[i].start < end;
	     i++)
		m->area[i].prot = prot;
	join(m, start, end);
	return true;
}

u64 areas_gap(const struct areas *m, u64 size, u64 low, u64 high)
{
	u64 end = high;

	if (!size || size > high - low)
		return 0;
	for (u32 i = m->n; i--;) {
		const struct area *a = &m->area[i];

		if (a->start >= high)
			continue;
		if (a->end < end && end - a->end >= size)
			break;
		if (a->start < end)
			end = a->start;
		if (end < low || end - low < size)
			return 0;
	}
	return end - size;
}
