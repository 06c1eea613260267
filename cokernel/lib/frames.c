// SPDX-License-Identifier: GPL-2.0
#include "frames.h"
#include "string.h"

static u64 bitmap_words(u64 frames)
{
	return (frames + 63) / 64;
}

static bool bit(const u64 *map, u64 i)
{
	return map[i / 64] >> (i % 64) & 1;
}

static void set_bit(u64 *map, u64 i)
{
	map[i / 64] |= 1ULL << (i % 64);
}

static void clear_bit(u64 *map, u64 i)
{
	map[i / 64] &= ~(1ULL << (i % 64));
}

u64 frames_bitmap_bytes(u64 size)
{
	return 3 * sizeof(u64) * bitmap_words(size / FRAME_SIZE);
}

struct frame_range *frames_add(struct frame_pool *p, u64 start, u64 size,
			       bool boot, enum range_state state, void *bitmap)
{
	u64 frames = size / FRAME_SIZE;

	for (size_t i = 0; i < FRAME_RANGES; i++) {
		struct frame_range *r = &p->range[i];

		if (r->state != RANGE_EMPTY)
			continue;
		*r = (struct frame_range){
			.state = state,
			.boot = boot,
			.start = start,
			.frames = frames,
			.free = frames,
			.used = bitmap,
			.movable = (u64 *)bitmap + bitmap_words(frames),
			.claimed = (u64 *)bitmap + 2 * bitmap_words(frames),
			.bitmap = bitmap,
			.bitmap_bytes = frames_bitmap_bytes(size),
		};
		return r;
	}
	return NULL;
}

void frames_remove(struct frame_range *r)
{
	memset(r, 0, sizeof(*r));
}

bool frames_shared(const struct frame_pool *p, const struct frame_range *r)
{
	for (size_t i = 0; i < FRAME_RANGES; i++)
		if (&p->range[i] != r && p->range[i].state != RANGE_EMPTY &&
		    p->range[i].bitmap == r->bitmap)
			return true;
	return false;
}

static u64 range_size(const struct frame_range *r)
{
	return r->frames * FRAME_SIZE;
}

bool frames_overlap(const struct frame_pool *p, u64 start, u64 size)
{
	for (size_t i = 0; i < FRAME_RANGES; i++) {
		const struct frame_range *r = &p->range[i];

		if (r->state != RANGE_EMPTY &&
		    start < r->start + range_size(r) && r->start < start + size)
			return true;
	}
	return false;
}

struct frame_range *frames_inside(struct frame_pool *p, u64 start, u64 size,
				  struct frame_range *prev)
{
	struct frame_range *r = prev ? prev + 1 : p->range;

	for (; r < p->range + FRAME_RANGES; r++)
		if (r->state != RANGE_EMPTY && r->start >= start &&
		    r->start + range_size(r) <= start + size)
			return r;
	return NULL;
}

static bool may_cut(const struct frame_range *r, u64 phys)
{
	return phys <= r->start || phys >= r->start + range_size(r) ||
	       (phys - r->start) % FRAME_CUT == 0;
}

/* Bytes of a range inside [start, start + size), from *from on. */
static u64 common(const struct frame_range *r, u64 start, u64 size, u64 *from)
{
	u64 end = r->start + range_size(r);

	*from = r->start > start ? r->start : start;
	if (end > start + size)
		end = start + size;
	return end > *from ? end - *from : 0;
}

bool frames_covered(const struct frame_pool *p, u64 start, u64 size,
		    enum range_state state)
{
	u64 sum = 0, from, part;

	for (size_t i = 0; i < FRAME_RANGES; i++) {
		const struct frame_range *r = &p->range[i];

		if (r->state == RANGE_EMPTY)
			continue;
		part = common(r, start, size, &from);
		if (!part)
			continue;
		if (r->state != state || !may_cut(r, start) ||
		    !may_cut(r, start + size))
			return false;
		sum += part;
	}
	return sum && sum == size;
}

/* Of bits i .. i + n - 1, all in one word. */
static u64 word_mask(u64 i, u64 n)
{
	return (n < 64 ? (1ULL << n) - 1 : ~0ULL) << i % 64;
}

/* Popcount without the instruction, which the kernel may not have. */
static u64 count_bits(u64 w)
{
	w -= w >> 1 & 0x5555555555555555;
	w = (w & 0x3333333333333333) + (w >> 2 & 0x3333333333333333);
	w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return w * 0x0101010101010101 >> 56;
}

static void add_use(const struct frame_range *r, u64 first, u64 n,
		    struct frame_use *use)
{
	for (u64 i = first, part; i < first + n; i += part) {
		u64 mask;

		part = 64 - i % 64;
		if (part > first + n - i)
			part = first + n - i;
		mask = word_mask(i, part);
		use->movable += count_bits(r->movable[i / 64] & mask);
		use->fixed += count_bits(r->used[i / 64] & ~r->movable[i / 64] &
					 mask);
	}
}

struct frame_use frames_use(const struct frame_pool *p, u64 start, u64 size)
{
	struct frame_use use = { 0 };

	for (size_t i = 0; i < FRAME_RANGES; i++) {
		const struct frame_range *r = &p->range[i];
		u64 from, part;

		if (r->state == RANGE_EMPTY)
			continue;
		part = common(r, start, size, &from);
		if (!part)
			continue;
		add_use(r, (from - r->start) / FRAME_SIZE, part / FRAME_SIZE,
			&use);
		/* Whoever claimed frames walks over the range meanwhile. */
		use.fixed += r->claims;
	}
	return use;
}

static bool could_give(const struct frame_pool *p, u64 start, u64 size,
		       u64 moves, u64 *movable)
{
	struct frame_use use;

	if (!frames_covered(p, start, size, RANGE_HELD))
		return false;
	use = frames_use(p, start, size);
	*movable = use.movable;
	return !use.fixed && use.movable <= moves;
}

/* Takes units off its front until it is within both. */
static void shrink_run(const struct frame_pool *p, struct frame_run *run,
		       u64 unit, u64 max, u64 moves)
{
	while (run->size > max || run->movable > moves) {
		run->movable -= frames_use(p, run->at, unit).movable;
		run->size -= unit;
		run->at += unit;
	}
}

bool frames_find_run(const struct frame_pool *p, u64 start, u64 size, u64 unit,
		     u64 max, u64 moves, struct frame_run *run)
{
	struct frame_run now = { .at = start };
	u64 movable;

	*run = (struct frame_run){ 0 };
	if (max >= size && could_give(p, start, size, moves, &movable)) {
		*run = (struct frame_run){ start, size, movable };
		return true;
	}
	if (!unit)
		return false;
	/* A window that moves over what could be given. */
	for (u64 at = start; size - (at - start) >= unit; at += unit) {
		if (!could_give(p, at, unit, moves, &movable)) {
			now = (struct frame_run){ .at = at + unit };
			continue;
		}
		now.size += unit;
		now.movable += movable;
		shrink_run(p, &now, unit, max, moves);
		if (now.size > run->size ||
		    (now.size == run->size && now.movable <= run->movable))
			*run = now;
	}
	return run->size;
}

u64 frames_first_movable(struct frame_pool *p, u64 start, u64 size)
{
	struct frame_range *r = NULL;

	while ((r = frames_inside(p, start, size, r)))
		for (u64 w = 0; w < bitmap_words(r->frames); w++)
			if (r->movable[w])
				return r->start +
				       (w * 64 +
					(u64)__builtin_ctzll(r->movable[w])) *
					       FRAME_SIZE;
	return FRAME_NONE;
}

static u64 count_free(const struct frame_range *r)
{
	u64 n = 0;

	for (u64 i = 0; i < r->frames; i++)
		n += !bit(r->used, i);
	return n;
}

static struct frame_range *range_of(struct frame_pool *p, u64 phys)
{
	for (size_t i = 0; i < FRAME_RANGES; i++) {
		struct frame_range *r = &p->range[i];

		if (r->state != RANGE_EMPTY && phys >= r->start &&
		    phys - r->start < range_size(r))
			return r;
	}
	return NULL;
}

bool frames_cut(struct frame_pool *p, u64 phys)
{
	struct frame_range *r = range_of(p, phys), *tail;
	u64 head;

	if (!r || r->start == phys)
		return true;
	head = (phys - r->start) / FRAME_SIZE;
	tail = frames_add(p, phys, (r->frames - head) * FRAME_SIZE, r->boot,
			  r->state, r->bitmap);
	if (!tail)
		return false;
	tail->used = r->used + head / 64;
	tail->movable = r->movable + head / 64;
	tail->claimed = r->claimed + head / 64;
	tail->granule = r->granule;
	tail->bitmap_bytes = r->bitmap_bytes;
	tail->free = count_free(tail);
	r->frames = head;
	r->free -= tail->free;
	return true;
}

/* First index of a run of n free frames, or FRAME_NONE. */
static u64 find_run(const struct frame_range *r, u64 n)
{
	u64 run = 0;

	for (u64 i = 0; i < r->frames; i++) {
		if (i % 64 == 0 && r->used[i / 64] == ~0ULL) {
			run = 0;
			i += 63;
			continue;
		}
		run = bit(r->used, i) ? 0 : run + 1;
		if (run == n)
			return i + 1 - n;
	}
	return FRAME_NONE;
}

u64 frames_alloc(struct frame_pool *p, u64 n)
{
	for (size_t i = 0; i < FRAME_RANGES; i++) {
		struct frame_range *r = &p->range[i];
		u64 first;

		if (r->state != RANGE_HELD || !r->boot || r->free < n)
			continue;
		first = find_run(r, n);
		if (first == FRAME_NONE)
			continue;
		for (u64 f = first; f < first + n; f++)
			set_bit(r->used, f);
		r->free -= n;
		return r->start + first * FRAME_SIZE;
	}
	return FRAME_NONE;
}

void frames_free(struct frame_pool *p, u64 phys, u64 n)
{
	for (; n; n--, phys += FRAME_SIZE) {
		struct frame_range *r = range_of(p, phys);
		u64 i;

		if (!r)
			continue;
		i = (phys - r->start) / FRAME_SIZE;
		if (bit(r->used, i)) {
			clear_bit(r->used, i);
			clear_bit(r->movable, i);
			r->free++;
		}
	}
}

static u64 alloc_in(struct frame_range *r, bool movable)
{
	u64 i = find_run(r, 1);

	set_bit(r->used, i);
	if (movable)
		set_bit(r->movable, i);
	r->free--;
	return r->start + i * FRAME_SIZE;
}

static struct frame_range *with_room(struct frame_pool *p, bool boot, u64 keep)
{
	for (size_t i = 0; i < FRAME_RANGES; i++) {
		struct frame_range *r = &p->range[i];

		if (r->state == RANGE_HELD && r->boot == boot && r->free > keep)
			return r;
	}
	return NULL;
}

u64 frames_alloc_one(struct frame_pool *p, bool movable, u64 keep)
{
	struct frame_range *r = with_room(p, false, 0);

	if (!r)
		r = with_room(p, true, keep);
	return r ? alloc_in(r, movable) : FRAME_NONE;
}

u64 frames_alloc_fixed(struct frame_pool *p, u64 keep)
{
	struct frame_range *r = with_room(p, true, keep);

	if (!r)
		r = with_room(p, false, 0);
	return r ? alloc_in(r, false) : FRAME_NONE;
}

void frames_reserve(struct frame_pool *p, u64 phys, u64 size)
{
	u64 end = phys + size;

	for (phys &= ~(FRAME_SIZE - 1); phys < end; phys += FRAME_SIZE) {
		struct frame_range *r = range_of(p, phys);
		u64 i;

		if (!r)
			continue;
		i = (phys - r->start) / FRAME_SIZE;
		if (!bit(r->used, i)) {
			set_bit(r->used, i);
			r->free--;
		}
	}
}

u64 frames_first_free(const struct frame_range *r)
{
	u64 i = r->free ? find_run(r, 1) : FRAME_NONE;

	return i == FRAME_NONE ? FRAME_NONE : r->start + i * FRAME_SIZE;
}

u64 frames_claim(struct frame_range *r, u64 max)
{
	u64 n = 0;

	for (u64 i = 0; i < r->frames && n < max; i++) {
		if (bit(r->used, i))
			continue;
		set_bit(r->used, i);
		set_bit(r->claimed, i);
		n++;
	}
	r->free -= n;
	r->claims += n;
	return n;
}

void frames_unclaim(struct frame_range *r)
{
	for (u64 i = 0; i < r->frames; i++) {
		if (!bit(r->claimed, i))
			continue;
		clear_bit(r->claimed, i);
		clear_bit(r->used, i);
		r->free++;
	}
	r->claims = 0;
}

bool frames_is_claimed(const struct frame_range *r, u64 index)
{
	return bit(r->claimed, index);
}

struct frame_totals frames_totals(const struct frame_pool *p)
{
	struct frame_totals t = { 0 };

	for (size_t i = 0; i < FRAME_RANGES; i++) {
		const struct frame_range *r = &p->range[i];

		if (r->state != RANGE_HELD)
			continue;
		t.total += r->frames;
		t.free += r->free;
		t.ranges++;
	}
	return t;
}
