/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page frames over the granted memory ranges. Each range has a bitmap of the
 * frames in use, one of those among them that may be moved elsewhere, and one
 * of those that a claim took (see frames_claim); they live in memory that the
 * caller provides. Pure bookkeeping: the frames themselves are never touched.
 * The caller serializes.
 */
#ifndef CK_FRAMES_H
#define CK_FRAMES_H

#include "types.h"

#define FRAME_SIZE   4096ULL
#define FRAME_RANGES 160
#define FRAME_NONE   (~0ULL)

enum range_state {
	RANGE_EMPTY = 0,
	RANGE_OFFERED, /* accepted, COMMIT not yet seen */
	RANGE_HELD,
	RANGE_RECALLED, /* prepared, COMMIT or ABORT not yet seen */
};

struct frame_range {
	enum range_state state;
	bool boot; /* granted at boot: the kernel's own tables live here */
	u64 start;
	u64 frames;
	u64 free;
	u64 claims; /* frames that a claim has: then it stays in one piece */
	u16 granule; /* log2 of bytes in which the host parts it; 0: it does not */
	u64 unmapped; /* RECALLED: the TLB flush that this needs (smp.c) */
	u64 *used;
	u64 *movable;
	u64 *claimed;
	void *bitmap;	  /* as provided: the pieces of a range share it */
	u64 bitmap_bytes; /* of the whole range that it was provided for */
};

struct frame_pool {
	struct frame_range range[FRAME_RANGES];
};

/* Bytes of zeroed memory that a range of `size` bytes needs for its bitmaps. */
u64 frames_bitmap_bytes(u64 size);

/* Where a range may be cut: its bitmaps are in words. */
#define FRAME_CUT (64 * FRAME_SIZE)

/* NULL: no table entry left. `state` is OFFERED or HELD. */
struct frame_range *frames_add(struct frame_pool *p, u64 start, u64 size,
			       bool boot, enum range_state state, void *bitmap);
void frames_remove(struct frame_range *r);
/* Does another range use the same bitmap memory? */
bool frames_shared(const struct frame_pool *p, const struct frame_range *r);

/* Does [start, start + size) touch any range, whatever its state? */
bool frames_overlap(const struct frame_pool *p, u64 start, u64 size);

/* Walks the ranges inside [start, start + size): pass NULL first. */
struct frame_range *frames_inside(struct frame_pool *p, u64 start, u64 size,
				  struct frame_range *prev);

/*
 * Is all of [start, start + size) in ranges in `state`? Each end is at the end
 * of a range, or where that may be cut, multiples of FRAME_CUT behind its
 * start.
 */
bool frames_covered(const struct frame_pool *p, u64 start, u64 size,
		    enum range_state state);
/*
 * Cuts the range that `phys` lies in, in two; nothing to do at an end of one.
 * False: no table entry left.
 */
bool frames_cut(struct frame_pool *p, u64 phys);

/*
 * `n` contiguous frames from the ranges granted at boot, lowest table entry
 * first, so that grown ranges stay free to be recalled. FRAME_NONE: no room.
 */
u64 frames_alloc(struct frame_pool *p, u64 n);
void frames_free(struct frame_pool *p, u64 phys, u64 n);
/*
 * One frame from any range, grown ones first; of boot ranges, `keep` frames
 * each stay free. It may be movable: where its range is recalled, it is the
 * caller's to move (frames_first_movable). FRAME_NONE: no room.
 */
u64 frames_alloc_one(struct frame_pool *p, bool movable, u64 keep);
/*
 * The same, not movable, and boot ranges first: of grown ones, each that has
 * such a frame can't be recalled as a whole.
 */
u64 frames_alloc_fixed(struct frame_pool *p, u64 keep);
/* Marks what is in use from the start, such as the image. */
void frames_reserve(struct frame_pool *p, u64 phys, u64 size);

/* The first movable frame in [start, start + size), or FRAME_NONE. */
u64 frames_first_movable(struct frame_pool *p, u64 start, u64 size);

/* Frames in use in [start, start + size): movable ones, and others. */
struct frame_use {
	u64 movable, fixed;
};

struct frame_use frames_use(const struct frame_pool *p, u64 start, u64 size);

/* A part of some memory that could be given away. */
struct frame_run {
	u64 at, size; /* bytes */
	u64 movable;  /* frames in it that have to be moved first */
};

/*
 * The largest part of [start, start + size) that is held and could be given
 * away: of at most `max` bytes, in multiples of `unit` bytes from start on (0:
 * all or nothing), with no frame in it that stays, and at most `moves` that have
 * to be moved. Of parts alike, the one with the least to move; of these the
 * last. False: there is none.
 */
bool frames_find_run(const struct frame_pool *p, u64 start, u64 size, u64 unit,
		     u64 max, u64 moves, struct frame_run *run);

/* Lowest free frame of a range, or FRAME_NONE. */
u64 frames_first_free(const struct frame_range *r);

/* Takes up to `max` free frames of a range; frames_unclaim gives them back. */
u64 frames_claim(struct frame_range *r, u64 max);
void frames_unclaim(struct frame_range *r);
bool frames_is_claimed(const struct frame_range *r, u64 index);

struct frame_totals {
	u64 total, free;
	u32 ranges;
};

/* Of the ranges that are held. */
struct frame_totals frames_totals(const struct frame_pool *p);

#endif /* CK_FRAMES_H */
