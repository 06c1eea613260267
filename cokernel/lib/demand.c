// SPDX-License-Identifier: GPL-2.0
#include "demand.h"

enum demand_step demand_next(struct demand *d, bool needed, u64 now, u64 grace)
{
	if (!needed) {
		d->lacking = false;
		if (!d->number || d->served || d->cancelled)
			return DEMAND_NOTHING;
		d->cancelled = true;
		return DEMAND_CANCEL;
	}
	if (!d->lacking) {
		d->lacking = true;
		d->since = now;
	}
	if (d->number || now < d->not_before || now - d->since < grace)
		return DEMAND_NOTHING;
	return DEMAND_ASK;
}

void demand_ended(struct demand *d, u64 not_before)
{
	d->number = 0;
	d->served = d->cancelled = false;
	if (not_before > d->not_before)
		d->not_before = not_before;
}
