/* SPDX-License-Identifier: GPL-2.0 */
/* What libcoord's files share. Names that are not exported begin with lc_. */
#ifndef LC_INTERNAL_H
#define LC_INTERNAL_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "coord.h"

/* libnl's and the kernel's; what is pure compiles without their headers. */
struct nl_sock;
struct nl_msg;
struct nlattr;
struct genlmsghdr;

struct coord {
	char root[256];
	struct nl_sock *cmd;	 /* requests; owns the operation */
	struct coord_events *ev; /* joined before any job is sent */
	int family;
	int group;
	struct coord_hooks hooks;
	struct coord_info info;
	bool fresh;  /* info: nothing was asked for since */
	uint32_t op; /* ours, 0: none */
	char *buf;   /* the last datagram received: LC_RECEIVE bytes */
};

/*
 * More than any message has: netlink makes those of a dump no larger than
 * 32 KiB, and the module (COK_DUMP_ALLOC) no other ones.
 */
#define LC_RECEIVE (64 * 1024)

/* ---- err.c -------------------------------------------------------------- */

/* Fills err in; always -1. */
int lc_err(struct coord_err *err, enum coord_code code, int errnum,
	   const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Adds to the text. */
void lc_err_more(struct coord_err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Appends to a bounded string; false if it was cut. */
bool lc_append(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- step.c: time, progress, cancellation ------------------------------- */

uint64_t lc_now(void); /* ms, monotonic */
/* Milliseconds until `deadline`, at least 0 and at most INT_MAX. */
int lc_left(uint64_t deadline);
void lc_step(struct coord *c, const char *text, unsigned int ms);
void lc_warn(struct coord *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
bool lc_is_cancelled(struct coord *c);
/* -1 with COORD_E_CANCELLED or COORD_E_TIMEOUT if the change must end now. */
int lc_go_on(struct coord *c, uint64_t deadline, struct coord_err *err);
void lc_sleep(unsigned int ms);

/* ---- nl.c --------------------------------------------------------------- */

struct lc_req {
	struct nl_msg *msg;
	const char *what;   /* "take CPU 3": begins error sentences */
	bool names_enclave; /* ENOENT then means that enclave */
	bool failed;	    /* an attribute did not fit */
};

typedef int (*lc_handler)(struct genlmsghdr *ghdr, void *arg);

void lc_req_init(struct coord *c, struct lc_req *r, uint8_t cmd, int flags,
		 const char *what);
void lc_put_u32(struct lc_req *r, int attr, uint32_t v);
void lc_put_u64(struct lc_req *r, int attr, uint64_t v);
void lc_put_str(struct lc_req *r, int attr, const char *s);
void lc_put_data(struct lc_req *r, int attr, const void *p, size_t len);
void lc_put_enclave(struct lc_req *r, uint32_t id);
void lc_put_name(struct lc_req *r, const char *name);
/* Sends, hands each reply to `handler`, consumes the request. */
int lc_call(struct coord *c, struct lc_req *r, lc_handler handler, void *arg,
	    struct coord_err *err);
/* As recv(2), not waiting; what the kernel did not send is EAGAIN. */
ssize_t lc_recv(int fd, void *buf, size_t size);
/* The code that an errno of the module means. */
enum coord_code lc_code_of(int errnum, bool names_enclave);

/* ---- attr.c: attributes to structs ---------------------------------------- */

int lc_parse(struct genlmsghdr *g, struct nlattr **tb);
uint32_t lc_get_u32(struct nlattr *a); /* 0 if absent or odd */
uint64_t lc_get_u64(struct nlattr *a);
void lc_get_str(struct nlattr *a, char *buf, size_t size);
void lc_parse_lease(struct nlattr **tb, struct coord_lease *l);
void lc_parse_event(struct genlmsghdr *g, struct coord_event *e);
int lc_parse_enclave(struct genlmsghdr *g, struct coord_enclave *e);
void lc_parse_request(struct nlattr **tb, struct coord_request *r);

/* What became of the leases of one transaction. */
struct lc_results {
	uint32_t n;
	struct coord_result r[COK_TXN_MAX_RES];
};
void lc_parse_results(struct genlmsghdr *g, struct lc_results *out);

/* ---- job.c --------------------------------------------------------------- */

/* Runs a job to its end or our deadline. May be cut short by lc_boot_kill. */
int lc_job(struct coord *c, struct lc_req *r, unsigned int limit,
	   struct coord_err *err);
/* The same; `enclave` is killed once if the cancelled hook says so. */
int lc_job_killable(struct coord *c, struct lc_req *r, unsigned int limit,
		    uint32_t enclave, struct coord_err *err);

/* The same as lc_job, for transactions; `out` however it ends. */
int lc_job_results(struct coord *c, struct lc_req *r, unsigned int limit,
		   struct lc_results *out, struct coord_err *err);

/* ---- deal.c: what a change asked for, and what came of it ------------------ */

/* Begins with what the change asks for. */
int lc_deal_begin(struct coord_deal *d, const struct coord_change *ch,
		  struct coord_err *err);
/* Adds one transaction; `committed`: what was agreed to has moved. */
int lc_deal_add(struct coord_deal *d, const struct lc_results *res,
		bool committed, struct coord_err *err);
/* What had moved went back. */
void lc_deal_undone(struct coord_deal *d);
/*
 * 0 if all that was asked has moved. Else -1, and err says what was agreed to
 * and why not more; if the change failed, err has the failure, which is added
 * to.
 */
int lc_deal_end(const struct coord_deal *d, const char *name, bool failed,
		struct coord_err *err);
/* At least as much of each? */
bool lc_amount_covers(const struct coord_amount *a,
		      const struct coord_amount *b);

/* ---- transfer.c: one transaction with the co-kernel ------------------------- */

struct lc_terms {
	uint32_t enclave;
	unsigned int timeout;
	bool best_effort;
	uint64_t request;	  /* OFFER: made for it; 0: none */
	struct coord_amount want; /* RECALL: of what is listed; 0: all */
};
/* What our operation has POOLED, at most COK_TXN_MAX_RES leases. */
int lc_offer(struct coord *c, const struct lc_terms *t, struct coord_deal *d,
	     struct coord_err *err);
int lc_recall(struct coord *c, const struct lc_terms *t, const uint32_t *leases,
	      size_t n, struct coord_deal *d, struct coord_err *err);
/* Leases that our operation has POOLED; -1: no telling. */
int lc_op_pooled(struct coord *c, struct coord_err *err);

/* ---- op.c ------------------------------------------------------------------ */

int lc_op_begin(struct coord *c, uint32_t kind, uint32_t enclave,
		struct coord_err *err);
/* With HOME: what is of the pool goes home as well. */
int lc_op_begin_home(struct coord *c, uint32_t kind, uint32_t enclave,
		     struct coord_err *err);
int lc_op_end(struct coord *c, struct coord_err *err);
/* Ours no more, but that of *hold, an open descriptor: it lives as long. */
int lc_op_hold(struct coord *c, int *hold, struct coord_err *err);
/* Leaves our operation, if any, to recovery: a new socket takes over. */
void lc_op_abandon(struct coord *c);
/*
 * Ends an operation whose change failed: returns its leases, ends it, adds
 * what went wrong in that to err. Always -1.
 */
int lc_op_undo(struct coord *c, struct coord_err *err);
/* Returns each lease that our operation (or `dead`, if not 0) still has. */
int lc_op_return(struct coord *c, uint32_t dead, struct coord_err *err);
int lc_return(struct coord *c, const struct coord_lease *l,
	      struct coord_err *err);
/* LEASE_RETURN, tried again for a while if a job is still on the lease. */
int lc_lease_return(struct coord *c, uint32_t lease, const char *what,
		    struct coord_err *err);
int lc_lease_home(struct coord *c, uint32_t lease, const char *what,
		  struct coord_err *err);

/* ---- dev.c ------------------------------------------------------------------ */

/* As dup(2), with a high number, and closed on exec. */
int lc_dup_high(int fd);

/* ---- sysfs.c ---------------------------------------------------------------- */

/* Reads a small file; the trailing newline goes. -1 with errno. */
int lc_read(const char *root, char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The same, of a file below an open directory. */
int lc_read_at(int dir, char *buf, size_t size, const char *path);
/* A file as gzip unpacks it, to be read and closed; NULL. */
FILE *lc_gunzip(const char *path);
/*
 * Writes a word (a constant), in a thread that is cancelled at the deadline. 0 or
 * an errno; ETIMEDOUT if it was cancelled, and it may have been written; EDEADLK if
 * even that did not end it.
 */
int lc_write_limited(const char *root, const char *path, const char *word,
		     unsigned int limit);

#define LC_MAX_CPUS 8192
struct lc_cpus {
	uint64_t bits[LC_MAX_CPUS / 64];
};

/* ---- vmap.c: a dead co-kernel's page tables ------------------------------------ */

struct lc_phys { /* its memory; read: 0, or -1 if it is not */
	int (*read)(void *ctx, uint64_t phys, void *to, size_t len);
	void *ctx;
};

struct lc_run { /* mapped side by side; bytes */
	uint64_t virt, phys, size;
};

bool lc_vmap_translate(const struct lc_phys *p, uint64_t cr3, uint64_t va,
		       uint64_t *phys);
/* All that is mapped, ascending; -1: more than max runs, or senseless tables. */
ssize_t lc_vmap_runs(const struct lc_phys *p, uint64_t cr3, struct lc_run *run,
		     size_t max);

/* ---- symbols.c: the functions of an image -------------------------------------- */

struct lc_image {
	void *map;
	size_t len;
	const void *sym; /* its .symtab: Elf64_Sym */
	size_t nr_sym;
	const char *names; /* .strtab ... */
	size_t names_len;  /* ... which ends in a NUL */
};

/* Whatever the file is; an image without symbols is no error. */
int lc_image_open(struct lc_image *i, const char *path, struct coord_err *err);
void lc_image_parse(struct lc_image *i); /* of map and len */
void lc_image_close(struct lc_image *i);
/* The function that has this address, and how far into it; NULL: none has. */
const char *lc_image_symbol(const struct lc_image *i, uint64_t addr,
			    uint64_t *offset);

/* ---- dead.c: an enclave that has ended ------------------------------------------ */

struct lc_dead {
	struct coord_enclave *e;
	struct coord_range *range; /* its memory, by address */
	size_t nr_ranges;
	int fd;
	struct lc_phys phys;
	uint64_t cached; /* the page in `page`, or ~0 */
	uint8_t page[4096];
};

int lc_dead_open(struct coord *c, const char *name, struct lc_dead *d,
		 struct coord_err *err);
void lc_dead_close(struct lc_dead *d);
/* Any length; -1 with errno. */
int lc_dead_read(struct lc_dead *d, uint64_t phys, void *to, size_t len);

/* ---- cpulist.c -------------------------------------------------------------- */

int lc_cpulist_parse(const char *text, struct lc_cpus *set,
		     struct coord_err *err);
/* False if it had to be cut ("..." at its end). */
bool lc_cpulist_format(const struct lc_cpus *set, char *buf, size_t size);
void lc_cpus_add(struct lc_cpus *s, uint32_t cpu);
void lc_cpus_del(struct lc_cpus *s, uint32_t cpu);
bool lc_cpus_has(const struct lc_cpus *s, uint32_t cpu);
uint32_t lc_cpus_count(const struct lc_cpus *s);
/* "any" or a number. */
int lc_numa_parse(const char *text, int *node, struct coord_err *err);
/* sysfs file to set; an absent or empty file is an empty set. */
int lc_cpus_read(const char *root, struct lc_cpus *s, const char *path);

/* ---- topo.c: cores and nodes -------------------------------------------------- */

#define LC_NODE_ANY (-1)

struct lc_topo {
	struct lc_cpus online;
	uint32_t core[LC_MAX_CPUS]; /* the same number: threads of one core */
};

/* The one node that a directory of sysfs links to, or LC_NODE_ANY. */
int lc_node_link(const char *root, const char *dir);
int lc_cpu_node(const char *root, uint32_t cpu);
/* The nodes there are; -1 if the kernel knows none. */
int lc_nodes(const char *root, struct lc_cpus *nodes);
struct lc_ledger;
/* free(3) *out. */
int lc_topo_read(const char *root, const struct lc_ledger *l,
		 struct lc_topo **out, struct coord_err *err);
/* All threads of its core, itself too. */
void lc_topo_siblings(const struct lc_topo *t, uint32_t cpu,
		      struct lc_cpus *out);

/* ---- pick.c: policy, over sysfs and the ledger ------------------------------- */

struct lc_ledger {
	struct coord_lease *lease;
	size_t n;
};

struct lc_block {
	uint64_t start, size;
	uint32_t nr;   /* memoryN */
	char zone[16]; /* while online */
	int node;      /* or LC_NODE_ANY */
	bool online;
	bool has_kernel; /* Linux's image, or a crash kernel */
};

/* Where things are wanted, and for whom. */
struct lc_where {
	int node;	  /* only there; LC_NODE_ANY: anywhere */
	uint32_t enclave; /* 0: a new one */
};

/* Checks a list of CPUs that somebody asked for. */
int lc_pick_listed(const char *root, const struct lc_ledger *ledger,
		   const struct lc_where *where, const char *list,
		   struct lc_cpus *out, struct coord_err *err);
/*
 * CPUs in the order to try them; *n is how many. At least `want`: threads of
 * cores that the enclave has part of, then whole cores, then, if what is left
 * to take is no whole core, threads that Linux keeps a sibling of, and last
 * those that share a core with another enclave.
 */
int lc_pick_cpus(const char *root, const struct lc_ledger *ledger,
		 const struct lc_where *where, uint32_t want, uint32_t *order,
		 uint32_t *n, struct coord_err *err);
/* "", or with whom one of the CPUs would share its core. */
void lc_sibling_warning(const char *root, const struct lc_ledger *ledger,
			uint32_t enclave, const struct lc_cpus *taken,
			char *buf, size_t size);
/* Blocks of the node in the order to try them, perhaps none. free(3) *out. */
int lc_pick_blocks(const char *root, const struct lc_ledger *ledger,
		   uint64_t block_size, int node, struct lc_block **out,
		   size_t *n, struct coord_err *err);
/* May Linux lose `want` bytes, and are there as many as `have`? */
int lc_check_amount(const char *root, uint64_t want, uint64_t have,
		    struct coord_err *err);
/* A size must be a multiple of the block size, or of COK_CONTIG_UNIT. */
int lc_check_size(uint64_t size, uint64_t block_size, enum coord_mem_from from,
		  struct coord_err *err);
bool lc_range_leased(const struct lc_ledger *l, uint64_t start, uint64_t size);
bool lc_cpu_leased(const struct lc_ledger *l, uint32_t cpu);
/* Could Linux be asked to take it offline? */
bool lc_block_usable(const struct lc_ledger *ledger, const struct lc_block *b);

/* ---- pick_contig.c ----------------------------------------------------------- */

/*
 * Ranges inside online blocks in the order to try them, made of whole units
 * whose pages are free or can move, as far as /proc/kpageflags tells. free(3)
 * *out. At least `want` bytes if the node has them.
 */
int lc_pick_contig(const char *root, const struct lc_ledger *ledger,
		   uint64_t block_size, int node, uint64_t want,
		   struct coord_range **out, size_t *n, struct coord_err *err);

/* ---- pick_recall.c: what an enclave can give -------------------------------- */

/* Candidates, CPUs first, and the newest first of each kind. */
struct lc_offerable {
	struct coord_lease *lease;
	size_t n, at;		  /* at: the first that was not listed yet */
	bool exact;		  /* all CPUs of the list are meant */
	struct coord_amount rest; /* still wanted */
};
/* A contiguous range that holds the image, of which an end is needed. */
struct lc_tail {
	uint32_t lease; /* 0: none */
	uint64_t size;
};
/*
 * What can be recalled for `ch`; free(3) out->lease. out->rest is what is
 * wanted: with best effort no more than there is. *tail: what must be split
 * off first and added by lc_pick_tail. `l` is sorted.
 */
int lc_pick_recall(struct lc_ledger *l, uint32_t id,
		   const struct coord_change *ch, uint64_t block_size,
		   struct lc_offerable *out, struct lc_tail *tail,
		   struct coord_err *err);
void lc_pick_tail(struct lc_offerable *o, uint32_t lease, uint64_t size);
/*
 * The next leases to list, at most COK_TXN_MAX_RES, and how much of them is
 * wanted. Returns how many; 0: no more, or no more needed.
 */
size_t lc_pick_next(struct lc_offerable *o, uint32_t *ids,
		    struct coord_amount *want);

/* ---- doctor.c ------------------------------------------------------------------ */

ssize_t lc_doctor(const char *root, const struct coord_info *info,
		  const struct lc_ledger *ledger, struct coord_check **out,
		  struct coord_err *err);

/* ---- pages.c ------------------------------------------------------------------- */

/* Is a page of these flags surely the kernel's own, or nobody's? */
bool lc_page_stuck(uint64_t kpageflags);
/*
 * By /proc/kpageflags: has the range a page that can't move? 1 surely, 0 none
 * is known, -1 it does not tell.
 */
int lc_block_stuck(int kpageflags, uint64_t start, uint64_t size);
/* Moves blocks that surely refuse from the front of a list to its end. */
void lc_stuck_last(const char *root, struct lc_block *b, size_t n);

/* ---- where.c: which node ------------------------------------------------------ */

struct lc_want;
/*
 * The node to take all of `w` from, as `asked` says ("" or NULL: one node).
 * LC_NODE_ANY: there is but one, or it was told so, or what the enclave has, or
 * what was listed, is on several.
 */
int lc_choose_node(const char *root, uint64_t block_size,
		   const struct lc_ledger *l, const char *asked,
		   const struct lc_want *w, int *node, struct coord_err *err);
int lc_lease_node(const char *root, uint64_t block_size,
		  const struct coord_lease *l);

/* ---- blocks.c ---------------------------------------------------------------- */

/* All blocks of sysfs, ascending. free(3) *out (NULL: none). -1 with errno. */
int lc_blocks(const char *root, uint64_t block_size, struct lc_block **out,
	      size_t *n);
/* One, without its node and has_kernel. -1 with errno. */
int lc_block_get(const char *root, uint64_t block_size, uint64_t start,
		 struct lc_block *out);
uint64_t lc_block_size(const char *root); /* 0: no memory hotplug */
/* The words that bring a block of that zone home. */
const char *lc_online_word(const char *zone);

/* ---- cpu.c, mem.c -------------------------------------------------------------- */

struct lc_want {
	uint32_t cpus;
	const char *cpu_list; /* NULL or "": by number */
	uint64_t memory;
	enum coord_mem_from mem_from;
	enum coord_from from;
	uint64_t deadline;
	int node;	  /* or LC_NODE_ANY */
	uint32_t enclave; /* that has something already; 0: none */
};

int lc_ledger_get(struct coord *c, struct lc_ledger *l, struct coord_err *err);
int lc_take_cpus(struct coord *c, const struct lc_want *w,
		 struct coord_err *err);
int lc_take_memory(struct coord *c, const struct lc_want *w,
		   struct coord_err *err);
/* If memory was looked for on one node only, adds that to the error. */
void lc_on_node(const struct lc_want *w, struct coord_err *err);
/* contig.c: takes that much, or all that can be had; *got is how much. */
int lc_take_contig(struct coord *c, const struct lc_want *w, uint64_t *got,
		   struct coord_err *err);
/* Brings a block online as its zone was, and checks. */
int lc_block_online(struct coord *c, const struct coord_lease *l,
		    struct coord_err *err);

/* ---- pool_pick.c, pool.c: what is reserved ---------------------------------------- */

/* What to take from the pool, and what that leaves to be taken from Linux. */
struct lc_draw {
	uint32_t *id; /* free(3) */
	size_t n;
	uint32_t split;	     /* not 0: of this range ... */
	uint64_t tail;	     /* ... only the last bytes, too */
	struct lc_cpus cpus; /* how much that is */
	uint64_t memory;
	struct lc_want rest;
	char rest_list[256]; /* rest.cpu_list */
};

/*
 * What of `w` the pool has, by the ledger; nothing if it is to be Linux's. Only
 * a node makes it read sysfs. COORD_E_BUSY: it is to be the pool's and that has
 * too little.
 */
int lc_pool_pick(const char *root, uint64_t block_size,
		 const struct lc_ledger *l, const struct lc_want *w,
		 struct lc_draw *out, struct coord_err *err);
/* The same on a host with so many thread bits, as a test can say. */
int lc_pool_pick_smt(const struct lc_ledger *l, const struct lc_want *w,
		     uint32_t bits, struct lc_draw *out, struct coord_err *err);
/* What is left to take from Linux? */
bool lc_wants_anything(const struct lc_want *w);
/* Low bits of an APIC id that number the threads of a core, as CPUID says. */
uint32_t lc_thread_bits(void);
/* Warns of those leases of `l` in `ids` (all that `enclave` has, if NULL) that
 * went to the pool.
 */
void lc_pool_note(struct coord *c, const struct lc_ledger *l, uint32_t enclave,
		  const uint32_t *ids, size_t n);
/* LEASE_SPLIT; *tail is the lease that is new. */
int lc_split(struct coord *c, uint32_t lease, uint64_t size, uint32_t *tail,
	     struct coord_err *err);

/* ---- enclave.c ------------------------------------------------------------------ */

int lc_enclave_id(struct coord *c, const char *name, uint32_t *id,
		  struct coord_err *err);
/* ENCLAVE_DESTROY under our operation, and its leases home; not OP_END. */
int lc_enclave_destroy(struct coord *c, uint32_t id, uint32_t dead_op,
		       struct coord_err *err);
int lc_kill(struct coord *c, uint32_t id, struct coord_err *err);

/*
 * What `w` would be made of now, and whether Linux could give its part of it:
 * sets w->node (as lc_choose_node) and *d. `out` may be NULL; w->deadline is not
 * looked at. On failure there is nothing to free.
 */
int lc_plan(struct coord *c, const char *numa, struct lc_want *w,
	    struct lc_draw *d, struct coord_plan *out, struct coord_err *err);
/* Takes it, into the hands of our operation. */
int lc_take_planned(struct coord *c, const struct lc_want *w, struct lc_draw *d,
		    struct coord_err *err);
/*
 * The pool's part of that. COORD_E_BUSY, EAGAIN: nothing was taken; *d is empty if
 * the pool now has too little.
 */
int lc_take_pooled(struct coord *c, const struct lc_want *w, struct lc_draw *d,
		   struct coord_err *err);

/* ---- grow.c ---------------------------------------------------------------------- */

/* coord_grow, for a request of the co-kernel if `request` is not 0. */
int lc_grow(struct coord *c, const struct coord_change *ch, uint64_t request,
	    struct coord_deal *deal, struct coord_err *err);

/* The image that will be booted; COK_IMAGE and the default included. */
int lc_image_path(const char *asked, char *buf, size_t size,
		  struct coord_err *err);

#endif /* LC_INTERNAL_H */
