/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libcoord: everything cokctl can do, as a library.
 *
 * Functions return 0 (or a count) on success and -1 on failure, and then fill
 * in the struct coord_err that was passed, which must not be NULL. Nothing
 * prints, exits or aborts. Sizes are bytes, times milliseconds unless a name
 * says otherwise. What a function allocates for the caller is freed as its
 * comment says. A handle may be used by one thread at a time.
 */
#ifndef COORD_H
#define COORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cok/boot.h>
#include <cok/comm.h>
#include <cok/genl.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- errors ------------------------------------------------------------ */

enum coord_code {
	COORD_OK,
	COORD_E_FAILED,	  /* see err and text */
	COORD_E_INVALID,  /* what was asked for makes no sense here */
	COORD_E_DECLINED, /* the co-kernel said no: see why */
	COORD_E_TIMEOUT,
	COORD_E_PERM,
	COORD_E_NOENCLAVE, /* no enclave of that name */
	COORD_E_BUSY,	   /* held by another operation, or by Linux */
	COORD_E_NOMODULE,  /* cok.ko is not loaded */
	COORD_E_CANCELLED, /* the cancelled hook said so; rolled back */
	COORD_E_PARTIAL,   /* best effort: part of it was done */
};

struct coord_err {
	enum coord_code code;
	int err;	/* a positive errno, the kernel's own, or 0 */
	uint32_t why;	/* enum cok_why, if declined */
	char text[960]; /* one sentence, no newline */
};

/* ---- handle ------------------------------------------------------------ */

struct coord;

/* Callbacks during calls on the handle; each may be NULL. */
struct coord_hooks {
	void *arg;
	/* A step has begun (ms 0), or still lasts after ms; about every 200 ms. */
	void (*step)(void *arg, const char *text, unsigned int ms);
	void (*warn)(void *arg, const char *text);
	/* Asked between steps; true: undo what was done and fail. */
	bool (*cancelled)(void *arg);
};

struct coord_info {
	char version[64];
	uint32_t abi_major, abi_minor;
	uint32_t apic_mode; /* enum cok_apic_mode */
	uint32_t tsc_khz;
	uint64_t block_size;
	uint64_t generation;
	uint32_t unsettled; /* 0: coord_reclaim would find nothing */
	bool test;	    /* a fault-injection build */
};

/*
 * Connects to the module. `root` is put before /sys and /proc (NULL: ""; tests
 * use a fake tree). Needs CAP_SYS_ADMIN. Closing an open handle abandons the
 * operation it may have.
 */
int coord_open(struct coord **out, const char *root, struct coord_err *err);
/* NULL is allowed. */
void coord_close(struct coord *c);
/* Copied; what is not in them is NULL. They are called from the caller's thread. */
void coord_set_hooks(struct coord *c, const struct coord_hooks *hooks);
/* Asks anew; the result belongs to the handle. */
int coord_info(struct coord *c, const struct coord_info **out,
	       struct coord_err *err);
const char *coord_version(void); /* of the library */

/* ---- reading ----------------------------------------------------------- */

struct coord_amount {
	uint32_t cpus;
	uint64_t memory; /* bytes */
};

struct coord_core {
	uint32_t slot, cpu, apic_id;
	uint64_t heartbeat_age; /* ms */
	uint32_t freq_msr;	/* where a frequency is asked for; 0: nowhere */
	uint64_t freq_value;	/* set there on each start of the core */
	bool has_stats, has_regs;
	struct cok_stats stats; /* up to its reserved words; claims */
	struct cok_regs regs;	/* once it ended */
};

struct coord_enclave {
	uint32_t id, uid;
	char name[COK_NAME_MAX];
	uint32_t state; /* enum cok_state */
	char reason[256];
	uint64_t time_ns;  /* of the last state change, boottime clock */
	uint32_t ck_state; /* enum cok_ck_state, a claim */
	uint64_t counters[COK_N_COUNT]; /* by enum cok_counter_attr */
	uint32_t op, op_kind, op_pid;	/* 0: none */
	bool op_alive;
	uint32_t nr_cores;
	struct coord_core *cores;
};

struct coord_lease {
	uint32_t id;
	uint32_t kind;	  /* enum cok_res_kind */
	uint32_t state;	  /* enum cok_lease_state */
	uint32_t enclave; /* 0: none */
	uint32_t op;	  /* 0: none */
	uint32_t op_pid;  /* who began that, if it is alive */
	bool op_alive, boot;
	bool reserved; /* of the pool: goes back to it */
	uint64_t txid;
	uint32_t cpu, apic_id; /* of a CPU */
	uint64_t start, size;  /* of memory */
	uint32_t source;       /* enum cok_mem_source */
	char zone[16];
};

/* All enclaves; free with coord_enclaves_free. Returns their number. */
ssize_t coord_enclaves(struct coord *c, struct coord_enclave **out,
		       struct coord_err *err);
/* One enclave; free with coord_enclaves_free(e, 1). */
int coord_enclave(struct coord *c, const char *name, struct coord_enclave **out,
		  struct coord_err *err);
void coord_enclaves_free(struct coord_enclave *e, size_t n);
/* The ledger; free with free(3). Returns the number of leases. */
ssize_t coord_leases(struct coord *c, struct coord_lease **out,
		     struct coord_err *err);
/* Is it in the pool, ready for who asks? */
bool coord_lease_in_pool(const struct coord_lease *l);

/* Where a CPU is, leased or not. */
struct coord_cpu {
	uint32_t cpu;
	int numa;	    /* its node; -1: not known */
	bool online;	    /* Linux has it */
	char siblings[128]; /* the other threads of its core, as a list */
};

/* All CPUs that are online or leased; free with free(3). Returns how many. */
ssize_t coord_cpus(struct coord *c, struct coord_cpu **out,
		   struct coord_err *err);
/* The NUMA node of what is leased; -1: not known. */
int coord_lease_numa(struct coord *c, const struct coord_lease *l);

/* Names as in genl.h and comm.h, in lower case; "?" for unknown values. */
const char *coord_state_name(uint32_t state);
const char *coord_lease_state_name(uint32_t state);
const char *coord_op_name(uint32_t kind);
const char *coord_kind_name(uint32_t kind);
const char *coord_source_name(uint32_t source);
const char *coord_ck_state_name(uint32_t state);
const char *coord_why_text(uint32_t why);
/*
 * A frequency request in words: "none", "IA32_HWP_REQUEST min 8 max 40 ..."; buf of
 * at least 128 bytes; returns buf.
 */
char *coord_freq_text(uint32_t msr, uint64_t value, char *buf, size_t len);
/* The register's name in the manuals, "?" for one not known. */
const char *coord_freq_register(uint32_t msr);
const char *coord_step_name(uint32_t step);
const char *coord_answer_name(uint32_t answer);
const char *coord_urgency_name(uint32_t urgency);
/* The state of that name, or -1. */
int coord_state_by_name(const char *name);

/* ---- events ------------------------------------------------------------ */

struct coord_event {
	uint32_t kind; /* enum cok_event */
	uint64_t generation, time_ns;
	uint32_t enclave; /* 0: none */
	char name[COK_NAME_MAX];
	uint32_t state; /* STATE */
	char reason[256];
	struct coord_lease lease; /* LEASE */
	uint64_t txid;		  /* JOB */
	uint32_t error, why;
	char text[256];
	uint32_t op, op_kind, op_pid; /* OP */
	bool op_alive;
	uint32_t ask;		    /* TXN: COK_MSG_OFFER or COK_MSG_RECALL */
	uint32_t step;		    /* TXN: enum cok_txn_step */
	uint64_t request;	    /* REQUEST: the co-kernel's number for it */
	uint32_t resource;	    /* REQUEST: enum cok_res_kind */
	uint32_t urgency, answer;   /* REQUEST: enums of comm.h */
	struct coord_amount amount; /* TXN, REQUEST: how much of what */
};

struct coord_events;
/*
 * Listens from now on. It has a connection of its own, closed with
 * coord_events_close, which may come after coord_close.
 */
int coord_events_open(struct coord *c, struct coord_events **out,
		      struct coord_err *err);
/*
 * Returns 1 with an event, 0 after timeout_ms without one (-1: forever; a
 * signal ends the wait too). Failure with err->err ENOBUFS: events were lost,
 * look again at everything; the listener goes on. COORD_E_NOMODULE: the module
 * was unloaded; no event will come any more.
 */
int coord_events_next(struct coord_events *ev, int timeout_ms,
		      struct coord_event *out, struct coord_err *err);
void coord_events_close(struct coord_events *ev);

/*
 * Until the enclave is in `state`, or was for a moment (COK_ST_DESTROYED: until
 * it is gone). The cancelled hook ends it.
 */
int coord_wait(struct coord *c, const char *name, uint32_t state,
	       unsigned int timeout, struct coord_err *err);

/* ---- what to launch ---------------------------------------------------- */

/*
 * Where memory is taken from: whole blocks of memory hotplug, contiguous
 * ranges of COK_CONTIG_UNIT, or blocks as far as they go and contiguous ranges
 * for the rest.
 */
enum coord_mem_from { COORD_MEM_AUTO, COORD_MEM_BLOCKS, COORD_MEM_CONTIG };

/*
 * Whom CPUs and memory are taken from: the pool as far as that goes and Linux
 * for the rest, or one of them alone.
 */
enum coord_from { COORD_FROM_AUTO, COORD_FROM_POOL, COORD_FROM_LINUX };

struct coord_config {
	char name[COK_NAME_MAX];
	char mode[16];	    /* "native" */
	uint32_t cpus;	    /* how many, if cpu_list is empty */
	char cpu_list[256]; /* as in "2-3,7" */
	uint64_t memory;    /* bytes */
	enum coord_mem_from mem_from;
	enum coord_from from;
	char numa[16];	  /* a node's number, "any", or "": from one node */
	char image[4096]; /* empty: the default image */
	char cmdline[1024];
	uint32_t uid;	      /* owner of the device node */
	unsigned int timeout; /* ms, for the whole change; at most 600000 */
};

void coord_config_init(struct coord_config *cfg); /* the defaults */
/*
 * Reads JSON over what cfg holds, as cokernel.json(5) says. Errors name the path
 * in it ("$.memory") and leave cfg as it was.
 */
int coord_config_read(struct coord_config *cfg, const char *path,
		      struct coord_err *err);
int coord_config_parse(struct coord_config *cfg, const char *json, size_t len,
		       struct coord_err *err);
/* Sets one key from a word; err->text begins with `what` ("--mem"). */
int coord_config_set(struct coord_config *cfg, const char *key,
		     const char *word, const char *what, struct coord_err *err);

/* "auto", "pool" or "linux". */
int coord_from_parse(const char *text, enum coord_from *out,
		     struct coord_err *err);
/* "auto", "blocks" or "contig". */
int coord_mem_from_parse(const char *text, enum coord_mem_from *out,
			 struct coord_err *err);
/* "128M", "1G", "4096": bytes; 0 is refused. */
int coord_size_parse(const char *text, uint64_t *out, struct coord_err *err);
/* The shortest exact form ("128M"); buf of at least 24 bytes; returns buf. */
char *coord_size_format(uint64_t size, char *buf, size_t len);

struct coord_range {
	uint64_t start, size; /* bytes */
};

/*
 * What a launch would take now: from the pool, and of Linux the rest: CPUs, and
 * blocks and contiguous ranges in order of trial. coord_plan_free frees the
 * lists.
 */
struct coord_plan {
	char image[4096];
	char pool_cpus[256];  /* list */
	uint64_t pool_memory; /* bytes */
	char cpus[256];	      /* list */
	int numa;	      /* the node they come from; -1: any */
	uint32_t nr_blocks;   /* needed */
	uint64_t block_size;
	uint32_t nr_candidates;
	uint64_t *candidates; /* start addresses of blocks */
	uint64_t contig;      /* bytes needed in contiguous ranges */
	uint32_t nr_ranges;
	struct coord_range *ranges;
	char warning[320]; /* "", or who shares a core with whom */
};
int coord_plan(struct coord *c, const struct coord_config *cfg,
	       struct coord_plan *out, struct coord_err *err);
void coord_plan_free(struct coord_plan *plan);

/* ---- changing ---------------------------------------------------------- */

/*
 * Returns once the enclave is RUNNING. On failure everything is given back,
 * the enclave is gone, and *log (if log is not NULL) is the tail of what it
 * printed or NULL; free with free(3).
 */
int coord_launch(struct coord *c, const struct coord_config *cfg, char **log,
		 struct coord_err *err);
/*
 * The same, for an enclave that is to last no longer than *hold is open, a
 * descriptor with a high number: till then others may kill it, not change or
 * destroy it. Once it is closed, by whatever, coord_destroy() may; the next
 * coord_reclaim() does.
 */
int coord_launch_held(struct coord *c, const struct coord_config *cfg,
		      int *hold, char **log, struct coord_err *err);

enum coord_change_flags {
	/* Not all or nothing: what can be had, and what it agrees to. */
	COORD_BEST_EFFORT = 1,
};

struct coord_change {
	const char *name; /* of the enclave */
	uint32_t cpus;	  /* how many, if cpu_list is NULL */
	const char *cpu_list;
	uint64_t memory; /* bytes */
	enum coord_mem_from mem_from;
	enum coord_from from; /* of a grow */
	bool home;	      /* of a shrink: not back to the pool */
	const char *numa;     /* as in coord_config; NULL: where it is */
	unsigned int timeout; /* ms, 1 to 600000, for each of its answers */
	unsigned int flags;   /* enum coord_change_flags */
};

/* What became of one lease that was offered or recalled. */
struct coord_result {
	uint32_t lease;
	uint32_t kind;	 /* enum cok_res_kind */
	uint32_t cpu;	 /* of a CPU */
	uint64_t start;	 /* of memory: of the part agreed to */
	uint64_t asked;	 /* bytes; of a CPU 1 */
	uint64_t agreed; /* bytes; of a CPU 1 or 0 */
	uint32_t why;	 /* enum cok_why: why not more */
	bool moved;	 /* what was agreed to changed hands */
};

/* How a change went; filled in whether it succeeds or not. */
struct coord_deal {
	struct coord_amount asked;   /* by the caller */
	struct coord_amount offered; /* grow: to it; shrink: it had to choose */
	struct coord_amount agreed;  /* by the co-kernel */
	struct coord_amount moved;   /* what changed hands in the end */
	uint32_t nr_results;
	struct coord_result *results;
};
void coord_deal_free(struct coord_deal *deal); /* its list */

/*
 * Takes what is asked for and offers it. All or nothing, unless
 * COORD_BEST_EFFORT: then what can be had is offered and what is agreed to is
 * kept (COORD_E_PARTIAL if that is not all), but for COORD_E_CANCELLED. The rest
 * goes back to where it came from. It must be RUNNING. `deal` may be NULL; else coord_deal_free it.
 */
int coord_grow(struct coord *c, const struct coord_change *ch,
	       struct coord_deal *deal, struct coord_err *err);
/*
 * Asks for so much back, and the co-kernel chooses, or for the CPUs of
 * cpu_list. What it gives goes home, or to the pool if it is of that: a warning
 * says so. Flags and `deal` as above.
 */
int coord_shrink(struct coord *c, const struct coord_change *ch,
		 struct coord_deal *deal, struct coord_err *err);

/* What a co-kernel asks for by itself; but for the name, its own claims. */
struct coord_request {
	uint32_t enclave;
	char name[COK_NAME_MAX];
	uint64_t number; /* its own */
	uint32_t kind;	 /* enum cok_res_kind */
	struct coord_amount amount;
	uint32_t urgency; /* enum cok_urgency */
	uint64_t time_ns; /* when it came, boottime clock */
};
/*
 * Those that wait, of the enclave of that name or of all (NULL). Returns their
 * number; free with free(3).
 */
ssize_t coord_requests(struct coord *c, const char *name,
		       struct coord_request **out, struct coord_err *err);
/*
 * Grows the enclave by what the request asks for, and answers it; cpus,
 * cpu_list and memory of `ch` are not looked at. Memory is rounded up to what
 * can be had. It waits on if this fails. More than COK_TXN_MAX_RES leases are
 * several offers; the size in the co-kernel's answer is that of the last offer.
 */
int coord_grant(struct coord *c, const struct coord_change *ch, uint64_t number,
		struct coord_deal *deal, struct coord_err *err);
/* Tells the co-kernel that it will not get it. */
int coord_deny(struct coord *c, const char *name, uint64_t number,
	       struct coord_err *err);
/* "NAME:NUMBER"; `name` of COK_NAME_MAX bytes. */
int coord_request_parse(const char *text, char *name, uint64_t *number,
			struct coord_err *err);
/* "2 CPUs and 128M", "nothing"; buf of at least 48 bytes; returns buf. */
char *coord_amount_text(const struct coord_amount *a, char *buf, size_t size);

/*
 * Asks the co-kernel to end. timeout: 1 to 600000. COORD_E_TIMEOUT leaves it as
 * it is. What it holds is still leased afterwards.
 */
int coord_stop(struct coord *c, const char *name, unsigned int timeout,
	       struct coord_err *err);
/* Ends it without its help; what it holds is still leased, its log readable. */
int coord_kill(struct coord *c, const char *name, struct coord_err *err);
/*
 * Kills it if it runs, gives everything back to Linux, or to the pool what is of
 * that, and forgets it. A warning says what went to the pool.
 */
int coord_destroy(struct coord *c, const char *name, struct coord_err *err);
/* The same, and all to Linux. */
int coord_destroy_home(struct coord *c, const char *name,
		       struct coord_err *err);
/*
 * Takes CPUs and memory from Linux into the pool: parked, scrubbed. `name`,
 * `from`, `home` and `timeout` are not looked at; numa is as in coord_config.
 * All or nothing: what a reserve that did not end has taken goes home.
 */
int coord_reserve(struct coord *c, const struct coord_change *ch,
		  struct coord_err *err);

struct coord_release {
	bool all;
	uint32_t cpus;	 /* how many */
	uint64_t memory; /* bytes */
	enum coord_mem_from mem_from;
	const uint32_t *leases; /* these */
	size_t nr_leases;
};
/*
 * Takes that out of the pool and home. What is not all there is refused before
 * anything is taken; what it had begun with, if somebody else is faster then, goes
 * home, and the error says how much.
 */
int coord_release(struct coord *c, const struct coord_release *r,
		  struct coord_err *err);
/*
 * Finishes or undoes what others left behind. Returns how many things it
 * handled; `report` says which, "" if none. It does all it can before failing.
 */
int coord_reclaim(struct coord *c, char *report, size_t len,
		  struct coord_err *err);

/* ---- using an enclave: its device node, no privilege -------------------- */

/* Returns a descriptor for read, write, poll (uapi.h); flags as in open(2). */
int coord_dev_open(const char *name, int flags, struct coord_err *err);
/* The round trip, nanoseconds. timeout: 1 to 60000. */
int coord_dev_ping(int fd, unsigned int timeout, uint64_t *rtt_ns,
		   struct coord_err *err);
/* enum cok_state. */
int coord_dev_state(int fd, uint32_t *state, struct coord_err *err);
/*
 * The last `lines` lines (0: all) of the log now; NULL if there is none.
 * free(3).
 */
char *coord_dev_tail(const char *name, unsigned int lines);

/* ---- the dead: STOPPED or FAILED, not destroyed yet ---------------------- */

struct coord_frame {
	uint64_t addr; /* the innermost: where it was; else where it returns to */
	char symbol[64]; /* the function, "": not known */
	uint64_t offset; /* into it, bytes */
};
/*
 * Who called whom on a core, innermost first, by frame pointers; names by the
 * symbols of `image` (NULL: the default one). Returns how many of at most `max`.
 * COORD_E_BUSY: it lives. ENODATA: that core left no registers.
 */
ssize_t coord_backtrace(struct coord *c, const char *name, uint32_t slot,
			const char *image, struct coord_frame *out, size_t max,
			struct coord_err *err);
/*
 * Its memory and registers as an ELF core file, for gdb; `path` must not exist,
 * and is gone again after an error. Zero pages take no room on disk.
 */
int coord_dump(struct coord *c, const char *name, const char *path,
	       struct coord_err *err);

/* ---- running a program in an enclave (docs/run.md) ------------------------ */

#define COORD_UNKNOWN_MAX 32

struct coord_run {
	const char *name;  /* of the enclave */
	const char *path;  /* the program's file */
	char *const *argv; /* end with NULL */
	char *const *envp;
	bool eager; /* memory is populated when it is mapped */
	int hidden; /* a descriptor that is none of the program's; 0: none */
	uint64_t ignored; /* signals that are ignored from the start: bit n-1 */
	/*
	 * Asked when a signal has interrupted the wait, and about every second:
	 * the signals that came for the program since, as bits. May be NULL.
	 */
	uint64_t (*signals)(void *arg);
	void *arg;
};

struct coord_run_end {
	int status;			    /* exit status, 0 to 255 */
	int signal;			    /* that ended it, or 0 */
	uint64_t local, offloaded, unknown; /* system calls */
	uint64_t faults;
	struct {
		uint32_t nr, count; /* count 0: the list has ended */
	} calls[COORD_UNKNOWN_MAX]; /* the unknown ones */
};

/*
 * Runs a program; this process is its proxy: the program has its descriptors,
 * directory and credentials, and a thread that outlives the call makes its
 * system calls, so exit soon after. On failure it did not run, or the enclave
 * ended under it (err->err 0). ENOENT, EACCES, ENOEXEC as in execve(2).
 */
int coord_run(const struct coord_run *run, struct coord_run_end *end,
	      struct coord_err *err);
/* "openat"; NULL: no such number. x86-64. */
const char *coord_syscall_name(uint32_t nr);

/* ---- the host ---------------------------------------------------------- */

enum coord_level { COORD_GOOD, COORD_WARN, COORD_BAD };

struct coord_check {
	const char *id;		/* a short constant word */
	enum coord_level level; /* COORD_BAD prevents a launch */
	char text[320];		/* what was found, and advice */
};
/*
 * Checks this host. c is the module's handle, or NULL: then less is known, and
 * no privilege is needed. Returns the number; free with free(3).
 */
ssize_t coord_doctor(struct coord *c, struct coord_check **out,
		     struct coord_err *err);

/*
 * What must be as before once everything is home: online CPUs, state and zone
 * of each block, present and managed pages of each zone. Text lines; free(3).
 */
int coord_snapshot(const char *root, char **out, struct coord_err *err);

#ifdef __cplusplus
}
#endif

#endif /* COORD_H */
