// SPDX-License-Identifier: GPL-2.0
#include "state.h"

#define BIT_OF(s) (1u << (s))

/* For each state, the states it may change to. */
static const __u32 enclave_next[COK_ST_COUNT] = {
	[COK_ST_CREATED] = BIT_OF(COK_ST_LOADED) | BIT_OF(COK_ST_DESTROYED),
	[COK_ST_LOADED] = BIT_OF(COK_ST_BOOTING) | BIT_OF(COK_ST_DESTROYED),
	[COK_ST_BOOTING] = BIT_OF(COK_ST_RUNNING) | BIT_OF(COK_ST_STOPPING),
	[COK_ST_RUNNING] = BIT_OF(COK_ST_STOPPING),
	/* Back to RUNNING: it was asked to stop and did not. */
	[COK_ST_STOPPING] = BIT_OF(COK_ST_STOPPED) | BIT_OF(COK_ST_FAILED) |
			    BIT_OF(COK_ST_RUNNING),
	[COK_ST_STOPPED] = BIT_OF(COK_ST_DESTROYED),
	[COK_ST_FAILED] = BIT_OF(COK_ST_DESTROYED),
};

static const char *const enclave_name[COK_ST_COUNT] = {
	[COK_ST_NONE] = "NONE",		  [COK_ST_CREATED] = "CREATED",
	[COK_ST_LOADED] = "LOADED",	  [COK_ST_BOOTING] = "BOOTING",
	[COK_ST_RUNNING] = "RUNNING",	  [COK_ST_STOPPING] = "STOPPING",
	[COK_ST_STOPPED] = "STOPPED",	  [COK_ST_FAILED] = "FAILED",
	[COK_ST_DESTROYED] = "DESTROYED",
};

static const __u32 lease_next[COK_LS_COUNT] = {
	[COK_LS_HOST] = BIT_OF(COK_LS_TAKING),
	[COK_LS_TAKING] = BIT_OF(COK_LS_POOLED) | BIT_OF(COK_LS_RETURNING) |
			  BIT_OF(COK_LS_HOST),
	[COK_LS_POOLED] = BIT_OF(COK_LS_OFFERED) | BIT_OF(COK_LS_GRANTED) |
			  BIT_OF(COK_LS_RETURNING),
	[COK_LS_OFFERED] = BIT_OF(COK_LS_GRANTED) | BIT_OF(COK_LS_POOLED) |
			   BIT_OF(COK_LS_QUARANTINED),
	[COK_LS_GRANTED] = BIT_OF(COK_LS_RECALLED) | BIT_OF(COK_LS_POOLED) |
			   BIT_OF(COK_LS_QUARANTINED),
	[COK_LS_RECALLED] = BIT_OF(COK_LS_GRANTED) | BIT_OF(COK_LS_POOLED) |
			    BIT_OF(COK_LS_QUARANTINED),
	[COK_LS_RETURNING] = BIT_OF(COK_LS_HOST),
	/* Only once its cores are proved to be parked. */
	[COK_LS_QUARANTINED] = BIT_OF(COK_LS_POOLED) | BIT_OF(COK_LS_GRANTED),
};

static const char *const lease_name[COK_LS_COUNT] = {
	[COK_LS_HOST] = "HOST",		  [COK_LS_TAKING] = "TAKING",
	[COK_LS_POOLED] = "POOLED",	  [COK_LS_OFFERED] = "OFFERED",
	[COK_LS_GRANTED] = "GRANTED",	  [COK_LS_RECALLED] = "RECALLED",
	[COK_LS_RETURNING] = "RETURNING", [COK_LS_QUARANTINED] = "QUARANTINED",
};

bool cok_state_ok(__u32 from, __u32 to)
{
	return from < COK_ST_COUNT && to < COK_ST_COUNT &&
	       (enclave_next[from] & BIT_OF(to));
}

const char *cok_state_name(__u32 state)
{
	return state < COK_ST_COUNT ? enclave_name[state] : "?";
}

bool cok_lease_state_ok(__u32 from, __u32 to)
{
	return from < COK_LS_COUNT && to < COK_LS_COUNT &&
	       (lease_next[from] & BIT_OF(to));
}

const char *cok_lease_state_name(__u32 state)
{
	return state < COK_LS_COUNT ? lease_name[state] : "?";
}
