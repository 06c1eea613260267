/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a core did between two looks at its stats page. Pure: compiled into the
 * unit tests as well. All of it rests on claims of the co-kernel: no number in
 * a page can do worse than be shown.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stddef.h>
#include <stdint.h>

#include <cok/comm.h>

struct load {
	uint64_t ms;		       /* what it is about; 0: nothing known */
	double idle, kernel, user;     /* percent; all 0 if it told nothing */
	double irqs, doorbells, beats; /* per second */
};

/*
 * `before` is the look `ms` earlier; NULL: since the core came up, by its own
 * time stamps. Counters that went backwards count as 0.
 */
void load_of(struct load *l, const struct cok_stats *now,
	     const struct cok_stats *before, uint64_t ms, uint32_t tsc_khz);

/* `width` characters: # kernel, + user, . idle, blank if unknown. */
void load_bar(const struct load *l, char *buf, size_t width);

#endif /* LOAD_H */
