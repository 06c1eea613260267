// SPDX-License-Identifier: GPL-2.0
/* cok.ko: what there is, in the order it comes up and goes down. */
#include <linux/cc_platform.h>
#include <linux/module.h>
#include <asm/tsc.h>

#include "cok.h"

/* What this version can't do is refused by name, before anything is set up. */
static int __init check_host(void)
{
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT)) {
		pr_err("this host encrypts its memory (SME, SEV or TDX): cores of ours could not read it\n");
		return -EOPNOTSUPP;
	}
	if (!tsc_khz) {
		pr_err("this host's TSC frequency is not known\n");
		return -EOPNOTSUPP;
	}
	return 0;
}

static const struct {
	int (*setup)(void);
	void (*cleanup)(void);
} parts[] = {
	{ cok_ledger_setup, cok_ledger_cleanup },
	{ cok_op_setup, cok_op_cleanup },
	{ cok_start_setup, cok_start_cleanup },
	{ cok_veto_setup, cok_veto_cleanup },
	{ cok_doorbell_setup, cok_doorbell_cleanup },
	{ cok_dev_setup, cok_dev_cleanup },
	{ cok_notify_setup, cok_notify_cleanup },
	{ cok_jobs_setup, cok_jobs_cleanup },
	{ cok_genl_setup, cok_genl_cleanup },
#ifdef COK_TEST
	{ cok_bench_setup, cok_bench_cleanup },
#endif
};

static void cleanup_from(int i)
{
	while (i--)
		parts[i].cleanup();
}

static int __init cok_init(void)
{
	int err = check_host();
	int i;

	for (i = 0; !err && i < ARRAY_SIZE(parts); i++) {
		err = parts[i].setup();
		if (err)
			cleanup_from(i);
	}
	if (err)
		return err;
	pr_info("version %s, ABI %u.%u\n", COK_VERSION, COK_ABI_MAJOR,
		COK_ABI_MINOR);
	return 0;
}

/* Every lease and every enclave pins the module: nothing is left by now. */
static void __exit cok_exit(void)
{
	cleanup_from(ARRAY_SIZE(parts));
}

module_init(cok_init);
module_exit(cok_exit);

MODULE_DESCRIPTION(
	"Cokernel: other kernels on cores and memory that Linux gives away");
MODULE_LICENSE("GPL");
MODULE_VERSION(COK_VERSION);
