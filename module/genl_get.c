// SPDX-License-Identifier: GPL-2.0
/* What the family tells: info, jobs, and the dumps of enclaves and leases. */
#include <linux/memory.h>
#include <net/genetlink.h>
#include <asm/tsc.h>

#include "cok.h"
#include "compat.h"

static int put_u64(struct sk_buff *skb, int attr, u64 val)
{
	return nla_put_u64_64bit(skb, attr, val, COK_A_PAD);
}

/* ---- info and jobs --------------------------------------------------------- */

static int put_info(struct sk_buff *skb)
{
	return nla_put_string(skb, COK_A_VERSION, COK_VERSION) ||
	       nla_put_u32(skb, COK_A_ABI_MAJOR, COK_ABI_MAJOR) ||
	       nla_put_u32(skb, COK_A_ABI_MINOR, COK_ABI_MINOR) ||
	       nla_put_u32(skb, COK_A_APIC_MODE, cok_apic_mode()) ||
	       nla_put_u32(skb, COK_A_TSC_KHZ, tsc_khz) ||
	       put_u64(skb, COK_A_BLOCK_SIZE, memory_block_size_bytes()) ||
	       put_u64(skb, COK_A_GENERATION, cok_generation()) ||
	       nla_put_u32(skb, COK_A_UNSETTLED,
			   cok_op_count() + cok_enclave_abandoned() +
				   cok_lease_in_hands()) ||
	       (IS_ENABLED(COK_TEST) && nla_put_flag(skb, COK_A_TEST));
}

static int put_result(struct sk_buff *skb, const struct cok_result *r)
{
	struct nlattr *nest = nla_nest_start(skb, COK_A_RESULT);

	if (!nest || nla_put_u32(skb, COK_R_LEASE, r->lease) ||
	    nla_put_u32(skb, COK_R_KIND, r->kind) ||
	    (r->kind == COK_RES_CPU ? nla_put_u32(skb, COK_R_CPU, r->cpu)
				    : nla_put_u64_64bit(skb, COK_R_START,
							r->start, COK_R_PAD)) ||
	    nla_put_u64_64bit(skb, COK_R_GIVEN, r->given, COK_R_PAD) ||
	    nla_put_u64_64bit(skb, COK_R_ASKED, r->asked, COK_R_PAD) ||
	    nla_put_u32(skb, COK_R_WHY, r->why))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* At most COK_TXN_MAX_RES results: together they fit in a page. */
int cok_genl_put_job(struct sk_buff *skb, const struct cok_job *job)
{
	u32 i;
	int err = put_u64(skb, COK_A_TXID, job->txid) ||
		  nla_put_u32(skb, COK_A_ERROR, job->done ? -job->err : 0) ||
		  nla_put_string(skb, COK_A_TEXT, job->done ? job->text : "") ||
		  nla_put_u32(skb, COK_A_WHY, job->done ? job->why : 0);

	/* One that was not even staged has no kind: nothing is known of it. */
	for (i = 0; job->done && i < job->nr_results && !err; i++)
		if (job->results[i].kind)
			err = put_result(skb, &job->results[i]);
	return err ? -EMSGSIZE : 0;
}

static int put_job_state(const struct cok_job *job, void *skb)
{
	return cok_genl_put_job(skb, job) ||
			       nla_put_u32(skb, COK_A_JOB_DONE, job->done)
		       ? -EMSGSIZE
		       : 0;
}

static struct sk_buff *begin_reply(struct genl_info *info, void **hdr)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);

	if (!skb)
		return NULL;
	*hdr = genlmsg_put_reply(skb, info, &cok_genl_family, 0,
				 info->genlhdr->cmd);
	if (*hdr)
		return skb;
	nlmsg_free(skb);
	return NULL;
}

static int end_reply(struct genl_info *info, struct sk_buff *skb, void *hdr,
		     int err)
{
	if (err) {
		nlmsg_free(skb);
		return err < 0 ? err : -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

int cok_genl_get_info(struct sk_buff *req, struct genl_info *info)
{
	void *hdr;
	struct sk_buff *skb = begin_reply(info, &hdr);

	return skb ? end_reply(info, skb, hdr, put_info(skb)) : -ENOMEM;
}

int cok_genl_get_job(struct sk_buff *req, struct genl_info *info)
{
	struct sk_buff *skb;
	void *hdr;

	if (GENL_REQ_ATTR_CHECK(info, COK_A_TXID))
		return -EINVAL;
	skb = begin_reply(info, &hdr);
	if (!skb)
		return -ENOMEM;
	return end_reply(info, skb, hdr,
			 cok_job_look(nla_get_u64(info->attrs[COK_A_TXID]),
				      put_job_state, skb));
}

/* ---- leases ------------------------------------------------------------------ */

int cok_genl_put_lease(struct sk_buff *skb, const struct cok_lease *l)
{
	int err = nla_put_u32(skb, COK_A_LEASE, l->id) ||
		  nla_put_u32(skb, COK_A_KIND, l->kind) ||
		  nla_put_u32(skb, COK_A_LEASE_STATE, l->state) ||
		  nla_put_u32(skb, COK_A_ENCLAVE, l->enclave) ||
		  put_u64(skb, COK_A_TXID, l->txid) ||
		  nla_put_u32(skb, COK_A_OP, l->op) ||
		  (l->boot && nla_put_flag(skb, COK_A_BOOT)) ||
		  (l->reserved && nla_put_flag(skb, COK_A_RESERVED));

	if (err)
		return -EMSGSIZE;
	if (l->kind == COK_RES_CPU)
		err = nla_put_u32(skb, COK_A_CPU, l->cpu) ||
		      nla_put_u32(skb, COK_A_APIC_ID, l->apic_id);
	else
		err = put_u64(skb, COK_A_START, l->start) ||
		      put_u64(skb, COK_A_SIZE, l->size) ||
		      nla_put_string(skb, COK_A_ZONE, l->zone) ||
		      nla_put_u32(skb, COK_A_SOURCE, l->source);
	return err ? -EMSGSIZE : 0;
}

static void *begin_part(struct sk_buff *skb, struct netlink_callback *cb,
			u8 cmd)
{
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, &cok_genl_family,
				NLM_F_MULTI, cmd);

	if (hdr)
		genl_dump_check_consistent(cb, hdr);
	return hdr;
}

/* cb->args[0] is the last id that went out. */
int cok_genl_dump_leases(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct cok_lease lease;

	cb->seq = cok_changes();
	while (!cok_lease_next(cb->args[0], &lease)) {
		void *hdr = begin_part(skb, cb, COK_CMD_LEASE_GET);
		u32 pid = lease.op ? cok_op_pid(lease.op) : 0;

		if (!hdr)
			break;
		if (cok_genl_put_lease(skb, &lease) ||
		    nla_put_u32(skb, COK_A_OP_ALIVE, pid != 0) ||
		    (pid && nla_put_u32(skb, COK_A_OP_PID, pid))) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = lease.id;
	}
	return skb->len;
}

/* ---- enclaves ------------------------------------------------------------------- */

static int put_counters(struct sk_buff *skb, struct cok_enclave *e)
{
	const struct {
		int attr;
		u64 val;
	} n[] = {
		{ COK_N_DOORBELLS_IN, atomic64_read(&e->bell.count) },
		{ COK_N_DOORBELLS_OUT, atomic64_read(&e->bells_out) },
		{ COK_N_MSGS_IN, atomic64_read(&e->msgs_in) },
		{ COK_N_MSGS_OUT, atomic64_read(&e->msgs_out) },
		{ COK_N_MSGS_BAD, atomic64_read(&e->msgs_bad) },
		{ COK_N_RING_ERRORS, atomic64_read(&e->ring_errors) },
		{ COK_N_LOG_RECORDS, atomic64_read(&e->log_records) },
		{ COK_N_LOG_DROPPED, atomic64_read(&e->log_dropped) +
					     READ_ONCE(e->comm->log_dropped) },
		{ COK_N_KILL_NS, READ_ONCE(e->halt_ns) },
	};
	struct nlattr *nest = nla_nest_start(skb, COK_A_COUNTERS);
	int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < ARRAY_SIZE(n); i++)
		if (nla_put_u64_64bit(skb, n[i].attr, n[i].val, COK_N_PAD))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Registers mean something only once the core is ours again. */
static int put_regs(struct sk_buff *skb, struct cok_enclave *e, u32 i)
{
	struct cok_stats *stats = cok_comm_stats(e, i);

	if (cok_enclave_live(e) || !READ_ONCE(stats->regs.seq))
		return 0;
	return nla_put(skb, COK_C_REGS, sizeof(stats->regs), &stats->regs);
}

/* Both attributes, or none. */
static int put_freq(struct sk_buff *skb, u32 apic_id)
{
	struct cok_freq freq;

	cok_core_freq(apic_id, &freq);
	return freq.msr && (nla_put_u32(skb, COK_C_FREQ_MSR, freq.msr) ||
			    nla_put_u64_64bit(skb, COK_C_FREQ_VALUE, freq.value,
					      COK_C_PAD));
}

static int put_core(struct sk_buff *skb, struct cok_enclave *e, u32 i)
{
	const struct cok_slot s = e->slot[i];
	u64 age = div_u64(ktime_get_boottime_ns() - s.heartbeat_ns,
			  NSEC_PER_MSEC);
	struct nlattr *nest;

	if (!s.used)
		return 0;
	nest = nla_nest_start(skb, COK_A_CORE);
	if (!nest || nla_put_u32(skb, COK_C_SLOT, i) ||
	    nla_put_u32(skb, COK_C_CPU, s.cpu) ||
	    nla_put_u32(skb, COK_C_APIC_ID, s.apic_id) ||
	    nla_put_u64_64bit(skb, COK_C_HEARTBEAT_AGE_MS, age, COK_C_PAD) ||
	    nla_put(skb, COK_C_STATS, offsetof(struct cok_stats, reserved),
		    cok_comm_stats(e, i)) ||
	    put_freq(skb, s.apic_id) || put_regs(skb, e, i))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_op(struct sk_buff *skb, struct cok_enclave *e)
{
	struct cok_op_info op;

	cok_op_info(e, &op);
	if (!op.id)
		return 0;
	return nla_put_u32(skb, COK_A_OP, op.id) ||
	       nla_put_u32(skb, COK_A_OP_KIND, op.kind) ||
	       nla_put_u32(skb, COK_A_OP_PID, op.pid) ||
	       nla_put_u32(skb, COK_A_OP_ALIVE, op.alive);
}

static int put_enclave(struct sk_buff *skb, struct cok_enclave *e)
{
	char reason[COK_TEXT_MAX];
	u32 state, i;
	u64 since;

	spin_lock(&e->lock);
	state = e->state;
	since = e->state_ns;
	strscpy(reason, e->reason, sizeof(reason));
	spin_unlock(&e->lock);

	if (nla_put_string(skb, COK_A_NAME, e->name) ||
	    nla_put_u32(skb, COK_A_ENCLAVE, e->id) ||
	    nla_put_u32(skb, COK_A_STATE, state) ||
	    nla_put_string(skb, COK_A_REASON, reason) ||
	    nla_put_u32(skb, COK_A_UID, e->uid) ||
	    put_u64(skb, COK_A_TIME_NS, since) ||
	    nla_put_u32(skb, COK_A_CK_STATE, READ_ONCE(e->comm->ck_state)) ||
	    put_op(skb, e) || put_counters(skb, e))
		return -EMSGSIZE;
	for (i = 0; i < COK_MAX_CORES; i++)
		if (put_core(skb, e, i))
			return -EMSGSIZE;
	return 0;
}

int cok_genl_get_enclave(struct sk_buff *req, struct genl_info *info)
{
	struct cok_enclave *e = cok_genl_enclave(info);
	struct sk_buff *skb;
	int err = -ENOMEM;
	void *hdr;

	if (!e)
		return -ENOENT;
	/* What waits in the rings belongs into what is told. */
	if (cok_enclave_live(e))
		cok_chan_drain(e);
	skb = genlmsg_new(COK_DUMP_ALLOC, GFP_KERNEL);
	hdr = skb ? genlmsg_put_reply(skb, info, &cok_genl_family, 0,
				      COK_CMD_ENCLAVE_GET)
		  : NULL;
	if (hdr)
		err = end_reply(info, skb, hdr, put_enclave(skb, e));
	else if (skb)
		nlmsg_free(skb);
	cok_enclave_put(e);
	return err;
}

int cok_genl_dump_enclaves(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct cok_enclave *e;

	cb->seq = cok_changes();
	while ((e = cok_enclave_next(cb->args[0]))) {
		u32 id = e->id;
		void *hdr = begin_part(skb, cb, COK_CMD_ENCLAVE_GET);
		int err = hdr ? put_enclave(skb, e) : -EMSGSIZE;

		cok_enclave_put(e);
		if (err) {
			if (hdr)
				genlmsg_cancel(skb, hdr);
			/* Nothing in it yet: a larger one there won't be. */
			return skb->len ?: err;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = id;
	}
	return skb->len;
}

/* ---- requests --------------------------------------------------------------------- */

/* "since" is of the monotonic clock; what is told is of the boottime clock. */
static u64 boottime_of(u64 since)
{
	return ktime_get_boottime_ns() - (ktime_get_ns() - since);
}

int cok_genl_put_request(struct sk_buff *skb, const struct cok_enclave *e,
			 const struct cok_request *r)
{
	return nla_put_string(skb, COK_A_NAME, e->name) ||
			       nla_put_u32(skb, COK_A_ENCLAVE, e->id) ||
			       put_u64(skb, COK_A_REQUEST, r->number) ||
			       nla_put_u32(skb, COK_A_KIND, r->kind) ||
			       (r->kind == COK_RES_CPU
					? nla_put_u32(skb, COK_A_NR_CPUS,
						      r->amount)
					: put_u64(skb, COK_A_MEM, r->amount)) ||
			       nla_put_u32(skb, COK_A_URGENCY, r->urgency)
		       ? -EMSGSIZE
		       : 0;
}

/* args[0]: the last enclave that is done with; [1]: requests of the next one that
 * went out; [2]: the only enclave that is asked about, or 0.
 */
int cok_genl_start_requests(struct netlink_callback *cb)
{
	struct nlattr **a = cok_dump_attrs(cb);
	struct cok_enclave *e;

	if (!a[COK_A_ENCLAVE] && !a[COK_A_NAME])
		return 0;
	e = a[COK_A_ENCLAVE] ? cok_enclave_by_id(nla_get_u32(a[COK_A_ENCLAVE]))
			     : cok_enclave_by_name(nla_data(a[COK_A_NAME]));
	if (!e) {
		NL_SET_ERR_MSG(cb->extack, "there is no such enclave");
		return -ENOENT;
	}
	cb->args[2] = e->id;
	cb->args[0] = e->id - 1;
	cok_enclave_put(e);
	return 0;
}

static int dump_request(struct sk_buff *skb, struct netlink_callback *cb,
			const struct cok_enclave *e,
			const struct cok_request *r)
{
	void *hdr = begin_part(skb, cb, COK_CMD_REQUEST_GET);

	if (!hdr)
		return -EMSGSIZE;
	if (cok_genl_put_request(skb, e, r) ||
	    put_u64(skb, COK_A_TIME_NS, boottime_of(r->since))) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/* The table may change between two parts: the generation tells. */
static int dump_requests_of(struct sk_buff *skb, struct netlink_callback *cb,
			    struct cok_enclave *e)
{
	struct cok_request list[COK_MAX_REQUESTS];
	u32 n = cok_asked_list(e, list);

	for (; cb->args[1] < n; cb->args[1]++)
		if (dump_request(skb, cb, e, &list[cb->args[1]]))
			return -EMSGSIZE;
	return 0;
}

int cok_genl_dump_requests(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct cok_enclave *e;

	cb->seq = cok_generation();
	while ((e = cok_enclave_next(cb->args[0]))) {
		u32 id = e->id;
		int err = 0;

		if (!cb->args[2] || cb->args[2] == id)
			err = dump_requests_of(skb, cb, e);
		cok_enclave_put(e);
		if (err)
			break;
		cb->args[0] = id;
		cb->args[1] = 0;
	}
	return skb->len;
}
