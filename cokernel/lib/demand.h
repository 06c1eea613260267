/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When to ask the host for more of one kind, and when to take that back. Pure:
 * time comes in, in units of the caller's. At most one request is out at a
 * time, and after one that has ended, or after giving up some of the kind,
 * there is a pause before the next.
 */
#ifndef CK_DEMAND_H
#define CK_DEMAND_H

#include "types.h"

struct demand {
	u64 number;  /* of the request that is out; 0: none */
	bool served; /* an offer for it has been committed: it ends by itself */
	bool cancelled;
	bool lacking;
	u64 since;	/* lacking: when that began */
	u64 not_before; /* no new one */
};

enum demand_step { DEMAND_NOTHING, DEMAND_ASK, DEMAND_CANCEL };

/*
 * What to do now. `needed`: is there too little? It has to be so for `grace`
 * before anything is asked. Whoever then asks sets d->number.
 */
enum demand_step demand_next(struct demand *d, bool needed, u64 now, u64 grace);

/* The request that is out has ended. */
void demand_ended(struct demand *d, u64 not_before);

#endif /* CK_DEMAND_H */
