/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Work that any core can do: jobs that wait in one queue, and that each core
 * does in slices, so that a core that is recalled leaves its job to the others.
 */
#ifndef CK_WORK_H
#define CK_WORK_H

#include "types.h"

#define WORK_MAX 256 /* jobs at a time */

/* Adds n jobs that each take so much time of a core. False: too many. */
bool work_add(u32 n, u64 tsc);
/* Has this core a job, or can it have one? Interrupts off. */
bool work_take(u32 slot);
/* Does a slice of this core's job. */
void work_slice(u32 slot);
/* This core leaves: its job is for the others. */
void work_leave(u32 slot);

bool work_on(u32 slot); /* has it a job? */
u32 work_waiting(void); /* jobs that no core has */
void work_print(void);

#endif /* CK_WORK_H */
