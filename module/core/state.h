/* SPDX-License-Identifier: GPL-2.0 */
#ifndef COK_CORE_STATE_H
#define COK_CORE_STATE_H

#include <cok/genl.h>

#include "pure.h"

/* May an enclave go from one state to another? Unknown states: no. */
bool cok_state_ok(__u32 from, __u32 to);
/* The state's name in capitals; "?" for an unknown one. */
const char *cok_state_name(__u32 state);

/* The same for leases. */
bool cok_lease_state_ok(__u32 from, __u32 to);
const char *cok_lease_state_name(__u32 state);

#endif /* COK_CORE_STATE_H */
