// SPDX-License-Identifier: GPL-2.0
/*
 * Events on the multicast group. They may be sent under spinlocks, may be lost
 * (no memory, a slow listener), and each carries the generation, so that a
 * listener can notice and dump anew.
 */
#include <net/genetlink.h>

#include "cok.h"
#include "trace.h"

static atomic64_t generation;
static atomic64_t changes = ATOMIC64_INIT(1); /* 0 is no sequence number */

u64 cok_generation(void)
{
	return atomic64_read(&generation);
}

u64 cok_changes(void)
{
	return atomic64_read(&changes);
}

static struct sk_buff *begin(u32 kind, u64 ns, void **hdr)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	u64 gen = atomic64_inc_return(&generation);

	if (kind == COK_EV_STATE || kind == COK_EV_LEASE || kind == COK_EV_OP)
		atomic64_inc(&changes);
	if (!skb)
		return NULL;
	*hdr = genlmsg_put(skb, 0, 0, &cok_genl_family, 0, COK_CMD_EVENT);
	if (*hdr && !nla_put_u32(skb, COK_A_EVENT, kind) &&
	    !nla_put_u64_64bit(skb, COK_A_GENERATION, gen, COK_A_PAD) &&
	    !nla_put_u64_64bit(skb, COK_A_TIME_NS, ns, COK_A_PAD))
		return skb;
	nlmsg_free(skb);
	return NULL;
}

static void send(struct sk_buff *skb, void *hdr, int err)
{
	if (err) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	/* Nobody listening is not an error. */
	genlmsg_multicast(&cok_genl_family, skb, 0, 0, GFP_ATOMIC);
}

void cok_event_state(struct cok_enclave *e, u32 state, u64 ns,
		     const char *reason)
{
	void *hdr;
	struct sk_buff *skb = begin(COK_EV_STATE, ns, &hdr);

	trace_cok_enclave(e->id, e->name, state);
	if (!skb)
		return;
	send(skb, hdr,
	     nla_put_string(skb, COK_A_NAME, e->name) ||
		     nla_put_u32(skb, COK_A_ENCLAVE, e->id) ||
		     nla_put_u32(skb, COK_A_STATE, state) ||
		     nla_put_string(skb, COK_A_REASON, reason));
}

void cok_event_lease(const struct cok_lease *lease)
{
	void *hdr;
	struct sk_buff *skb =
		begin(COK_EV_LEASE, ktime_get_boottime_ns(), &hdr);

	trace_cok_lease(lease);
	if (skb)
		send(skb, hdr, cok_genl_put_lease(skb, lease));
}

void cok_event_job(const struct cok_job *job)
{
	void *hdr;
	struct sk_buff *skb = begin(COK_EV_JOB, ktime_get_boottime_ns(), &hdr);

	trace_cok_job_end(job->txid, job->err);
	if (!skb)
		return;
	send(skb, hdr, cok_genl_put_job(skb, job));
}

void cok_event_op(u32 id, u32 kind, u32 pid, bool alive, u32 enclave)
{
	void *hdr;
	struct sk_buff *skb = begin(COK_EV_OP, ktime_get_boottime_ns(), &hdr);

	if (!skb)
		return;
	send(skb, hdr,
	     nla_put_u32(skb, COK_A_OP, id) ||
		     nla_put_u32(skb, COK_A_OP_KIND, kind) ||
		     nla_put_u32(skb, COK_A_OP_PID, pid) ||
		     nla_put_u32(skb, COK_A_OP_ALIVE, alive) ||
		     (enclave && nla_put_u32(skb, COK_A_ENCLAVE, enclave)));
}

static int put_u64(struct sk_buff *skb, int attr, u64 val)
{
	return nla_put_u64_64bit(skb, attr, val, COK_A_PAD);
}

void cok_event_txn(struct cok_enclave *e, const struct cok_txn *t, u32 step,
		   u64 cpus, u64 mem)
{
	void *hdr;
	struct sk_buff *skb = begin(COK_EV_TXN, ktime_get_boottime_ns(), &hdr);

	if (!skb)
		return;
	send(skb, hdr,
	     nla_put_u32(skb, COK_A_ENCLAVE, e->id) ||
		     put_u64(skb, COK_A_TXID, t->txid) ||
		     nla_put_u32(skb, COK_A_TXN_ASK, t->ask) ||
		     nla_put_u32(skb, COK_A_TXN_STEP, step) ||
		     nla_put_u32(skb, COK_A_WHY, t->why) ||
		     nla_put_u32(skb, COK_A_NR_CPUS, cpus) ||
		     put_u64(skb, COK_A_MEM, mem));
}

/* What was given goes by the amount asked for, which was said when it came. */
void cok_event_request(struct cok_enclave *e, const struct cok_request *r,
		       u32 answer, u32 why, u64 given)
{
	struct cok_request told = *r;
	void *hdr;
	struct sk_buff *skb =
		begin(COK_EV_REQUEST, ktime_get_boottime_ns(), &hdr);

	if (!skb)
		return;
	if (answer)
		told.amount = given;
	send(skb, hdr,
	     cok_genl_put_request(skb, e, &told) ||
		     nla_put_u32(skb, COK_A_ANSWER, answer) ||
		     nla_put_u32(skb, COK_A_WHY, why));
}
