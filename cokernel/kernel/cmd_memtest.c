// SPDX-License-Identifier: GPL-2.0
/*
 * memtest: takes all free frames (or so many MiB) but a few that an offer may
 * need meanwhile, writes every word of all of them, and only then verifies, so
 * that two addresses that reach the same memory are seen, also across ranges.
 * The last pass leaves zeroes. The frames are marked as claimed while it runs,
 * so their range is not given away.
 */
#include "commands.h"
#include "mm.h"
#include "words.h"

#define WORDS_PER_FRAME (FRAME_SIZE / sizeof(u64))

struct pass {
	const char *name;
	u64 invert;   /* XORed into the pattern */
	bool address; /* the word's physical address, mixed; else constant */
};

static const struct pass passes[] = {
	{ "address", 0, true },
	{ "inverted address", ~0ULL, true },
	{ "0x55", 0x5555555555555555, false },
	{ "zero", 0, false },
};

struct result {
	u64 bytes, errors;
	u64 first_bad;
};

static u64 pattern(const struct pass *p, u64 phys)
{
	return (p->address ? phys * 0x9e3779b97f4a7c15ULL : 0) ^ p->invert;
}

static void write_frame(const struct pass *p, u64 phys)
{
	volatile u64 *w = phys_to_virt(phys);

	for (size_t i = 0; i < WORDS_PER_FRAME; i++)
		w[i] = pattern(p, phys + i * sizeof(u64));
}

static void verify_frame(const struct pass *p, u64 phys, struct result *res)
{
	volatile u64 *w = phys_to_virt(phys);

	for (size_t i = 0; i < WORDS_PER_FRAME; i++) {
		if (w[i] == pattern(p, phys + i * sizeof(u64)))
			continue;
		if (!res->errors++)
			res->first_bad = phys + i * sizeof(u64);
	}
}

static bool has_claims(const struct frame_range *r)
{
	return r->state == RANGE_HELD && r->claimed && r->free < r->frames;
}

static void sweep(const struct pass *p, bool verify, struct result *res)
{
	for (size_t i = 0; i < FRAME_RANGES; i++) {
		const struct frame_range *r = &pool.range[i];

		if (!has_claims(r))
			continue;
		for (u64 f = 0; f < r->frames; f++) {
			u64 phys = r->start + f * FRAME_SIZE;

			if (!frames_is_claimed(r, f))
				continue;
			if (verify)
				verify_frame(p, phys, &res[i]);
			else
				write_frame(p, phys);
		}
	}
}

static u64 claim(struct frame_range *r, u64 max)
{
	u64 keep = r->boot ? KEEP_FRAMES : 0;

	if (r->state != RANGE_HELD || r->free <= keep)
		return 0;
	return frames_claim(r, max < r->free - keep ? max : r->free - keep);
}

static u64 claim_all(u64 max, struct result *res)
{
	u64 total = 0;

	for (size_t i = 0; i < FRAME_RANGES; i++) {
		struct frame_range *r = &pool.range[i];
		u64 flags = memory_lock();
		u64 n = claim(r, max - total);

		memory_unlock(flags);
		res[i].bytes = n * FRAME_SIZE;
		total += n;
	}
	return total;
}

static void unclaim_all(void)
{
	for (size_t i = 0; i < FRAME_RANGES; i++) {
		u64 flags = memory_lock();

		if (has_claims(&pool.range[i]))
			frames_unclaim(&pool.range[i]);
		memory_unlock(flags);
	}
}

static void report(const struct result *res, u64 total)
{
	u64 errors = 0;

	for (size_t i = 0; i < FRAME_RANGES; i++) {
		const struct frame_range *r = &pool.range[i];

		if (!res[i].bytes)
			continue;
		errors += res[i].errors;
		out("memtest: range 0x%llx-0x%llx tested %llu bytes, %llu errors",
		    r->start, r->start + r->frames * FRAME_SIZE - 1,
		    res[i].bytes, res[i].errors);
		if (res[i].errors)
			out("memtest: first bad word at 0x%llx",
			    res[i].first_bad);
	}
	out("memtest: %s, %llu bytes, %u passes, %llu errors",
	    errors ? "FAILED" : "ok", total * FRAME_SIZE,
	    (u32)ARRAY_SIZE(passes), errors);
}

void cmd_memtest(int argc, char **argv)
{
	static struct result res[FRAME_RANGES];
	u64 mib = ~0ULL / MIB, total;

	if (argc > 2 || (argc == 2 && (!word_number(argv[1], &mib) || !mib ||
				       mib > ~0ULL / MIB))) {
		out("usage: memtest [MIB]");
		return;
	}
	for (size_t i = 0; i < FRAME_RANGES; i++)
		res[i] = (struct result){ 0 };
	total = claim_all(mib * (MIB / FRAME_SIZE), res);
	for (size_t p = 0; p < ARRAY_SIZE(passes); p++) {
		sweep(&passes[p], false, res);
		sweep(&passes[p], true, res);
	}
	report(res, total);
	unclaim_all();
}
