/* SPDX-License-Identifier: GPL-2.0 */
/* Watching a word that grows as long as its writer lives. Pure. */
#ifndef CK_BEAT_H
#define CK_BEAT_H

#include "types.h"

struct beat {
	u64 last;
	u32 quiet; /* looks in a row that saw no change */
};

/* One look: true if it is the `limit`th in a row that saw no change; 0: never. */
static inline bool beat_lost(struct beat *b, u64 now, u32 limit)
{
	if (now != b->last) {
		b->last = now;
		b->quiet = 0;
		return false;
	}
	if (b->quiet < limit)
		b->quiet++;
	return limit && b->quiet == limit;
}

#endif /* CK_BEAT_H */
