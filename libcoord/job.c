// SPDX-License-Identifier: GPL-2.0
/*
 * Jobs: a command that is answered with a txid and finished by an event.
 * Events can be lost, so the module is also asked now and then.
 */
#include <stdio.h>

#include "internal.h"

#define ASK_EVERY 200 /* ms */

struct result {
	uint64_t txid;
	bool done;
	uint32_t error, why;
	char text[256];
	struct lc_results *results; /* of a transaction; NULL: not asked for */
};

static int take_txid(struct genlmsghdr *g, void *arg)
{
	struct nlattr *tb[COK_A_COUNT];

	if (!lc_parse(g, tb))
		*(uint64_t *)arg = lc_get_u64(tb[COK_A_TXID]);
	return 0;
}

static int take_result(struct genlmsghdr *g, void *arg)
{
	struct nlattr *tb[COK_A_COUNT];
	struct result *res = arg;

	if (lc_parse(g, tb))
		return 0;
	res->done = lc_get_u32(tb[COK_A_JOB_DONE]) != 0;
	res->error = lc_get_u32(tb[COK_A_ERROR]);
	res->why = lc_get_u32(tb[COK_A_WHY]);
	lc_get_str(tb[COK_A_TEXT], res->text, sizeof(res->text));
	if (res->results)
		lc_parse_results(g, res->results);
	return 0;
}

static int ask(struct coord *c, const char *what, struct result *res,
	       struct coord_err *err)
{
	struct lc_req r;

	lc_req_init(c, &r, COK_CMD_JOB_GET, 0, what);
	lc_put_u64(&r, COK_A_TXID, res->txid);
	return lc_call(c, &r, take_result, res, err);
}

/* Listens for up to ASK_EVERY ms, then asks if nothing was heard. */
static int look(struct coord *c, const char *what, struct result *res,
		struct coord_err *err)
{
	uint64_t until = lc_now() + ASK_EVERY;
	struct coord_event e;

	while (lc_left(until)) {
		int n = coord_events_next(c->ev, lc_left(until), &e, err);

		if (n < 0)
			break; /* lost some: ask */
		if (n == 0 || e.kind != COK_EV_JOB || e.txid != res->txid)
			continue;
		if (res->results)
			break; /* an event has no room for them */
		res->done = true;
		res->error = e.error;
		res->why = e.why;
		snprintf(res->text, sizeof(res->text), "%s", e.text);
		return 0;
	}
	return ask(c, what, res, err);
}

static int failed(const struct lc_req *r, const struct result *res,
		  struct coord_err *err)
{
	const char *text = res->text[0] ? res->text : strerror((int)res->error);

	lc_err(err, lc_code_of((int)res->error, r->names_enclave),
	       (int)res->error, "cannot %s: %s", r->what, text);
	err->why = res->why;
	if (res->why)
		lc_err_more(err, " (%s)", coord_why_text(res->why));
	return -1;
}

/* Until the job has ended; `enclave` as in lc_job_killable. */
static int finish(struct coord *c, struct lc_req *r, unsigned int limit,
		  uint32_t enclave, struct result *res, struct coord_err *err)
{
	uint64_t start = lc_now(), deadline = start + limit;
	bool killed = false;

	for (;;) {
		if (look(c, r->what, res, err))
			return -1;
		if (res->done)
			break;
		if (!lc_left(deadline))
			return lc_err(
				err, COORD_E_TIMEOUT, ETIMEDOUT,
				"cannot %s: job %llu still runs after %u s",
				r->what, (unsigned long long)res->txid,
				limit / 1000);
		lc_step(c, r->what, (unsigned int)(lc_now() - start));
		if (enclave && !killed && lc_is_cancelled(c)) {
			killed = true;
			lc_kill(c, enclave, err);
		}
	}
	if (killed)
		return lc_err(err, COORD_E_CANCELLED, EINTR, "interrupted");
	return res->error ? failed(r, res, err) : 0;
}

static int run(struct coord *c, struct lc_req *r, unsigned int limit,
	       uint32_t enclave, struct lc_results *out, struct coord_err *err)
{
	struct result res = { .results = out };

	if (out)
		out->n = 0;
	lc_step(c, r->what, 0);
	if (lc_call(c, r, take_txid, &res.txid, err))
		return -1;
	return finish(c, r, limit, enclave, &res, err);
}

int lc_job_killable(struct coord *c, struct lc_req *r, unsigned int limit,
		    uint32_t enclave, struct coord_err *err)
{
	return run(c, r, limit, enclave, NULL, err);
}

int lc_job(struct coord *c, struct lc_req *r, unsigned int limit,
	   struct coord_err *err)
{
	return run(c, r, limit, 0, NULL, err);
}

int lc_job_results(struct coord *c, struct lc_req *r, unsigned int limit,
		   struct lc_results *out, struct coord_err *err)
{
	return run(c, r, limit, 0, out, err);
}
