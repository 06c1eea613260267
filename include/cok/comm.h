/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note OR MIT */
/*
 * Cokernel comm area: the memory that the host and one co-kernel share.
 *
 * It lives in pages owned by the host, is physically contiguous, zeroed and
 * filled in by the host before boot, and outlives the co-kernel. Its geometry
 * (offsets in bytes from the start of struct cok_comm) is written once and
 * never read back by the host. Whatever the co-kernel writes is a claim: the
 * host copies it once, then validates the copy.
 *
 *   +--------------------+ comm_phys
 *   | struct cok_comm    |  words both ways, geometry        4 KiB
 *   | h2c control ring   |  struct cok_msg, host -> co-kernel
 *   | c2h control ring   |  struct cok_msg, co-kernel -> host
 *   | console input ring |  bytes,          host -> co-kernel
 *   | log ring           |  records,        co-kernel -> host
 *   | stats pages        |  struct cok_stats, one per core slot
 *   | program directory  |  struct cok_run_dir, see run.h
 *   +--------------------+
 *
 * RINGS. Single producer, single consumer. Positions are free-running 32-bit
 * counters; the slot or byte is position modulo size (a power of two). The
 * producer writes the data, then `prod` (release); the consumer reads `prod`
 * (acquire), copies, then writes `cons` (release). prod - cons > size means
 * that the other side is broken.
 *
 * DOORBELLS. Rings work without them: both sides also poll slowly. Host to
 * core: an IPI with cok_boot.doorbell_vector. Core to host: a fixed IPI in
 * physical destination mode to the pair in cok_comm.host_doorbell, which must
 * be read anew (one 64-bit load) for every use, as the host may move it.
 */
#ifndef COK_COMM_H
#define COK_COMM_H

#include <linux/types.h>

#if defined(__cplusplus) && !defined(_Static_assert)
#define _Static_assert static_assert
#endif

#define COK_COMM_MAGIC 0x4d4f434b4f43ULL /* "COKCOM" */
#define COK_MAX_CORES  64		 /* core slots per enclave */

/* ---- geometry -------------------------------------------------------- */

struct cok_region {
	__u32 offset; /* bytes from the start of struct cok_comm */
	__u32 size;   /* bytes */
};

struct cok_ring {
	__u32 prod;
	__u32 pad0[15]; /* producer and consumer on their own lines */
	__u32 cons;
	__u32 pad1[15];
	/* data follows */
};

#define COK_CTRL_SLOTS	  64 /* messages in a control ring */
#define COK_CTRL_RESERVED 16 /* of these, kept for COMMIT and ABORT */
#define COK_CONIN_BYTES	  4096
#define COK_LOG_BYTES	  65536

/* ---- control messages ------------------------------------------------ */

/*
 * TRANSACTIONS. Every transfer of resources is one. The host begins it, and
 * names it by its txid (never 0; ascending while the enclave lives). It
 * moves 1..32 resources; what is said about n resources is said in n messages
 * of one txid, with index 0..n-1 and total n, in order, without others in
 * between.
 *
 *   give  OFFER(n)  -> ACCEPT | PARTIAL (n), or DECLINE -> COMMIT | ABORT -> DONE
 *   take  RECALL(n) -> PREPARED | PARTIAL (n), or DECLINE -> COMMIT | ABORT -> DONE
 *         host         co-kernel                             host          co-kernel
 *
 * The host may ABORT at any time before COMMIT, and does so when the deadline
 * passes. An offered resource may be used after COMMIT only; a recalled one
 * must not be touched after its PREPARED or PARTIAL was sent, unless ABORT
 * follows: that answer promises that it is drained, unmapped, and every core's
 * TLB flushed. Granted cores are started by the host after COMMIT, at the entry
 * that the ACCEPT named (a virtual address in the image); such a core may run
 * before its enclave has read the COMMIT. Recalled cores are halted by the
 * co-kernel before it answers and taken by the host after COMMIT.
 *
 * PARTS. Of n answers each agrees to its whole resource (ACCEPT, PREPARED) or
 * to a part of it (PARTIAL): start and size are the part, status why it is not
 * more; size 0 is none of it (start as asked). A core is agreed to or not.
 * Memory may be agreed to in part, in units of the granule that was sent with
 * it, aligned to it; without a granule it is all or none. n parts of size 0
 * are sent as DECLINE. COMMIT commits just what was agreed to: for the rest the
 * transaction has not been.
 *
 * AMOUNTS. A RECALL may list more than is wanted: arg1 of each message says how
 * much of its kind is wanted of all that are listed (bytes, or cores); 0 is
 * all of it. The co-kernel chooses: it answers with parts of no more than that
 * in sum, and gives the reason WANTED for what it was not asked for.
 *
 * ENDS. Each side repeats rather than guesses. QUERY of the host: say your
 * answer again (DECLINE(UNKNOWN) if the transaction never was). QUERY of the
 * co-kernel: say the outcome again (ABORT(UNKNOWN) if it is not known). The
 * host keeps an outcome, and repeats it, until DONE has come for it, and begins
 * nothing new while 32 of them are kept.
 *
 * REQUESTS. What the co-kernel asks for by itself is named by a number of its
 * own in txid (1, 2, .. ; another space than the host's). REQUEST and RELEASE
 * are repeated until they are answered; a repetition is answered alike.
 *   REQUEST  -> ANSWER(QUEUED), and later ANSWER(GRANTED | DENIED)
 *               An OFFER that is made for it has its number in arg1.
 *   CANCEL   -> ANSWER(CANCELLED), or how it ended before
 *   RELEASE(n): given back unasked; promises what PREPARED promises
 *            -> ANSWER(DONE), or ANSWER(DENIED): as if it had not been sent
 * There is one RELEASE at a time: the next one says that this one's answer was
 * read. A waiting REQUEST is repeated now and then, because an ANSWER can be
 * lost; if the host has forgotten how it ended, that is DENIED(UNKNOWN).
 *
 * EPOCH. Each message carries the epoch of struct cok_comm: the comm area's
 * life that it was meant for. Another one's are counted and ignored, as are
 * duplicate and unknown messages.
 */
enum cok_msg_type {
	/* host -> co-kernel */
	COK_MSG_OFFER = 1,  /* resource; arg0 = deadline, in TSC; arg1 =
			     * request that it answers, or 0; status = granule
			     */
	COK_MSG_RECALL = 2, /* resource; arg0 = deadline, in TSC; arg1 =
			     * amount wanted, or 0; status = granule
			     */
	COK_MSG_COMMIT = 3,
	COK_MSG_ABORT = 4,  /* status = why */
	COK_MSG_PING = 5,   /* txid = cookie: answer with PONG, same txid */
	COK_MSG_STOP = 6,   /* shut down; arg0 = deadline, in TSC */
	COK_MSG_QUERY = 7,  /* say your answer again */
	COK_MSG_ANSWER = 8, /* txid = the co-kernel's; arg0 = enum cok_answer,
			     * status = why, size = amount given
			     */

	/* co-kernel -> host */
	COK_MSG_READY = 0x81,	/* up; arg0 = its features (0) */
	COK_MSG_ACCEPT = 0x82,	/* CPU: arg0 = entry, arg1 = value for RSI */
	COK_MSG_DECLINE = 0x83, /* status = why; for the whole transaction */
	COK_MSG_PREPARED = 0x84,
	COK_MSG_PONG = 0x85,
	COK_MSG_STOPPED = 0x86, /* all cores are halted */
	COK_MSG_PARTIAL = 0x87, /* the part agreed to; status = why not more;
				 * of a CPU: size 0, it is not agreed to
				 */
	COK_MSG_REQUEST = 0x88, /* kind, size = amount (bytes or cores), arg0 =
				 * enum cok_urgency
				 */
	COK_MSG_CANCEL = 0x89,	/* that REQUEST */
	COK_MSG_RELEASE = 0x8a, /* resource */
	COK_MSG_QUERY_END = 0x8b, /* say the outcome again */
	COK_MSG_DONE = 0x8c,	  /* the outcome was taken */
};

/* cok_msg.status: why something was declined, aborted or is not more. */
enum cok_why {
	COK_WHY_NONE = 0,
	COK_WHY_TIMEOUT = 1,  /* the deadline passed */
	COK_WHY_NO_SPACE = 2, /* its tables are full */
	COK_WHY_IN_USE = 3,   /* can't be drained now */
	COK_WHY_BOOT = 4,     /* boot core, or memory holding the image */
	COK_WHY_UNKNOWN = 5,  /* not a resource or transaction it knows */
	COK_WHY_UNSUPPORTED = 6,
	COK_WHY_STOPPING = 7,
	COK_WHY_PROTOCOL = 8, /* the peer broke the protocol */
	COK_WHY_REFUSED = 9,  /* policy: it does not want to */
	COK_WHY_PARTIAL = 10, /* part of it is not enough: all or nothing */
	COK_WHY_WANTED = 11,  /* more was listed than is wanted */
	COK_WHY_CANCELLED = 12,
};

enum cok_answer {
	COK_ANSWER_QUEUED = 1,	  /* REQUEST: people or a policy decide */
	COK_ANSWER_GRANTED = 2,	  /* REQUEST: size was given for it */
	COK_ANSWER_DENIED = 3,	  /* status = why */
	COK_ANSWER_CANCELLED = 4, /* REQUEST */
	COK_ANSWER_DONE = 5,	  /* RELEASE: the host has taken it */
};

enum cok_urgency {
	COK_URGENCY_LOW = 0,	/* would be faster with it */
	COK_URGENCY_NORMAL = 1, /* below its threshold */
	COK_URGENCY_HIGH = 2,	/* something waits for it */
};

enum cok_res_kind {
	COK_RES_CPU = 1, /* start = APIC id, size = core slot */
	COK_RES_MEM = 2, /* start = physical address, size = bytes */
};

#define COK_TXN_MAX_RES	 32 /* resources in one transaction */
#define COK_TXN_KEPT	 32 /* outcomes that the host keeps for a DONE */
#define COK_MAX_REQUESTS 8  /* REQUESTs that wait at a time; more: DENIED */

struct cok_msg {
	__u64 seq;    /* 1, 2, .. per ring: a gap is a lost message */
	__u64 txid;   /* 0 where none applies */
	__u16 type;   /* enum cok_msg_type */
	__u16 status; /* enum cok_why; of OFFER and RECALL about memory: log2 of
		       * the granule in which it may be agreed to in part, 0:
		       * all or none
		       */
	__u16 index;  /* of this resource: 0..total-1; else 0 */
	__u16 total;  /* resources; 0 in messages about none */
	__u32 kind;   /* enum cok_res_kind, 0 where none applies */
	__u32 epoch;  /* struct cok_comm */
	__u64 start;
	__u64 size;
	__u64 arg0;
	__u64 arg1;
};

/* ---- log ------------------------------------------------------------- */

#define COK_LOG_TEXT_MAX 256 /* bytes of text in one record */

/*
 * A record: this header, then `len` bytes of text (no NUL, newline only where
 * one was printed), then zero bytes up to a multiple of 16. Records are laid
 * end to end and wrap byte by byte. A producer without room drops the record
 * and adds to cok_comm.log_dropped.
 */
struct cok_log_rec {
	__u64 tsc;   /* when it was printed; the host converts it */
	__u16 len;   /* 1..COK_LOG_TEXT_MAX */
	__u16 core;  /* core slot that printed it */
	__u32 level; /* 0..7 as in syslog(3) */
};

/* ---- stats and post-mortem, one page per core slot --------------------- */

/* Registers at a panic, or at the host's capture NMI. */
struct cok_regs {
	__u64 seq;    /* written last: the probe word, or 1 by a panic */
	__u64 vector; /* exception or 2 for NMI */
	__u64 error;  /* the exception's error code */
	__u64 rip, cs, rflags, rsp, ss;
	__u64 rax, rbx, rcx, rdx, rsi, rdi, rbp;
	__u64 r8, r9, r10, r11, r12, r13, r14, r15;
	__u64 cr0, cr2, cr3, cr4;
};

enum cok_core_state {
	COK_CORE_ABSENT = 0,
	COK_CORE_STARTING = 1,
	COK_CORE_ONLINE = 2,
	COK_CORE_DRAINED = 3, /* halted for a recall */
	COK_CORE_HALTED = 4,  /* stopped or panicked */
};

/* Counters only ever grow while the core's state is ONLINE. */
struct cok_stats {
	__u32 state;	     /* enum cok_core_state */
	__u32 apic_id;	     /* as the core itself read it */
	__u64 heartbeat;     /* grows while the core is alive */
	__u64 tsc_heartbeat; /* TSC at the last heartbeat */
	__u64 tsc_online;    /* TSC when it came up */
	__u64 cycles_idle;   /* TSC cycles */
	__u64 cycles_kernel;
	__u64 cycles_user;
	__u64 irqs; /* known interrupts */
	__u64 doorbells;
	__u64 irqs_unknown;	/* EOIed and ignored */
	__u64 irq_unknown_last; /* the last such vector */
	__u64 nmis;
	__u64 mces;
	__u64 syscalls;
	__u64 pages_total; /* whole enclave, on core slot 0 only */
	__u64 pages_free;
	__u64 reserved[240];
	struct cok_regs regs; /* at offset 2048 */
	__u64 pad[229];
};

/* ---- the first page ---------------------------------------------------- */

/* The co-kernel's own view, a claim. */
enum cok_ck_state {
	COK_CK_NONE = 0, /* has not run yet */
	COK_CK_BOOTING = 1,
	COK_CK_RUNNING = 2,
	COK_CK_STOPPED = 3, /* all cores halted after STOP */
	COK_CK_PANIC = 4,   /* panic_text says why */
	COK_CK_PARKED = 5,  /* the host seems dead; panic_text may say why */
};

#define COK_PANIC_MAX 256

struct cok_comm {
	/* Written by the host before boot, constant afterwards. */
	__u64 magic; /* COK_COMM_MAGIC */
	__u16 abi_major;
	__u16 abi_minor;
	__u32 size;	/* bytes of the whole area */
	__u32 nr_stats; /* stats pages: the number of core slots */
	__u32 epoch;	/* not 0: which life of this area; in each message */
	struct cok_region h2c; /* struct cok_ring + COK_CTRL_SLOTS messages */
	struct cok_region c2h;
	struct cok_region conin; /* struct cok_ring + COK_CONIN_BYTES */
	struct cok_region log;	 /* struct cok_ring + COK_LOG_BYTES */
	struct cok_region stats; /* nr_stats * struct cok_stats */
	struct cok_region run;	 /* struct cok_run_dir, run.h; size 0: none */
	__u64 reserved1[7];

	/* Written by the host at any time; at offset 128. */
	__u64 host_doorbell;  /* vector | 32-bit APIC id << 32; 0: don't ring */
	__u64 host_heartbeat; /* grows ~10 times a second */
	__u64 probe;	      /* not 0: the NMI asks for registers */
	__u64 reserved2[13];

	/* Written by the co-kernel; at offset 256. */
	__u32 ck_state;	   /* enum cok_ck_state */
	__u32 panic_core;  /* core slot */
	__u64 log_dropped; /* records dropped for want of room */
	__u64 nonce;	   /* what it printed of itself, for tests */
	__u64 reserved3[13];
	char panic_text[COK_PANIC_MAX]; /* PANIC, PARKED; at offset 384 */
	__u8 pad[4096 - 384 - COK_PANIC_MAX];
};

_Static_assert(sizeof(struct cok_ring) == 128, "cok_ring");
_Static_assert(sizeof(struct cok_msg) == 64, "cok_msg");
_Static_assert(sizeof(struct cok_log_rec) == 16, "cok_log_rec");
_Static_assert(sizeof(struct cok_regs) == 216, "cok_regs");
_Static_assert(sizeof(struct cok_stats) == 4096, "cok_stats");
_Static_assert(__builtin_offsetof(struct cok_stats, regs) == 2048, "regs");
_Static_assert(__builtin_offsetof(struct cok_comm, host_doorbell) == 128, "h");
_Static_assert(__builtin_offsetof(struct cok_comm, ck_state) == 256, "ck");
_Static_assert(__builtin_offsetof(struct cok_comm, panic_text) == 384, "panic");
_Static_assert(sizeof(struct cok_comm) == 4096, "cok_comm");

#endif /* COK_COMM_H */
