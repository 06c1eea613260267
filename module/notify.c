// SPDX-License-Identifier: GPL-2.0
/*
 * When the whole host goes: leased cores are sent INIT and left waiting for a
 * STARTUP, which the next kernel sends. Never STARTUP from here: our pages
 * are about to be somebody else's.
 */
#include <linux/reboot.h>
#include <linux/suspend.h>

#include "cok.h"

static int host_goes_down(struct notifier_block *nb, unsigned long action,
			  void *data)
{
	cok_start_end();
	return NOTIFY_DONE;
}

static struct notifier_block reboot_nb = { .notifier_call = host_goes_down };

static int host_sleeps(struct notifier_block *nb, unsigned long action,
		       void *data)
{
	if (action != PM_SUSPEND_PREPARE && action != PM_HIBERNATION_PREPARE)
		return NOTIFY_DONE;
	if (cok_ledger_empty())
		return NOTIFY_DONE;
	pr_info("no suspend while CPUs or memory are leased: destroy the enclaves first\n");
	return notifier_from_errno(-EBUSY);
}

static struct notifier_block pm_nb = { .notifier_call = host_sleeps };

int cok_notify_setup(void)
{
	int err = register_reboot_notifier(&reboot_nb);

	if (err)
		return err;
	err = register_pm_notifier(&pm_nb);
	if (err)
		unregister_reboot_notifier(&reboot_nb);
	return err;
}

void cok_notify_cleanup(void)
{
	unregister_pm_notifier(&pm_nb);
	unregister_reboot_notifier(&reboot_nb);
}
