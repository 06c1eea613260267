// SPDX-License-Identifier: GPL-2.0
/* The words for what genl.h and comm.h number. */
#include "internal.h"

#define NAME(table, i) \
	((i) < sizeof(table) / sizeof(*(table)) && (table)[i] ? (table)[i] \
							      : "?")

static const char *const states[COK_ST_COUNT] = {
	"none",	    "created", "loaded", "booting",   "running",
	"stopping", "stopped", "failed", "destroyed",
};

static const char *const lease_states[COK_LS_COUNT] = {
	"host",	   "taking",   "pooled",    "offered",
	"granted", "recalled", "returning", "quarantined",
};

static const char *const ops[COK_OP_COUNT] = {
	"none",	   "launch",  "grow",	 "shrink",  "stop",
	"destroy", "reclaim", "reserve", "release", "run",
};

static const char *const kinds[] = { NULL, "cpu", "memory" };

static const char *const sources[COK_SRC_COUNT] = { "none", "block", "contig" };

static const char *const ck_states[] = {
	"none", "booting", "running", "stopped", "panic", "parked",
};

static const char *const whys[] = {
	"no reason given",
	"the deadline passed",
	"its tables are full",
	"in use, it cannot be drained now",
	"it is the boot core, or memory that holds the image",
	"it does not hold that",
	"it does not support that",
	"it is stopping",
	"the protocol was broken",
	"it does not want to",
	"it agreed to part of it, and all was asked for",
	"not needed: more was listed than was wanted",
	"it was cancelled",
};

static const char *const steps[COK_TS_COUNT] = {
	"none",	    "asked",	 "agreed",  "partial",
	"declined", "committed", "aborted", "released",
};

static const char *const answers[] = {
	"new", "queued", "granted", "denied", "cancelled", "done",
};

static const char *const urgencies[] = { "low", "normal", "high" };

const char *coord_state_name(uint32_t state)
{
	return NAME(states, state);
}

const char *coord_lease_state_name(uint32_t state)
{
	return NAME(lease_states, state);
}

const char *coord_op_name(uint32_t kind)
{
	return NAME(ops, kind);
}

const char *coord_kind_name(uint32_t kind)
{
	return NAME(kinds, kind);
}

const char *coord_source_name(uint32_t source)
{
	return NAME(sources, source);
}

const char *coord_ck_state_name(uint32_t state)
{
	return NAME(ck_states, state);
}

const char *coord_why_text(uint32_t why)
{
	return NAME(whys, why);
}

const char *coord_step_name(uint32_t step)
{
	return NAME(steps, step);
}

const char *coord_answer_name(uint32_t answer)
{
	return NAME(answers, answer);
}

const char *coord_urgency_name(uint32_t urgency)
{
	return NAME(urgencies, urgency);
}

int coord_state_by_name(const char *name)
{
	int i;

	for (i = COK_ST_CREATED; i < COK_ST_COUNT; i++)
		if (!strcmp(name, states[i]))
			return i;
	return -1;
}
