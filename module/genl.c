// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: checks who asks and what, and hands on. What a
 * command does and which errors it has is written in include/cok/genl.h.
 */
#include <linux/file.h>
#include <linux/module.h>
#include <net/genetlink.h>

#include "cok.h"
#include "compat.h"

#define TEXT_LEN 31 /* longest name */

/* ---- helpers --------------------------------------------------------------- */

static int refuse(struct genl_info *info, int err, const char *sentence)
{
	/* NL_SET_ERR_MSG wants a literal; this is the same for a pointer. */
	if (info->extack)
		info->extack->_msg = sentence;
	return err;
}

#define MISSING(info, attr) \
	(GENL_REQ_ATTR_CHECK(info, attr) \
		 ? refuse(info, -EINVAL, "an attribute is missing: " #attr) \
		 : 0)

struct cok_enclave *cok_genl_enclave(struct genl_info *info)
{
	struct cok_enclave *e = NULL;

	if (info->attrs[COK_A_ENCLAVE])
		e = cok_enclave_by_id(nla_get_u32(info->attrs[COK_A_ENCLAVE]));
	else if (info->attrs[COK_A_NAME])
		e = cok_enclave_by_name(nla_data(info->attrs[COK_A_NAME]));
	if (!e)
		refuse(info, -ENOENT, "there is no such enclave");
	return e;
}

/* The socket's operation; on the given enclave, if there is one. */
static int need_op(struct genl_info *info, const struct cok_enclave *e, u32 *op)
{
	u32 enclave = 0;

	*op = cok_op_of(info->snd_portid, &enclave);
	if (!*op)
		return refuse(info, -EPROTO, "begin an operation first");
	if (e && enclave != e->id)
		return refuse(info, -EPROTO,
			      "this socket's operation is on another enclave");
	return 0;
}

static u32 timeout_of(struct genl_info *info)
{
	return nla_get_u32(info->attrs[COK_A_TIMEOUT_MS]);
}

static int reply_u32(struct genl_info *info, u8 cmd, int attr1, u32 val1,
		     int attr2, u32 val2)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *hdr;

	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_put_reply(skb, info, &cok_genl_family, 0, cmd);
	if (!hdr || nla_put_u32(skb, attr1, val1) ||
	    (attr2 && nla_put_u32(skb, attr2, val2))) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

static int reply_txid(struct genl_info *info, u8 cmd, u64 txid)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *hdr;

	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_put_reply(skb, info, &cok_genl_family, 0, cmd);
	if (!hdr || nla_put_u64_64bit(skb, COK_A_TXID, txid, COK_A_PAD)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

static int start_job(struct genl_info *info, struct cok_job *job)
{
	u8 cmd = info->genlhdr->cmd;
	u64 txid = cok_job_start(job);

	return reply_txid(info, cmd, txid);
}

/* A job on an enclave, under an operation on it if need_it. */
static int new_job(struct genl_info *info, int (*run)(struct cok_job *job),
		   bool need_it, struct cok_job **out)
{
	struct cok_enclave *e = cok_genl_enclave(info);
	struct cok_job *job;
	u32 op = 0;
	int err;

	if (!e)
		return -ENOENT;
	err = need_it ? need_op(info, e, &op) : 0;
	if (err)
		goto err_put;
	job = cok_job_new(run);
	if (!job) {
		err = -ENOMEM;
		goto err_put;
	}
	job->e = e;
	job->op = op;
	*out = job;
	return 0;

err_put:
	cok_enclave_put(e);
	return err;
}

/* ---- enclaves and operations ---------------------------------------------------- */

/* Whose it is, the enclave's dump tells: OP, OP_KIND, OP_PID. */
static int busy(struct genl_info *info)
{
	return refuse(
		info, -EBUSY,
		"another operation holds this enclave, or this socket has one already");
}

static u32 caller_pid(void)
{
	return task_tgid_vnr(current);
}

static int enclave_new(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	u32 uid = a[COK_A_UID] ? nla_get_u32(a[COK_A_UID]) : 0;
	const struct cok_opener opener = { info->snd_portid, caller_pid() };
	u32 kind = a[COK_A_RUN] ? COK_OP_RUN : COK_OP_LAUNCH;
	u32 op, id;
	int err = MISSING(info, COK_A_NAME);

	if (err)
		return err;
	err = cok_enclave_new(nla_data(a[COK_A_NAME]), uid, &opener, kind, &id,
			      &op, info->extack);
	if (err == -EBUSY)
		return busy(info);
	if (err)
		return err;
	return reply_u32(info, COK_CMD_ENCLAVE_NEW, COK_A_ENCLAVE, id, COK_A_OP,
			 op);
}

static int op_begin(struct sk_buff *skb, struct genl_info *info)
{
	const struct cok_opener opener = { info->snd_portid, caller_pid() };
	struct cok_enclave *e = NULL;
	bool home = info->attrs[COK_A_HOME];
	u32 kind, op;
	int err = MISSING(info, COK_A_OP_KIND);

	if (err)
		return err;
	kind = nla_get_u32(info->attrs[COK_A_OP_KIND]);
	if (kind < COK_OP_RECLAIM) {
		e = cok_genl_enclave(info);
		if (!e)
			return -ENOENT;
	}
	home |= kind == COK_OP_RELEASE;
	err = cok_op_begin(&opener, kind, e, home, &op);
	if (e)
		cok_enclave_put(e);
	if (err == -EBUSY)
		return busy(info);
	if (err)
		return err;
	return reply_u32(info, COK_CMD_OP_BEGIN, COK_A_OP, op, 0, 0);
}

static int op_end(struct sk_buff *skb, struct genl_info *info)
{
	int err = cok_op_end(info->snd_portid);

	if (err == -EBUSY)
		return refuse(
			info, err,
			"the operation still holds leases: hand them on or return them");
	if (err)
		return refuse(info, err, "this socket has no operation");
	return 0;
}

/* ---- leases ------------------------------------------------------------------------ */

static int cpu_take(struct sk_buff *skb, struct genl_info *info)
{
	struct cok_job *job;
	u32 op;
	int err = MISSING(info, COK_A_CPU);

	if (!err)
		err = need_op(info, NULL, &op);
	if (err)
		return err;
	job = cok_job_new(cok_cpu_take_job);
	if (!job)
		return -ENOMEM;
	job->op = op;
	job->cpu = nla_get_u32(info->attrs[COK_A_CPU]);
	return start_job(info, job);
}

static int mem_take(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	u32 op, lease;
	int err;

	if (!a[COK_A_START] || !a[COK_A_SIZE] || !a[COK_A_ZONE])
		return refuse(info, -EINVAL, "start, size and zone are needed");
	err = need_op(info, NULL, &op);
	if (err)
		return err;
	err = cok_mem_take(nla_get_u64(a[COK_A_START]),
			   nla_get_u64(a[COK_A_SIZE]), nla_data(a[COK_A_ZONE]),
			   op, &lease, info->extack);
	if (err)
		return err;
	return reply_u32(info, COK_CMD_MEM_TAKE, COK_A_LEASE, lease, 0, 0);
}

static int lease_job(struct genl_info *info, int (*run)(struct cok_job *job))
{
	struct cok_job *job;
	u32 op;
	int err = MISSING(info, COK_A_LEASE);

	if (!err)
		err = need_op(info, NULL, &op);
	if (err)
		return err;
	job = cok_job_new(run);
	if (!job)
		return -ENOMEM;
	job->op = op;
	job->lease = nla_get_u32(info->attrs[COK_A_LEASE]);
	return start_job(info, job);
}

static int mem_taken(struct sk_buff *skb, struct genl_info *info)
{
	return lease_job(info, cok_mem_taken_job);
}

static int contig_take(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct cok_job *job;
	u32 op;
	int err;

	if (!a[COK_A_START] || !a[COK_A_SIZE])
		return refuse(info, -EINVAL, "start and size are needed");
	err = need_op(info, NULL, &op);
	if (err)
		return err;
	job = cok_job_new(cok_contig_take_job);
	if (!job)
		return -ENOMEM;
	job->op = op;
	job->start = nla_get_u64(a[COK_A_START]);
	job->size = nla_get_u64(a[COK_A_SIZE]);
	return start_job(info, job);
}

static const char *split_refusal(int err)
{
	switch (err) {
	case -ENOENT:
		return "not in the pool, nor granted to the enclave of this operation";
	case -EBUSY:
		return "the image lies there, or the lease is being moved";
	case -ENOSPC:
		return "the ledger has no room";
	default:
		return "only a part of a contiguous range, in units of 2 MiB, can be split off";
	}
}

static int lease_split(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct cok_enclave *e;
	u32 op, id = 0, tail;
	int err;

	if (!a[COK_A_LEASE] || !a[COK_A_SIZE])
		return refuse(info, -EINVAL, "lease and size are needed");
	op = cok_op_of(info->snd_portid, &id);
	if (!op)
		return refuse(info, -EPROTO, "begin an operation first");
	e = cok_enclave_by_id(id);
	err = cok_lease_split(nla_get_u32(a[COK_A_LEASE]), id,
			      nla_get_u64(a[COK_A_SIZE]), e ? e->image_span : 0,
			      &tail);
	if (e)
		cok_enclave_put(e);
	if (err)
		return refuse(info, err, split_refusal(err));
	return reply_u32(info, COK_CMD_LEASE_SPLIT, COK_A_LEASE, tail, 0, 0);
}

static int lease_return(struct sk_buff *skb, struct genl_info *info)
{
	return lease_job(info, cok_lease_return_job);
}

static int lease_home(struct sk_buff *skb, struct genl_info *info)
{
	u32 op;
	int err = MISSING(info, COK_A_LEASE);

	if (!err)
		err = need_op(info, NULL, &op);
	if (err)
		return err;
	return cok_lease_home(nla_get_u32(info->attrs[COK_A_LEASE]), op,
			      info->extack);
}

/* ---- the pool ------------------------------------------------------------------------ */

static int pool_put(struct sk_buff *skb, struct genl_info *info)
{
	u32 op;
	int err = need_op(info, NULL, &op);

	if (err)
		return err;
	err = cok_pool_put(op);
	if (err == -EBUSY)
		return refuse(
			info, err,
			"the operation has leases that are still being taken or returned");
	if (err)
		return refuse(info, err, "the operation has taken nothing");
	return 0;
}

static int pool_take(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *list = info->attrs[COK_A_LEASE_LIST];
	u32 op, ids[COK_TXN_MAX_RES], n = 0;
	int err = need_op(info, NULL, &op);

	if (err)
		return err;
	if (list) {
		n = nla_len(list) / sizeof(u32);
		if (!n || nla_len(list) % sizeof(u32))
			return refuse(info, -EINVAL,
				      "a list is of 1 to 32 leases");
		memcpy(ids, nla_data(list), nla_len(list));
	}
	err = cok_pool_take(ids, n, op);
	if (err)
		return refuse(info, err,
			      n ? "not all of these are in the pool"
				: "the pool is empty");
	return 0;
}

/* ---- jobs on enclaves --------------------------------------------------------------- */

static int enclave_load(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct cok_job *job;
	int err = MISSING(info, COK_A_FD);

	if (!err)
		err = new_job(info, cok_load_job, true, &job);
	if (err)
		return err;
	if (a[COK_A_CMDLINE])
		strscpy(job->cmdline, nla_data(a[COK_A_CMDLINE]),
			sizeof(job->cmdline));
	if (a[COK_A_CPU])
		job->cpu = nla_get_u32(a[COK_A_CPU]);
	job->file = fget(nla_get_u32(a[COK_A_FD]));
	if (!job->file || !(job->file->f_mode & FMODE_READ)) {
		cok_job_free(job);
		return refuse(info, -EBADF,
			      "the image's descriptor is not open for reading");
	}
	return start_job(info, job);
}

static int new_timed_job(struct genl_info *info,
			 int (*run)(struct cok_job *job), struct cok_job **job)
{
	int err = MISSING(info, COK_A_TIMEOUT_MS);

	if (!err)
		err = new_job(info, run, true, job);
	if (!err)
		(*job)->timeout_ms = timeout_of(info);
	return err;
}

static int timed_job(struct genl_info *info, int (*run)(struct cok_job *job))
{
	struct cok_job *job;
	int err = new_timed_job(info, run, &job);

	return err ? err : start_job(info, job);
}

static int enclave_boot(struct sk_buff *skb, struct genl_info *info)
{
	return timed_job(info, cok_boot_job);
}

static int offer(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct cok_job *job;
	int err = new_timed_job(info, cok_offer_job, &job);

	if (err)
		return err;
	job->best_effort = nla_get_flag(a[COK_A_BEST_EFFORT]);
	if (a[COK_A_REQUEST])
		job->request = nla_get_u64(a[COK_A_REQUEST]);
	return start_job(info, job);
}

static int enclave_stop(struct sk_buff *skb, struct genl_info *info)
{
	return timed_job(info, cok_stop_job);
}

static int recall(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **a = info->attrs, *list = a[COK_A_LEASE_LIST];
	struct cok_job *job;
	int err = MISSING(info, COK_A_LEASE_LIST);

	if (err)
		return err;
	if (!nla_len(list) || nla_len(list) % sizeof(u32))
		return refuse(info, -EINVAL, "a recall is of 1 to 32 leases");
	err = new_timed_job(info, cok_recall_job, &job);
	if (err)
		return err;
	job->best_effort = nla_get_flag(a[COK_A_BEST_EFFORT]);
	if (a[COK_A_WANT_CPUS])
		job->want_cpus = nla_get_u32(a[COK_A_WANT_CPUS]);
	if (a[COK_A_WANT_MEM])
		job->want_mem = nla_get_u64(a[COK_A_WANT_MEM]);
	job->nr_leases = nla_len(list) / sizeof(u32);
	memcpy(job->leases, nla_data(list), nla_len(list));
	return start_job(info, job);
}

static int enclave_kill(struct sk_buff *skb, struct genl_info *info)
{
	struct cok_job *job;
	int err = new_job(info, cok_kill_job, false, &job);

	return err ? err : start_job(info, job);
}

static int enclave_destroy(struct sk_buff *skb, struct genl_info *info)
{
	struct cok_job *job;
	int err = new_job(info, cok_destroy_job, true, &job);

	return err ? err : start_job(info, job);
}

/* ---- what co-kernels ask for ----------------------------------------------------------- */

static int request_deny(struct sk_buff *skb, struct genl_info *info)
{
	struct cok_enclave *e;
	int err = MISSING(info, COK_A_REQUEST);

	if (err)
		return err;
	e = cok_genl_enclave(info);
	if (!e)
		return -ENOENT;
	err = cok_asked_deny(e, nla_get_u64(info->attrs[COK_A_REQUEST]));
	cok_enclave_put(e);
	if (err == -EBUSY)
		return refuse(info, err,
			      "an offer for this request is under way");
	if (err)
		return refuse(info, err,
			      "the enclave has no such request that waits");
	return 0;
}

/* ---- fault injection ------------------------------------------------------------------ */

#ifdef COK_TEST
static int fault_set(struct sk_buff *skb, struct genl_info *info)
{
	int err = MISSING(info, COK_A_FAULT_AT);

	if (!err)
		cok_fault_set(nla_get_u32(info->attrs[COK_A_FAULT_AT]));
	return err;
}

static int fault_get(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	char name[COK_TEXT_MAX];
	u32 at, count;
	void *hdr;

	if (!msg)
		return -ENOMEM;
	cok_fault_get(&at, &count, name);
	hdr = genlmsg_put_reply(msg, info, &cok_genl_family, 0,
				COK_CMD_FAULT_GET);
	if (!hdr || nla_put_u32(msg, COK_A_FAULT_AT, at) ||
	    nla_put_u32(msg, COK_A_FAULT_COUNT, count) ||
	    nla_put_string(msg, COK_A_TEXT, name)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}
#else
static int fault_set(struct sk_buff *skb, struct genl_info *info)
{
	return refuse(info, -EOPNOTSUPP,
		      "this is not a test build of the module");
}

#define fault_get fault_set
#endif

/* ---- policies ----------------------------------------------------------------------------- */

static struct netlink_range_validation timeout_range = {
	.min = 1,
	.max = 600000,
};

static struct netlink_range_validation want_cpus_range = {
	.min = 1,
	.max = ~0U,
};

static struct netlink_range_validation want_mem_range = {
	.min = 1,
	.max = 1ULL << 52,
};

#define P_NAME	  [COK_A_NAME] = { .type = NLA_NUL_STRING, .len = TEXT_LEN }
#define P_ENCLAVE [COK_A_ENCLAVE] = { .type = NLA_U32 }, P_NAME
#define P_CPU	  [COK_A_CPU] = { .type = NLA_U32 }
#define P_LEASE	  [COK_A_LEASE] = { .type = NLA_U32 }
#define P_TIMEOUT \
	[COK_A_TIMEOUT_MS] = NLA_POLICY_FULL_RANGE(NLA_U32, &timeout_range)
#define P_REQUEST     [COK_A_REQUEST] = { .type = NLA_U64 }
#define P_BEST_EFFORT [COK_A_BEST_EFFORT] = { .type = NLA_FLAG }
#define POLICY(name)  static const struct nla_policy name[COK_A_COUNT]

POLICY(none_policy) = {};
POLICY(new_policy) = {
	P_NAME,
	[COK_A_UID] = { .type = NLA_U32 },
	[COK_A_RUN] = { .type = NLA_FLAG },
};
POLICY(enclave_policy) = { P_ENCLAVE };
POLICY(op_policy) = {
	P_ENCLAVE,
	[COK_A_OP_KIND] = NLA_POLICY_RANGE(NLA_U32, COK_OP_GROW,
					   COK_OP_RELEASE),
	[COK_A_HOME] = { .type = NLA_FLAG },
};
POLICY(cpu_policy) = { P_CPU };
POLICY(mem_policy) = {
	[COK_A_START] = { .type = NLA_U64 },
	[COK_A_SIZE] = { .type = NLA_U64 },
	[COK_A_ZONE] = { .type = NLA_NUL_STRING, .len = COK_ZONE_MAX - 1 },
};
POLICY(contig_policy) = {
	[COK_A_START] = { .type = NLA_U64 },
	[COK_A_SIZE] = { .type = NLA_U64 },
};
POLICY(split_policy) = { P_LEASE, [COK_A_SIZE] = { .type = NLA_U64 } };
POLICY(lease_policy) = { P_LEASE };
POLICY(load_policy) = {
	P_ENCLAVE,
	P_CPU,
	[COK_A_FD] = { .type = NLA_U32 },
	[COK_A_CMDLINE] = { .type = NLA_NUL_STRING,
			    .len = COK_CMDLINE_MAX - 1 },
};
POLICY(timed_policy) = { P_ENCLAVE, P_TIMEOUT };
#define P_LEASES \
	[COK_A_LEASE_LIST] = { .type = NLA_BINARY, \
			       .len = COK_TXN_MAX_RES * sizeof(u32) }
POLICY(offer_policy) = { P_ENCLAVE, P_TIMEOUT, P_BEST_EFFORT, P_REQUEST };
POLICY(recall_policy) = {
	P_ENCLAVE,
	P_TIMEOUT,
	P_BEST_EFFORT,
	P_LEASES,
	[COK_A_WANT_CPUS] = NLA_POLICY_FULL_RANGE(NLA_U32, &want_cpus_range),
	[COK_A_WANT_MEM] = NLA_POLICY_FULL_RANGE(NLA_U64, &want_mem_range),
};
POLICY(pool_policy) = { P_LEASES };
POLICY(request_policy) = { P_ENCLAVE, P_REQUEST };
POLICY(job_policy) = { [COK_A_TXID] = { .type = NLA_U64 } };
POLICY(fault_policy) = { [COK_A_FAULT_AT] = { .type = NLA_U32 } };

/* ---- the family ----------------------------------------------------------------------------- */

/* GENL_ADMIN_PERM would be CAP_NET_ADMIN, and is not asked for dumps. */
static int check_caller(struct sk_buff *skb)
{
	return netlink_capable(skb, CAP_SYS_ADMIN) ? 0 : -EPERM;
}

static int pre_doit(const struct genl_split_ops *ops, struct sk_buff *skb,
		    struct genl_info *info)
{
	if (check_caller(skb))
		return refuse(info, -EPERM, "this needs CAP_SYS_ADMIN");
	/* Netlink pins us for dumps only. */
	if (!try_module_get(THIS_MODULE))
		return refuse(info, -ENODEV, "the module is being removed");
	return 0;
}

static void post_doit(const struct genl_split_ops *ops, struct sk_buff *skb,
		      struct genl_info *info)
{
	module_put(THIS_MODULE);
}

static int dump_start(struct netlink_callback *cb)
{
	/* An enclave with all its cores and their registers is one message. */
	cb->min_dump_alloc = COK_DUMP_ALLOC;
	return check_caller(cb->skb);
}

static int start_requests(struct netlink_callback *cb)
{
	int err = dump_start(cb);

	return err ? err : cok_genl_start_requests(cb);
}

#define DO(_cmd, _doit, _policy) \
	{ \
		.cmd = COK_CMD_##_cmd, .doit = _doit, .policy = _policy, \
		.maxattr = COK_A_MAX \
	}

static const struct genl_ops cok_genl_ops[] = {
	DO(INFO_GET, cok_genl_get_info, none_policy),
	DO(ENCLAVE_NEW, enclave_new, new_policy),
	{
		.cmd = COK_CMD_ENCLAVE_GET,
		.doit = cok_genl_get_enclave,
		.start = dump_start,
		.dumpit = cok_genl_dump_enclaves,
		.policy = enclave_policy,
		.maxattr = COK_A_MAX,
	},
	DO(OP_BEGIN, op_begin, op_policy),
	DO(OP_END, op_end, none_policy),
	DO(CPU_TAKE, cpu_take, cpu_policy),
	DO(MEM_TAKE, mem_take, mem_policy),
	DO(MEM_TAKEN, mem_taken, lease_policy),
	DO(CONTIG_TAKE, contig_take, contig_policy),
	DO(LEASE_SPLIT, lease_split, split_policy),
	DO(POOL_PUT, pool_put, none_policy),
	DO(POOL_TAKE, pool_take, pool_policy),
	DO(LEASE_RETURN, lease_return, lease_policy),
	DO(LEASE_HOME, lease_home, lease_policy),
	{
		.cmd = COK_CMD_LEASE_GET,
		.start = dump_start,
		.dumpit = cok_genl_dump_leases,
		.policy = none_policy,
		.maxattr = COK_A_MAX,
	},
	DO(ENCLAVE_LOAD, enclave_load, load_policy),
	DO(ENCLAVE_BOOT, enclave_boot, timed_policy),
	DO(OFFER, offer, offer_policy),
	DO(RECALL, recall, recall_policy),
	DO(ENCLAVE_STOP, enclave_stop, timed_policy),
	DO(ENCLAVE_KILL, enclave_kill, enclave_policy),
	DO(ENCLAVE_DESTROY, enclave_destroy, enclave_policy),
	{
		.cmd = COK_CMD_REQUEST_GET,
		.start = start_requests,
		.dumpit = cok_genl_dump_requests,
		.policy = enclave_policy,
		.maxattr = COK_A_MAX,
	},
	DO(REQUEST_DENY, request_deny, request_policy),
	DO(JOB_GET, cok_genl_get_job, job_policy),
	DO(FAULT_SET, fault_set, fault_policy),
	DO(FAULT_GET, fault_get, none_policy),
};

static const struct genl_multicast_group groups[] = {
	{
		.name = COK_GENL_MCGRP_EVENTS,
		.flags = GENL_MCAST_CAP_SYS_ADMIN,
	},
};

struct genl_family cok_genl_family = {
	.name = COK_GENL_NAME,
	.version = COK_GENL_VERSION,
	.maxattr = COK_A_MAX,
	.parallel_ops = true,
	.pre_doit = pre_doit,
	.post_doit = post_doit,
	.ops = cok_genl_ops,
	.n_ops = ARRAY_SIZE(cok_genl_ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	.module = THIS_MODULE,
};

int cok_genl_setup(void)
{
	return genl_register_family(&cok_genl_family);
}

void cok_genl_cleanup(void)
{
	genl_unregister_family(&cok_genl_family);
}
