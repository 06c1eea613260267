/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a program's address space is made of: areas of whole pages, sorted, none
 * overlapping, neighbours of one kind joined. Pure bookkeeping; the caller
 * serializes and keeps the page tables in step.
 */
#ifndef CK_AREAS_H
#define CK_AREAS_H

#include "types.h"

#define AREA_PAGE 4096ULL
#define AREAS_MAX 640

/* Where a program may have memory: the first page, and the last, stay empty. */
#define USER_START 0x10000ULL
#define USER_END   0x7ffffffff000ULL

enum { AREA_R = 1, AREA_W = 2, AREA_X = 4 };

struct area {
	u64 start, end; /* bytes; [start, end) */
	u32 prot;	/* AREA_R, AREA_W, AREA_X */
	u32 kind;	/* the caller's; areas of different kinds don't join */
};

struct areas {
	u32 n;
	struct area area[AREAS_MAX];
};

/* Is [addr, addr + len) inside what a program may have? Any input. */
bool user_range(u64 addr, u64 len);

/* The area that addr lies in, or NULL. */
const struct area *areas_at(const struct areas *m, u64 addr);
/* Is all of [start, end) in areas, each with all of `prot`? */
bool areas_cover(const struct areas *m, u64 start, u64 end, u32 prot);

/*
 * Each takes page-aligned bounds inside [USER_START, USER_END), and replaces,
 * removes or changes what is there. False: the table is full, nothing changed.
 */
bool areas_put(struct areas *m, u64 start, u64 end, u32 prot, u32 kind);
bool areas_cut(struct areas *m, u64 start, u64 end);
bool areas_protect(struct areas *m, u64 start, u64 end, u32 prot);

/*
 * The highest gap of `size` bytes in [low, high), or 0.
 */
u64 areas_gap(const struct areas *m, u64 size, u64 low, u64 high);

#endif /* CK_AREAS_H */
