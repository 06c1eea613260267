/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a machine check means for the core that took it (SDM vol. 3, chapter
 * "Machine-check architecture"). Pure: the registers come in as numbers.
 */
#ifndef CK_MCA_H
#define CK_MCA_H

#include "types.h"

#define MCG_CAP_COUNT	0xff	     /* banks */
#define MCG_CAP_SER_P	(1ULL << 24) /* it tells what needs action */
#define MCG_STATUS_RIPV (1ULL << 0)  /* the interrupted code can go on */
#define MCG_STATUS_EIPV (1ULL << 1)  /* and is what met the error */

#define MCI_STATUS_VAL (1ULL << 63)
#define MCI_STATUS_UC  (1ULL << 61) /* uncorrected */
#define MCI_STATUS_EN  (1ULL << 60) /* may raise a machine check */
#define MCI_STATUS_PCC (1ULL << 57) /* processor context corrupt */
#define MCI_STATUS_S   (1ULL << 56) /* did raise one */
#define MCI_STATUS_AR  (1ULL << 55) /* action required */

/* Legacy banks: beyond these lie other registers. */
#define MCA_MAX_BANKS 32

static inline u32 mca_banks(u64 cap)
{
	u32 n = cap & MCG_CAP_COUNT;

	return n < MCA_MAX_BANKS ? n : MCA_MAX_BANKS;
}

/* Does what this bank holds forbid the interrupted code to go on? */
bool mca_fatal(u64 cap, u64 mcg_status, u64 bank_status);

#endif /* CK_MCA_H */
