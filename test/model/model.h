/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model checker for both ends of the protocol: the C of module/core/, run in
 * all orders that host, co-kernel and channel allow, to a bound.
 *
 * machine.c    a small machine
 * host.c       what the host's operations do to it
 * cokernel.c   what the co-kernel's do
 * properties.c what must be true of it
 * events.c     everything that can happen next
 * explore.c    each state once
 * scenarios.c  what is explored, and how far
 * random.c     instead of these two: at random, with larger tables, for long
 *
 * There is one world, W, at one address, so that pointers in it stay valid when
 * it is saved and put back byte by byte.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/ledger.h"
#include "core/txn_ck.h"
#include "core/txn_host.h"

/* The walks of random.c say otherwise in the Makefile. */
#ifndef UNITS
#define UNITS	 3 /* of memory, each a granule */
#define CORES	 1 /* that move */
#define CHANNEL	 4 /* messages in one direction */
#define RESERVED 1 /* of these, for COMMIT and ABORT, DECLINE and DONE */
#define JOBS	 3
#define GHOSTS	 2
#define TXNS	 JOBS /* txids: 1.. */
#define NUMBERS	 2    /* of REQUESTs and RELEASEs: 1.. */
#define TIMEOUT	 8
#define REPEAT	 4
#define ROUNDS	 200 /* by when a fair end must have come */
#endif

#define CORE	UNITS /* the first unit that is a core */
#define ALL	(UNITS + CORES)
#define LEASES	ALL  /* as many as there can be */
#define NOW	1000 /* always: later times come nearer instead */
#define ENCLAVE 1
#define EPOCH	7

#define MEM_BASE (16 * COK_CONTIG_UNIT)
#define APIC_ID	 5 /* of the first core */
#define SLOT	 1

/* A set of units. */
#if UNITS + CORES > 8
typedef uint32_t units_t;
#else
typedef uint8_t units_t;
#endif
#define ALL_UNITS ((units_t)((1u << ALL) - 1))

enum ck_unit { NO, ACCEPTED, HELD, DRAINING, RECALLED };

enum pc { PC_IDLE, PC_BEGIN, PC_WAIT, PC_SETTLE, PC_OVER };

struct job {
	uint8_t pc;
	struct cok_txn txn;
};

struct channel {
	struct cok_msg msg[CHANNEL];
	uint8_t n;
};

struct ghost {
	uint8_t used, to_host;
	struct cok_msg msg;
};

struct budget {
	uint8_t faults; /* messages lost, doubled or delayed */
	uint8_t ticks;
	uint8_t kills, crashes;
	uint8_t stuck;	   /* cores that don't answer INIT */
	uint8_t unstarted; /* granted cores that don't start */
	uint8_t requests, cancels, denials, releases;
};

struct world {
	struct cok_host host;
	struct cok_ck ck;
	struct cok_ledger ledger;
	struct cok_lease lease[LEASES];
	struct job job[JOBS];
	struct job release; /* the job that takes a RELEASE */
	struct channel h2c, c2h;
	struct ghost ghost[GHOSTS];
	struct budget left;
	uint64_t last_txid;

	/* The co-kernel's view of each unit, and what the hardware does. */
	uint8_t unit[ALL];
	units_t running; /* these cores execute the enclave's code */
	units_t stuck;	 /* these did not answer INIT */
	units_t clean;	 /* scrubbed since an enclave knew of it */

	uint8_t halting, halt_over, quarantined, crashed;

	/* For the properties: what was decided, what each end has moved. */
	uint8_t decided[TXNS + 1];     /* by txid: COMMIT or ABORT */
	units_t given[TXNS + 1];       /* as the host committed them */
	uint8_t released[NUMBERS + 1]; /* by number: is it DONE? */
	uint8_t ended[NUMBERS + 1];    /* host's COK_ANSWER_* to a REQUEST */
	uint8_t told[NUMBERS + 1];     /* what the co-kernel heard of it */
};

/* What a job of a scenario does. */
struct plan {
	uint16_t ask;	   /* COK_MSG_OFFER or RECALL; 0: no more jobs */
	units_t units;	   /* of these what there is */
	uint8_t want_mem;  /* units; 0: all */
	uint8_t want_cpus; /* the same */
	bool best_effort;
	bool for_request; /* for one that waits */
};

struct scenario {
	const char *name;
	struct plan plan[JOBS];
	units_t held;		 /* what the enclave has at first */
	bool concurrent;	 /* jobs beside each other */
	units_t release;	 /* what the co-kernel may give back */
	bool parts;		 /* the co-kernel may answer in parts */
	bool stepwise;		 /* one step at a time: see settle() */
	struct budget budget[2]; /* in every check; in the long one */
};

extern struct world W;
extern const struct scenario *scenario;

/* machine.c */
extern unsigned int choice;  /* what the machine does next where it can */
extern unsigned int choices; /* set: how many it had */
extern bool blocked;	     /* set: it waits for a halt to be over */
void world_init(const struct scenario *s, const struct budget *b);
void machine_halt_begin(void);
void machine_halt_end(bool stuck);
void machine_halt_again(void);
void machine_destroy(void);
__attribute__((format(printf, 1, 2), noreturn)) void violated(const char *fmt,
							      ...);
#define must(property, cond) \
	do { \
		if (!(cond)) \
			violated("%s: %s", property, #cond); \
	} while (0)

/* One of n ways, all of which are explored. */
unsigned int pick(unsigned int n);
uint64_t address(unsigned int unit);
units_t units_of(uint32_t kind, uint64_t start, uint64_t bytes);
units_t units_of_lease(const struct cok_lease *l);
/* What was agreed to. */
units_t units_given(const struct cok_res *r);
units_t units_of_txn(const struct cok_txn *t);
units_t units_of_ck(const struct cok_ck_txn *t);
/* May the enclave touch it now, as far as the hardware is concerned? */
bool touched(unsigned int unit);
bool proved_dead(void);
struct cok_lease *lease_of(uint32_t id);
void move_lease(struct cok_lease *l, uint32_t to, uint64_t txid);
/* The lease of each unit. */
struct map {
	struct cok_lease *of[ALL];
};
struct map map_leases(void);

/* host.c */
extern const struct cok_txn_ops host_ops;
extern const struct cok_host_notes host_notes;

/* cokernel.c */
extern const struct cok_ck_ops ck_ops;
/* The ways of the co-kernel to answer: what it is ready to give or take. */
#define WAYS 6
extern units_t ways[WAYS];

/* properties.c */
/* After each event: everything that must always be true. */
void check_invariants(void);
/* Nothing more will happen, and all was fair: do both ends agree? */
void check_agreement(void);

/* events.c */
enum kind {
	EV_JOB,
	EV_RELEASE_JOB,
	EV_TO_CK,
	EV_TO_HOST,
	EV_LOSE,
	EV_DOUBLE,
	EV_DELAY,
	EV_GHOST,
	EV_HOST_POLL,
	EV_CK_POLL,
	EV_TICK,
	EV_HALT_BEGIN,
	EV_HALT_OK,
	EV_HALT_STUCK,
	EV_HALT_AGAIN,
	EV_CRASH,
	EV_REQUEST,
	EV_CANCEL,
	EV_DENY,
	EV_RELEASE,
	EV_KINDS,
};

struct event {
	uint8_t kind, arg;
};
#define EVENTS 128
unsigned int list_events(struct event *ev);
bool goes_on(const struct event *ev, unsigned int n);
const char *event_name(enum kind kind);
void do_event(const struct event *ev);
void print_event(const struct event *ev);
/* Deterministically, without any more faults, to the end. */
void fair_end(void);

/* The way to where it is: explore.c's or random.c's. */
void print_trace(void);

/* explore.c */
struct counts {
	uint64_t states, transitions, ends;
	unsigned int depth;
};
void explore(struct counts *c);

#endif /* MODEL_H */
