// SPDX-License-Identifier: GPL-2.0
/*
 * hold, drop: frames in use, as a program would have them: each is found through
 * a table, and holds what it should. Movable ones go elsewhere when their range
 * is recalled; fixed ones keep it from being given.
 */
#include "commands.h"
#include "mm.h"
#include "string.h"
#include "words.h"

#define HOLD_FRAMES 65536 /* at most, of each kind */
#define FRAME_WORDS (FRAME_SIZE / sizeof(u64))

/* frame[i]: where the i-th is. The frame's first word is i. */
static struct hold {
	const char *name;
	u64 *frame;
	u64 n;
} holds[] = { { "movable", NULL, 0 }, { "fixed", NULL, 0 } };

static u64 content(u64 i, u64 word)
{
	return word ? (i << 16 | word) * 0x9e3779b97f4a7c15ULL : i;
}

/* The table is made once, and stays. */
static bool have_table(struct hold *h)
{
	u64 phys;

	if (h->frame)
		return true;
	phys = page_alloc(HOLD_FRAMES * sizeof(u64) / FRAME_SIZE);
	if (phys == FRAME_NONE)
		return false;
	h->frame = phys_to_virt(phys);
	return true;
}

/* Locked from the allocation on, so that it moves as a whole. */
static bool hold_one(struct hold *h, bool movable)
{
	u64 flags = memory_lock();
	u64 phys = h->n < HOLD_FRAMES
			   ? frames_alloc_one(&pool, movable, KEEP_FRAMES)
			   : FRAME_NONE;

	if (phys != FRAME_NONE) {
		u64 *p = phys_to_virt(phys);

		for (u64 w = 0; w < FRAME_WORDS; w++)
			p[w] = content(h->n, w);
		h->frame[h->n++] = phys;
	}
	memory_unlock(flags);
	return phys != FRAME_NONE;
}

void hold_moved(u64 from, u64 to)
{
	struct hold *h = &holds[0];
	u64 i = *(u64 *)phys_to_virt(to);

	if (i >= h->n || h->frame[i] != from)
		panic("frame 0x%llx moved, but nobody's", from);
	h->frame[i] = to;
}

static bool is_intact(const struct hold *h, u64 i)
{
	u64 flags = memory_lock(); /* it stays where it is */
	const u64 *p = phys_to_virt(h->frame[i]);
	bool ok = true;

	for (u64 w = 0; w < FRAME_WORDS; w++)
		ok &= p[w] == content(i, w);
	memory_unlock(flags);
	return ok;
}

static void print(const struct hold *h)
{
	u64 bad = 0;

	for (u64 i = 0; i < h->n; i++)
		bad += !is_intact(h, i);
	out("hold: %llu KiB %s, %llu frames, %llu bad", h->n * FRAME_SIZE / KIB,
	    h->name, h->n, bad);
}

void cmd_hold(int argc, char **argv)
{
	bool fixed = argc == 3 && !strcmp(argv[2], "fixed");
	struct hold *h = &holds[fixed];
	u64 size = 0;

	if (argc > 3 || (argc == 3 && !fixed) ||
	    (argc > 1 && !word_size(argv[1], &size))) {
		out("usage: hold [SIZE [fixed]]");
		return;
	}
	for (u64 n = 0; n < size / FRAME_SIZE; n++)
		if (!have_table(h) || !hold_one(h, !fixed)) {
			out("hold: no room for all of it");
			break;
		}
	print(&holds[0]);
	print(&holds[1]);
}

void cmd_drop(int argc, char **argv)
{
	bool fixed = argc == 2 && !strcmp(argv[1], "fixed");
	struct hold *h = &holds[fixed];

	if (argc > 2 || (argc == 2 && !fixed)) {
		out("usage: drop [fixed]");
		return;
	}
	for (u64 flags; h->n; memory_unlock(flags)) {
		flags = memory_lock();
		page_free(h->frame[--h->n], 1);
	}
	out("drop: no %s frames are held", h->name);
}
