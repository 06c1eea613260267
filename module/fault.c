// SPDX-License-Identifier: GPL-2.0
/*
 * Test builds only: make the n-th acquisition fail, so that a test can walk
 * every error path until nothing is left to fail.
 */
#include "cok.h"

static DEFINE_SPINLOCK(fault_lock);
static u32 fault_at, fault_count;
static char fault_name[COK_TEXT_MAX];

bool cok_fault(const char *name)
{
	unsigned long flags;
	bool fail = false;

	spin_lock_irqsave(&fault_lock, flags);
	if (fault_at && ++fault_count == fault_at) {
		strscpy(fault_name, name, sizeof(fault_name));
		fail = true;
	}
	spin_unlock_irqrestore(&fault_lock, flags);
	return fail;
}

void cok_fault_set(u32 at)
{
	spin_lock_irq(&fault_lock);
	fault_at = at;
	fault_count = 0;
	fault_name[0] = 0;
	spin_unlock_irq(&fault_lock);
}

void cok_fault_get(u32 *at, u32 *count, char name[COK_TEXT_MAX])
{
	spin_lock_irq(&fault_lock);
	*at = fault_at;
	*count = fault_count;
	strscpy(name, fault_name, COK_TEXT_MAX);
	spin_unlock_irq(&fault_lock);
}
