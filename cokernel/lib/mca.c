// SPDX-License-Identifier: GPL-2.0
#include "mca.h"

bool mca_fatal(u64 cap, u64 mcg_status, u64 bank_status)
{
	if (!(bank_status & MCI_STATUS_VAL) || !(bank_status & MCI_STATUS_EN))
		return false; /* nothing there, or not what raised it */
	if (bank_status & MCI_STATUS_PCC)
		return true;
	if (!(bank_status & MCI_STATUS_UC))
		return false;
	if (!(cap & MCG_CAP_SER_P))
		return true; /* who knows what it hit */
	/* In a bank that cores share, it may have been met by another one. */
	return bank_status & MCI_STATUS_S && bank_status & MCI_STATUS_AR &&
	       mcg_status & MCG_STATUS_EIPV;
}
