// SPDX-License-Identifier: GPL-2.0
/* cokctl events */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <stdlib.h>

#include "verbs.h"

static const char *const kinds[COK_EV_COUNT] = {
	"none", "state", "lease", "job", "operation", "deal", "request",
};

static void amount_json(cJSON *o, const struct coord_event *e)
{
	json_u64(o, "cpus", e->amount.cpus);
	json_u64(o, "memory", e->amount.memory);
	if (e->why)
		cJSON_AddStringToObject(o, "why", coord_why_text(e->why));
	else
		cJSON_AddNullToObject(o, "why");
}

static const char *ask_name(uint32_t ask)
{
	return ask == COK_MSG_OFFER	? "offer"
	       : ask == COK_MSG_RECALL	? "recall"
	       : ask == COK_MSG_RELEASE ? "release"
					: "?";
}

static void txn_json(cJSON *o, const struct coord_event *e)
{
	json_u64(o, "enclave", e->enclave);
	json_u64(o, "txid", e->txid);
	cJSON_AddStringToObject(o, "ask", ask_name(e->ask));
	cJSON_AddStringToObject(o, "step", coord_step_name(e->step));
	amount_json(o, e);
}

static void request_json(cJSON *o, const struct coord_event *e)
{
	cJSON_AddStringToObject(o, "name", e->name);
	json_u64(o, "enclave", e->enclave);
	json_u64(o, "number", e->request);
	cJSON_AddStringToObject(o, "kind", coord_kind_name(e->resource));
	cJSON_AddStringToObject(o, "urgency", coord_urgency_name(e->urgency));
	cJSON_AddStringToObject(o, "answer", coord_answer_name(e->answer));
	amount_json(o, e);
}

static cJSON *to_json(const struct coord_event *e)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "event", kinds[e->kind]);
	json_u64(o, "generation", e->generation);
	json_u64(o, "time_ns", e->time_ns);
	switch (e->kind) {
	case COK_EV_STATE:
		cJSON_AddStringToObject(o, "name", e->name);
		json_u64(o, "enclave", e->enclave);
		cJSON_AddStringToObject(o, "state", coord_state_name(e->state));
		cJSON_AddStringToObject(o, "reason", e->reason);
		break;
	case COK_EV_LEASE:
		cJSON_AddItemToObject(o, "lease", json_lease(&e->lease));
		break;
	case COK_EV_JOB:
		json_u64(o, "txid", e->txid);
		json_u64(o, "error", e->error);
		cJSON_AddStringToObject(o, "text", e->text);
		json_u64(o, "why", e->why);
		break;
	case COK_EV_OP:
		json_u64(o, "operation", e->op);
		cJSON_AddStringToObject(o, "kind", coord_op_name(e->op_kind));
		json_u64(o, "pid", e->op_pid);
		cJSON_AddBoolToObject(o, "alive", e->op_alive);
		json_u64(o, "enclave", e->enclave);
		break;
	case COK_EV_TXN:
		txn_json(o, e);
		break;
	case COK_EV_REQUEST:
		request_json(o, e);
		break;
	}
	return o;
}

static void print_txn(const struct coord_event *e)
{
	bool give = e->ask == COK_MSG_OFFER;
	char amount[48];

	coord_amount_text(&e->amount, amount, sizeof(amount));
	printf("deal %" PRIu64 ": ", e->txid);
	switch (e->step) {
	case COK_TS_ASKED:
		printf("enclave %u is %s %s", e->enclave,
		       give ? "offered" : "asked for", amount);
		break;
	case COK_TS_AGREED:
	case COK_TS_PARTIAL:
		printf("enclave %u agrees to %s%s", e->enclave, amount,
		       e->step == COK_TS_PARTIAL ? ", not more" : "");
		break;
	case COK_TS_DECLINED:
		printf("enclave %u declines", e->enclave);
		break;
	case COK_TS_COMMITTED:
		printf("enclave %u has %s %s", e->enclave,
		       give ? "got" : "given", amount);
		break;
	case COK_TS_ABORTED:
		printf("nothing moves");
		break;
	case COK_TS_RELEASED:
		printf("enclave %u gives %s unasked", e->enclave, amount);
		break;
	default:
		printf("enclave %u, step %u", e->enclave, e->step);
	}
	if (e->why)
		printf(": %s", coord_why_text(e->why));
}

static void print_request(const struct coord_event *e)
{
	char amount[48];

	coord_amount_text(&e->amount, amount, sizeof(amount));
	printf("request %s:%" PRIu64 ": ", e->name, e->request);
	if (!e->answer)
		printf("it asks for %s, urgency %s", amount,
		       coord_urgency_name(e->urgency));
	else
		printf("%s", coord_answer_name(e->answer));
	if (e->answer == COK_ANSWER_GRANTED)
		printf(", it has got %s", amount);
	if (e->why)
		printf(": %s", e->why == COK_WHY_REFUSED
				       ? "people said no"
				       : coord_why_text(e->why));
}

static void print(const struct coord_event *e)
{
	char what[64];

	printf("%" PRIu64 ".%06" PRIu64 " #%" PRIu64 " ",
	       e->time_ns / 1000000000, e->time_ns / 1000 % 1000000,
	       e->generation);
	switch (e->kind) {
	case COK_EV_STATE:
		printf("enclave %s is %s%s%s", e->name,
		       coord_state_name(e->state), e->reason[0] ? ": " : "",
		       e->reason);
		break;
	case COK_EV_LEASE:
		printf("lease %u %s is %s", e->lease.id,
		       lease_text(&e->lease, what, sizeof(what)),
		       coord_lease_state_name(e->lease.state));
		if (e->lease.enclave)
			printf(", enclave %u", e->lease.enclave);
		break;
	case COK_EV_JOB:
		printf("job %" PRIu64 " %s%s%s", e->txid,
		       e->error ? strerror((int)e->error) : "done",
		       e->text[0] ? ": " : "", e->text);
		break;
	case COK_EV_OP:
		printf("operation %u (%s, pid %u) %s", e->op,
		       coord_op_name(e->op_kind), e->op_pid,
		       e->op_alive ? "has begun" : "is over or abandoned");
		break;
	case COK_EV_TXN:
		print_txn(e);
		break;
	case COK_EV_REQUEST:
		print_request(e);
		break;
	}
	putchar('\n');
	fflush(stdout);
}

static void tell(const struct coord_event *e, bool json)
{
	if (json)
		json_line(to_json(e));
	else
		print(e);
}

static void tell_enclave(const struct coord_enclave *e, uint64_t generation,
			 bool json)
{
	struct coord_event ev = {
		.kind = COK_EV_STATE,
		.generation = generation,
		.time_ns = e->time_ns,
		.enclave = e->id,
		.state = e->state,
	};

	memcpy(ev.name, e->name, sizeof(ev.name));
	memcpy(ev.reason, e->reason, sizeof(ev.reason));
	tell(&ev, json);
}

/* All enclaves and leases, as if they had just changed. */
static void tell_all(struct coord *c, bool json)
{
	const struct coord_info *info;
	struct coord_enclave *e = NULL;
	struct coord_lease *l = NULL;
	struct coord_event ev;
	struct coord_err err;
	ssize_t i, n, nl = -1;

	n = coord_info(c, &info, &err) ? -1 : coord_enclaves(c, &e, &err);
	if (n >= 0)
		nl = coord_leases(c, &l, &err);
	if (nl < 0)
		cli_fail(&err);
	for (i = 0; i < n; i++)
		tell_enclave(&e[i], info->generation, json);
	for (i = 0; i < nl; i++) {
		ev = (struct coord_event){
			.kind = COK_EV_LEASE,
			.generation = info->generation,
			.time_ns = boottime_ns(),
			.lease = l[i],
		};
		tell(&ev, json);
	}
	if (n > 0)
		coord_enclaves_free(e, (size_t)n);
	free(l);
}

static int follow(struct coord *c, struct coord_events *list, bool json)
{
	struct coord_event e;
	struct coord_err err;

	while (!cli_interrupted() && !ferror(stdout)) {
		int ret = coord_events_next(list, 1000, &e, &err);

		if (ret < 0 && err.err == ENOBUFS) {
			cli_warn("events were lost; this is how it is now:");
			tell_all(c, json);
		} else if (ret < 0) {
			return cli_fail(&err);
		} else if (ret && e.kind < COK_EV_COUNT) {
			tell(&e, json);
		}
	}
	return cli_interrupted() ? EX_INTERRUPTED : EX_FAIL;
}

int verb_events(const struct verb *v, int argc, char **argv)
{
	struct coord_events *list;
	struct coord_err err;
	struct coord *c;
	bool json = false;
	const struct opt opts[] = { OPT_JSON(json), OPT_END };
	int first, ret = options(v, opts, argc, argv, 0, 0, &first);

	if (ret >= 0)
		return ret;
	ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	if (coord_events_open(c, &list, &err)) {
		ret = cli_fail(&err);
	} else {
		ret = follow(c, list, json);
		coord_events_close(list);
	}
	coord_close(c);
	return ret;
}
