// SPDX-License-Identifier: GPL-2.0
/* mem, mark: looking at memory, and leaving a trace that others can look at. */
#include "commands.h"
#include "mm.h"
#include "words.h"

#define MARK_WORDS (FRAME_SIZE / sizeof(u64))

void cmd_mem(int argc, char **argv)
{
	static const char *const states[] = {
		[RANGE_OFFERED] = "offered",
		[RANGE_HELD] = "held",
		[RANGE_RECALLED] = "recalled",
	};
	struct frame_totals t;

	(void)argc;
	(void)argv;
	for (size_t i = 0; i < FRAME_RANGES; i++) {
		u64 flags = memory_lock();
		struct frame_range r = pool.range[i];

		memory_unlock(flags);
		if (r.state == RANGE_EMPTY)
			continue;
		out("range 0x%llx-0x%llx %llu KiB, free %llu KiB, %s, %s",
		    r.start, r.start + r.frames * FRAME_SIZE - 1,
		    r.frames * FRAME_SIZE / KIB, r.free * FRAME_SIZE / KIB,
		    r.boot ? "boot" : "grown", states[r.state]);
	}
	t = frames_totals(&pool);
	out("total %llu KiB in %u ranges, free %llu KiB",
	    t.total * FRAME_SIZE / KIB, t.ranges, t.free * FRAME_SIZE / KIB);
}

/* Locked, so that the page stays ours while it is written. */
static u64 mark_one(struct frame_range *r, u64 pattern)
{
	u64 flags = memory_lock();
	u64 phys = r->state == RANGE_HELD ? frames_first_free(r) : FRAME_NONE;

	if (phys != FRAME_NONE) {
		u64 *p = phys_to_virt(phys);

		for (size_t i = 0; i < MARK_WORDS; i++)
			p[i] = pattern;
	}
	memory_unlock(flags);
	return phys;
}

void cmd_mark(int argc, char **argv)
{
	u64 pattern;

	if (argc != 2 || !word_hex(argv[1], &pattern)) {
		out("usage: mark HEX64");
		return;
	}
	for (size_t i = 0; i < FRAME_RANGES; i++) {
		u64 phys = mark_one(&pool.range[i], pattern);

		if (phys != FRAME_NONE)
			out("mark: 0x%llx", phys);
	}
	comm->nonce = pattern;
}
