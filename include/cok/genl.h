/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note OR MIT */
/*
 * Generic netlink family "cok": how user space controls the module.
 *
 * Every command and dump needs CAP_SYS_ADMIN in the initial user namespace
 * (EPERM), and the initial network namespace. Unknown attributes and values
 * out of range are refused (strict validation). A refusal carries a sentence in the extended ack; for
 * a job it is COK_A_TEXT of its result.
 *
 * JOBS. What can take long is a job: the command replies at once with
 * COK_A_TXID; the end is announced by an EVENT of kind JOB with the same txid,
 * COK_A_ERROR (0 or a positive errno) and COK_A_TEXT. Events can be lost:
 * JOB_GET answers for running jobs and for the last 256 finished ones.
 * Jobs run to their end even if the process that asked for them dies.
 *
 * OPERATIONS. A multi-step change is made under an operation, owned by the
 * netlink socket that began it (one per socket). An enclave has at most one
 * (else EBUSY; its dump has the holder's pid). A lease is tagged with the operation that
 * last moved it. When the socket closes before OP_END, the operation is
 * abandoned: what it took and did not hand on (leases in TAKING, POOLED,
 * RETURNING with its id; enclaves not yet RUNNING whose launch it was) is for
 * the next operation to return. OP_END with leases left is EBUSY. A command
 * that needs an operation, or one on this enclave, is EPROTO without it.
 *
 *   launch   ENCLAVE_NEW,
 *            { CPU_TAKE | MEM_TAKE, offline, MEM_TAKEN | CONTIG_TAKE }..,
 *            ENCLAVE_LOAD, ENCLAVE_BOOT, OP_END
 *   grow     OP_BEGIN, { take }.., OFFER.., OP_END   (declined: as return)
 *   shrink   OP_BEGIN, [LEASE_SPLIT], RECALL, return.., OP_END
 *   return   LEASE_RETURN; for a memory block then online, LEASE_HOME
 *   destroy  OP_BEGIN, ENCLAVE_DESTROY, return.., OP_END
 *   reserve  OP_BEGIN, { take }.., POOL_PUT, OP_END
 *   release  OP_BEGIN, [LEASE_SPLIT], POOL_TAKE, return.., OP_END
 *
 * THE POOL is what is POOLED in no operation's hands: RESERVED. Launch and grow
 * may POOL_TAKE from it what they would else take from Linux. A reserved lease
 * stays so in an enclave: when that gives it up, ends, declines it, or the
 * operation that took it fails, it goes back to the pool, scrubbed if the
 * enclave had it. Home it goes only by an operation with HOME (OP_BEGIN): that
 * ends the reservation of all that comes into its hands. Reserving is all or
 * nothing: before POOL_PUT everything that was taken is the operation's, as
 * with any other, and is returned to Linux if that is abandoned; after it all
 * is in the pool. What an abandoned release had taken from the pool goes home.
 *
 * MEMORY comes from two sources: whole blocks of memory hotplug, which user
 * space takes offline (MEM_TAKE), and contiguous ranges, whose pages stay
 * online and are allocated like any other (CONTIG_TAKE).
 */
#ifndef COK_GENL_H
#define COK_GENL_H

#define COK_GENL_NAME	      "cok"
#define COK_GENL_VERSION      1
#define COK_GENL_MCGRP_EVENTS "events"

/* Contiguous ranges: alignment and granularity, and the most of one job. */
#define COK_CONTIG_UNIT	    0x200000ULL
#define COK_CONTIG_TAKE_MAX 0x2000000ULL
/* Nothing below this is taken: drivers of old devices need it. */
#define COK_CONTIG_LOWEST 0x1000000ULL

/* ENCLAVE: COK_A_ENCLAVE (id) or COK_A_NAME names an existing enclave. */
enum cok_cmd {
	COK_CMD_UNSPEC,

	/* do: -> VERSION, ABI_MAJOR, ABI_MINOR, APIC_MODE, TSC_KHZ,
	 * BLOCK_SIZE, GENERATION, UNSETTLED (how many operations there are,
	 * alive or not, and leases in their hands), TEST (flag: a
	 * fault-injection build)
	 */
	COK_CMD_INFO_GET,

	/* do: NAME [UID] [RUN] -> ENCLAVE, OP (begins an operation of kind
	 * LAUNCH). RUN (flag): of kind RUN, for an enclave that is to last no
	 * longer than this operation: who finds it abandoned destroys it.
	 * EEXIST name taken; EINVAL name odd (1..31 of [A-Za-z0-9_.-], not
	 * starting with '.' or '-'); EBUSY this socket has an operation;
	 * ENOSPC 64 enclaves exist; ENOMEM.
	 */
	COK_CMD_ENCLAVE_NEW,

	/* do: ENCLAVE; dump: all. -> NAME, ENCLAVE, STATE, REASON, UID,
	 * TIME_NS (of the last state change, boottime), CK_STATE,
	 * counters, CORE.. , and if one exists OP, OP_KIND, OP_PID, OP_ALIVE
	 */
	COK_CMD_ENCLAVE_GET,

	/* do: OP_KIND [ENCLAVE] [HOME] -> OP. Any kind but LAUNCH and RUN, which
	 * begin with ENCLAVE_NEW. HOME (flag; RELEASE has it anyway): what is
	 * of the pool goes home, see above. An abandoned operation on the enclave, of whatever kind,
	 * is taken over. EBUSY as above. ENOENT no such enclave.
	 */
	COK_CMD_OP_BEGIN,
	/* do. EBUSY: leases of it are still in TAKING, POOLED or RETURNING.
	 * ENOENT: no operation.
	 */
	COK_CMD_OP_END,

	/* job: CPU. HOST -> POOLED: offlined, then parked.
	 * EINVAL CPU 0, or the boot processor; ENODEV absent; EALREADY offline
	 * already (by others); EEXIST leased; EBUSY it is the last one, or
	 * hotplug refused; EREMOTEIO no answer to INIT; ENOSPC, ENOMEM.
	 */
	COK_CMD_CPU_TAKE,

	/* do: START SIZE ZONE -> LEASE, in TAKING. The range is one memory
	 * block, online, without poisoned or balloon pages. User space then
	 * offlines it by sysfs. EINVAL not a block; EEXIST overlaps a lease;
	 * EBUSY being hotplugged; ENODEV not online memory, or hot-added;
	 * EHWPOISON.
	 */
	COK_CMD_MEM_TAKE,
	/* job: LEASE. TAKING -> POOLED: verified offline and scrubbed.
	 * EBUSY: it is not offline.
	 */
	COK_CMD_MEM_TAKEN,

	/* job: LEASE. POOLED (or TAKING, RETURNING again) -> RETURNING;
	 * a CPU and a contiguous range go home by this, a block may then be
	 * onlined (it was scrubbed when it entered the pool). One that is
	 * RESERVED goes back to the pool instead.
	 * EBUSY: a job is on it, or it belongs to a live operation of another
	 * socket, to an enclave, or to the pool.
	 */
	COK_CMD_LEASE_RETURN,
	/* do: LEASE (a block, TAKING or RETURNING): ends it, once every page
	 * is online. EBUSY: it is not.
	 */
	COK_CMD_LEASE_HOME,
	/* dump: -> per lease LEASE, KIND, LEASE_STATE, CPU + APIC_ID |
	 * START + SIZE + ZONE + SOURCE, ENCLAVE (0 none), TXID, OP (0 none),
	 * OP_ALIVE, OP_PID (if alive), BOOT (flag: the boot core, or memory
	 * that holds the image), RESERVED
	 */
	COK_CMD_LEASE_GET,

	/* job: ENCLAVE FD [CMDLINE] [CPU]. CREATED -> LOADED: the image is read
	 * from FD and checked; the operation's first POOLED CPU, or that CPU,
	 * which becomes the boot core, and up to 64
	 * memory ranges become GRANTED, by address; the image goes into the
	 * lowest. Lower ones that it does not fit in wait for BOOT. ENOEXEC with a sentence: a bad image.
	 * ENOMEM: memory too small. EINVAL: no CPU or no memory. EFBIG.
	 */
	COK_CMD_ENCLAVE_LOAD,
	/* job: ENCLAVE TIMEOUT_MS. LOADED -> BOOTING -> RUNNING; then what the
	 * operation still has POOLED is offered. ETIMEDOUT: no READY; EIO: it failed (TEXT says how);
	 * EREMOTEIO: the core did not start. After an error it is dead, but
	 * EBUSY: it was not LOADED. Errors of OFFER for what was taken beyond
	 * the boot parameters.
	 */
	COK_CMD_ENCLAVE_BOOT,

	/* job: ENCLAVE TIMEOUT_MS [BEST_EFFORT] [REQUEST]: the operation's
	 * POOLED leases, at most 32, are offered; GRANTED after COMMIT, else
	 * POOLED again. If there are more, offer again. With BEST_EFFORT what
	 * the co-kernel agrees to is committed, else only all of it. REQUEST:
	 * made for that request, which a COMMIT ends as granted.
	 * The result has a RESULT for each lease, however it ends.
	 * EINVAL none; ECONNREFUSED declined (WHY; PARTIAL: it agreed to part
	 * of it, all was wanted, nothing has moved); ETIMEDOUT; ENOTCONN not
	 * running; EPIPE it ended; EBUSY it does not read its messages; ENOENT
	 * no such request.
	 */
	COK_CMD_OFFER,
	/* job: ENCLAVE LEASE_LIST (1..32) TIMEOUT_MS [WANT_CPUS] [WANT_MEM]
	 * [BEST_EFFORT]: GRANTED -> RECALLED -> POOLED with this operation,
	 * else GRANTED again. WANT_CPUS, WANT_MEM: so much of what is listed,
	 * and the co-kernel chooses; absent: all that is listed of that kind.
	 * A contiguous range that it gives in part is split: what stays keeps
	 * the lease's number, unless that is none of it. Errors and RESULT as
	 * OFFER; EBUSY: the boot core or the memory holding the image; ENOENT:
	 * not granted to it.
	 */
	COK_CMD_RECALL,

	/* job: ENCLAVE TIMEOUT_MS: asks it to shut down, then parks its cores.
	 * RUNNING -> STOPPING -> STOPPED. ETIMEDOUT: it did not; it is RUNNING
	 * again: kill it.
	 */
	COK_CMD_ENCLAVE_STOP,
	/* job: ENCLAVE: stops it whatever it does. BOOTING, RUNNING, STOPPING
	 * -> STOPPED. Needs no operation. EREMOTEIO: a core does not answer
	 * INIT; it and all memory of the enclave are QUARANTINED.
	 */
	COK_CMD_ENCLAVE_KILL,
	/* job: ENCLAVE (with an operation on it): killed if it lives, its
	 * leases scrubbed and POOLED with the operation, then it is gone.
	 */
	COK_CMD_ENCLAVE_DESTROY,

	/* do: TXID -> TXID, JOB_DONE (0/1), ERROR, TEXT, WHY, RESULT... ENOENT. */
	COK_CMD_JOB_GET,

	/* notification: EVENT, GENERATION, TIME_NS, and
	 * STATE: NAME ENCLAVE STATE REASON; LEASE: as LEASE_GET, no OP_ALIVE,
	 * no OP_PID;
	 * JOB: TXID ERROR TEXT WHY RESULT...; OP: OP OP_KIND OP_PID OP_ALIVE [ENCLAVE];
	 * TXN: ENCLAVE TXID TXN_ASK TXN_STEP WHY NR_CPUS MEM (how much this
	 * step is about: asked, agreed to, moved);
	 * REQUEST: as REQUEST_GET, and ANSWER (0: it has just come) MEM NR_CPUS
	 * (what was given) WHY
	 */
	COK_CMD_EVENT,

	/* test builds only. do: FAULT_AT -> the n-th acquisition from now on
	 * fails (0: none). do: -> FAULT_AT, FAULT_COUNT (acquisitions since),
	 * TEXT (the name of the one that failed). EOPNOTSUPP elsewhere.
	 */
	COK_CMD_FAULT_SET,
	COK_CMD_FAULT_GET,

	/* job: START SIZE (multiples of COK_CONTIG_UNIT, up to
	 * COK_CONTIG_TAKE_MAX). HOST -> POOLED: what is there is moved away,
	 * the range allocated and scrubbed. A neighbour in the pool that the
	 * same operation took is joined to it: one of the two leases has all
	 * then, the other one ends.
	 * EINVAL misaligned, too large, below COK_CONTIG_LOWEST, or two zones;
	 * ENODEV holes, offline, or memory of ZONE_MOVABLE; EEXIST overlaps a
	 * lease; EBUSY pages that can't move, or being hotplugged; EHWPOISON;
	 * ENOSPC, ENOMEM.
	 */
	COK_CMD_CONTIG_TAKE,
	/* do: LEASE SIZE -> LEASE: the last SIZE bytes (of COK_CONTIG_UNIT) of
	 * a contiguous range, in the pool or GRANTED to the enclave that the
	 * operation is on, become a lease of their own, in the same state.
	 * ENOENT neither; EINVAL no such size, or not contiguous; EBUSY the
	 * image lies there, or the lease is busy; ENOSPC.
	 */
	COK_CMD_LEASE_SPLIT,

	/* do: everything that the operation has taken is the pool's from here
	 * on, at once. EBUSY: a lease of it is not POOLED, or a job is on one;
	 * nothing has changed then. ENOENT: it has none.
	 */
	COK_CMD_POOL_PUT,
	/* do: [LEASE_LIST (1..32)]: these leases of the pool, or all, get into
	 * the operation's hands, at once. ENOENT: not all of them are in the
	 * pool (or it is empty); nothing has changed then.
	 */
	COK_CMD_POOL_TAKE,

	/* dump: [ENCLAVE]: what co-kernels ask for, waiting. -> ENCLAVE, NAME,
	 * REQUEST, KIND, MEM | NR_CPUS, URGENCY, TIME_NS (when it came,
	 * boottime). All of it but ENCLAVE and NAME is the co-kernel's claim.
	 */
	COK_CMD_REQUEST_GET,
	/* do: ENCLAVE REQUEST: it is told ANSWER(DENIED, REFUSED). ENOENT no
	 * such request, or it has ended; EBUSY an offer for it is under way.
	 */
	COK_CMD_REQUEST_DENY,

	COK_CMD_COUNT
};

enum cok_attr {
	COK_A_UNSPEC,
	COK_A_PAD,
	COK_A_VERSION,	   /* string */
	COK_A_ABI_MAJOR,   /* u32 */
	COK_A_ABI_MINOR,   /* u32 */
	COK_A_APIC_MODE,   /* u32, enum cok_apic_mode in boot.h */
	COK_A_TSC_KHZ,	   /* u32 */
	COK_A_BLOCK_SIZE,  /* u64, bytes: the memory block */
	COK_A_GENERATION,  /* u64: grows with every event */
	COK_A_TEST,	   /* flag */
	COK_A_NAME,	   /* string, 1..31 */
	COK_A_ENCLAVE,	   /* u32, 1.. */
	COK_A_UID,	   /* u32: owner of the device node, default 0 */
	COK_A_STATE,	   /* u32, enum cok_state */
	COK_A_REASON,	   /* string: why it ended */
	COK_A_TIME_NS,	   /* u64, boottime clock */
	COK_A_CK_STATE,	   /* u32, enum cok_ck_state in comm.h: a claim */
	COK_A_COUNTERS,	   /* nest of COK_N_* */
	COK_A_CORE,	   /* nest of COK_C_*, one per core */
	COK_A_OP,	   /* u32 */
	COK_A_OP_KIND,	   /* u32, enum cok_op_kind */
	COK_A_OP_PID,	   /* u32: pid that began it */
	COK_A_OP_ALIVE,	   /* u32: 0 abandoned, 1 alive */
	COK_A_LEASE,	   /* u32, 1.. */
	COK_A_LEASE_LIST,  /* binary: array of u32 lease ids */
	COK_A_LEASE_STATE, /* u32, enum cok_lease_state */
	COK_A_KIND,	   /* u32, enum cok_res_kind in comm.h */
	COK_A_CPU,	   /* u32: Linux's CPU number */
	COK_A_APIC_ID,	   /* u32 */
	COK_A_START,	   /* u64, physical address */
	COK_A_SIZE,	   /* u64, bytes */
	COK_A_ZONE,	   /* string, 1..15: as valid_zones said */
	COK_A_BOOT,	   /* flag */
	COK_A_TXID,	   /* u64 */
	COK_A_TIMEOUT_MS,  /* u32, 1..600000 */
	COK_A_FD,	   /* u32: a readable regular file */
	COK_A_CMDLINE,	   /* string, 0..1023 */
	COK_A_ERROR,	   /* u32: 0 or a positive errno */
	COK_A_TEXT,	   /* string */
	COK_A_WHY,	   /* u32, enum cok_why in comm.h */
	COK_A_JOB_DONE,	   /* u32 */
	COK_A_EVENT,	   /* u32, enum cok_event */
	COK_A_FAULT_AT,	   /* u32 */
	COK_A_FAULT_COUNT, /* u32 */
	COK_A_SOURCE,	   /* u32, enum cok_mem_source */
	COK_A_RESERVED,	   /* flag: of the pool, goes back to it */
	COK_A_HOME,	   /* flag */
	COK_A_UNSETTLED,   /* u32, 0: there is nothing to recover */
	COK_A_BEST_EFFORT, /* flag */
	COK_A_WANT_CPUS,   /* u32, 1.. */
	COK_A_WANT_MEM,	   /* u64, bytes, 1..2^52 */
	COK_A_RESULT,	   /* nest of COK_R_*, one per lease of a transaction */
	COK_A_REQUEST,	   /* u64, 1..: the co-kernel's number for it */
	COK_A_URGENCY,	   /* u32, enum cok_urgency in comm.h: a claim */
	COK_A_NR_CPUS,	   /* u32 */
	COK_A_MEM,	   /* u64, bytes */
	COK_A_ANSWER,	   /* u32, enum cok_answer in comm.h; 0: none yet */
	COK_A_TXN_ASK,	   /* u32: COK_MSG_OFFER, RECALL or RELEASE */
	COK_A_TXN_STEP,	   /* u32, enum cok_txn_step */
	COK_A_RUN,	   /* flag */
	COK_A_COUNT
};
#define COK_A_MAX (COK_A_COUNT - 1)

/* In COK_A_COUNTERS; all u64. */
enum cok_counter_attr {
	COK_N_UNSPEC,
	COK_N_PAD,
	COK_N_DOORBELLS_IN,  /* interrupts from the enclave */
	COK_N_DOORBELLS_OUT, /* IPIs sent to it */
	COK_N_MSGS_IN,
	COK_N_MSGS_OUT,
	COK_N_MSGS_BAD,	   /* unknown, duplicate, malformed */
	COK_N_RING_ERRORS, /* impossible ring positions seen */
	COK_N_LOG_RECORDS,
	COK_N_LOG_DROPPED, /* by the co-kernel (claim) or as malformed */
	COK_N_KILL_NS,	   /* duration of the last kill */
	COK_N_COUNT
};

/* In COK_A_CORE; the page's words are claims. */
enum cok_core_attr {
	COK_C_UNSPEC,
	COK_C_PAD,
	COK_C_SLOT,		/* u32 */
	COK_C_CPU,		/* u32, Linux's number */
	COK_C_APIC_ID,		/* u32 */
	COK_C_STATS,		/* binary: cok_stats up to its reserved[] */
	COK_C_REGS,		/* binary: struct cok_regs, once it ended */
	COK_C_HEARTBEAT_AGE_MS, /* u64: since the host saw it change */
	COK_C_FREQ_MSR,	  /* u32: where Linux asked for a frequency, and ... */
	COK_C_FREQ_VALUE, /* u64: ... what; both set on each start of the core */
	COK_C_COUNT
};

/* In COK_A_RESULT: what became of one lease that a transaction was about. */
enum cok_result_attr {
	COK_R_UNSPEC,
	COK_R_PAD,
	COK_R_LEASE, /* u32, as it was named */
	COK_R_KIND,  /* u32, enum cok_res_kind */
	COK_R_CPU,   /* u32, of a CPU */
	COK_R_START, /* u64, of memory: the part agreed to ... */
	COK_R_GIVEN, /* u64: ... and its bytes; of a CPU 1 or 0 */
	COK_R_ASKED, /* u64: the same, as asked */
	COK_R_WHY,   /* u32, enum cok_why: why not more */
	COK_R_COUNT
};

/* How far a transaction is. */
enum cok_txn_step {
	COK_TS_NONE,
	COK_TS_ASKED,	  /* OFFER or RECALL sent */
	COK_TS_AGREED,	  /* to all that was wanted */
	COK_TS_PARTIAL,	  /* to part of it */
	COK_TS_DECLINED,  /* to none of it */
	COK_TS_COMMITTED, /* what was agreed to has moved */
	COK_TS_ABORTED,	  /* nothing has moved */
	COK_TS_RELEASED,  /* given back unasked */
	COK_TS_COUNT
};

/* Of an enclave. */
enum cok_state {
	COK_ST_NONE,
	COK_ST_CREATED,
	COK_ST_LOADED,
	COK_ST_BOOTING,
	COK_ST_RUNNING,
	COK_ST_STOPPING,
	COK_ST_STOPPED,
	COK_ST_FAILED,
	COK_ST_DESTROYED, /* in events only */
	COK_ST_COUNT
};

enum cok_lease_state {
	COK_LS_HOST, /* in events only: the lease has ended */
	COK_LS_TAKING,
	COK_LS_POOLED,
	COK_LS_OFFERED,
	COK_LS_GRANTED,
	COK_LS_RECALLED,
	COK_LS_RETURNING,
	COK_LS_QUARANTINED,
	COK_LS_COUNT
};

/* Where the memory of a lease is from. */
enum cok_mem_source {
	COK_SRC_NONE, /* not memory */
	COK_SRC_BLOCK,
	COK_SRC_CONTIG,
	COK_SRC_COUNT
};

enum cok_op_kind {
	COK_OP_NONE,
	COK_OP_LAUNCH,
	COK_OP_GROW,
	COK_OP_SHRINK,
	COK_OP_STOP,
	COK_OP_DESTROY,
	/* These need no enclave: */
	COK_OP_RECLAIM,
	COK_OP_RESERVE,
	COK_OP_RELEASE,
	/* As LAUNCH, and held for as long as the enclave is to last: */
	COK_OP_RUN,
	COK_OP_COUNT
};

enum cok_event {
	COK_EV_NONE,
	COK_EV_STATE,
	COK_EV_LEASE,
	COK_EV_JOB,
	COK_EV_OP,
	COK_EV_TXN,
	COK_EV_REQUEST,
	COK_EV_COUNT
};

#endif /* COK_GENL_H */
