// sources: cokernel/lib/mca.c
// SPDX-License-Identifier: GPL-2.0
/* Which machine checks end the co-kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../cokernel/lib/mca.h"

#define SER   MCG_CAP_SER_P
#define HERE  (MCG_STATUS_RIPV | MCG_STATUS_EIPV)
#define THERE MCG_STATUS_RIPV
#define ERR   (MCI_STATUS_VAL | MCI_STATUS_EN)
#define UC    (ERR | MCI_STATUS_UC)
#define SRAO  (UC | MCI_STATUS_S)
#define SRAR  (SRAO | MCI_STATUS_AR)

static const struct {
	const char *name;
	u64 cap, global, bank;
	bool fatal;
} cases[] = {
	{ "an empty bank", SER, HERE, 0, false },
	{ "an empty bank's leftovers", 0, HERE, ~MCI_STATUS_VAL, false },
	{ "corrected", 0, HERE, ERR, false },
	{ "not enabled", 0, HERE, UC & ~MCI_STATUS_EN, false },
	{ "context corrupt", SER, THERE, ERR | MCI_STATUS_PCC, true },
	{ "uncorrected, of an unknown kind", 0, HERE, UC, true },
	{ "uncorrected, no action", SER, HERE, UC, false },
	{ "action optional", SER, HERE, SRAO, false },
	{ "action required here", SER, HERE, SRAR, true },
	{ "action required of another core", SER, THERE, SRAR, false },
};

static void test_fatal(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (mca_fatal(cases[i].cap, cases[i].global, cases[i].bank) !=
		    cases[i].fatal)
			fail_msg("%s", cases[i].name);
}

static void test_banks(void **state)
{
	(void)state;
	assert_int_equal(mca_banks(0x1c09), 9);
	assert_int_equal(mca_banks(0x00), 0);
	assert_int_equal(mca_banks(0xff), MCA_MAX_BANKS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fatal),
		cmocka_unit_test(test_banks),
	};

	return cmocka_run_group_tests_name("machine checks", tests, NULL, NULL);
}
