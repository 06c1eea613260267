/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model checker for both ends of the protocol: the C of module/core/, run in
 * all orders that host, co-kernel and channel allow, to a bound.
 *
 * machine.c   what the ends' operations do to a small machine, and what must be
 *             true of it at any time
 * events.c    everything that can happen next
 * explore.c   each state once
 * scenarios.c what is explored, and how far
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

#define UNITS	 3     /* of memory, each a granule */
#define CORE	 UNITS /* the unit that is the core that moves */
#define ALL	 (UNITS + 1)
#define LEASES	 4 /* as many as there can be */
#define CHANNEL	 4 /* messages in one direction */
#define RESERVED 1 /* of these, for COMMIT and ABORT, DECLINE and DONE */
#define JOBS	 3
#define GHOSTS	 2
#define TXNS	 (JOBS + 2) /* txids: 1.. */
#define NOW	 1000	    /* always: later times come nearer instead */
#define TIMEOUT	 8
#define REPEAT	 4
#define ENCLAVE	 1
#define EPOCH	 7

#define MEM_BASE (16 * COK_CONTIG_UNIT)
#define APIC_ID	 5
#define SLOT	 1

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
	uint8_t running;    /* the core executes the enclave's code */
	uint8_t core_stuck; /* it did not answer INIT */
	uint8_t boot_stuck;
	uint8_t clean[ALL]; /* scrubbed since an enclave knew of it */

	uint8_t halting, halt_over, quarantined, crashed;

	/* For the properties: what was decided, what each end has moved. */
	uint8_t decided[TXNS + 1]; /* by txid: COMMIT or ABORT */
	uint8_t given[TXNS + 1];   /* units, as the host committed them */
	uint8_t release_answer;	   /* COK_ANSWER_* */
	uint8_t request_end[2];	   /* host's, co-kernel's: COK_ANSWER_* */
	uint8_t request_number;
};

/* What a job of a scenario does. */
struct plan {
	uint16_t ask;	  /* COK_MSG_OFFER or RECALL; 0: no more jobs */
	uint8_t units;	  /* mask */
	uint8_t want_mem; /* units; 0: all */
	bool best_effort;
	bool for_request; /* for request number 1 */
};

struct scenario {
	const char *name;
	struct plan plan[JOBS];
	uint8_t held;		 /* units that the enclave has at first */
	bool concurrent;	 /* jobs beside each other */
	uint8_t release_mask;	 /* what the co-kernel may give back */
	bool parts;		 /* the co-kernel may answer in parts */
	struct budget budget[2]; /* in every check; in the long one */
};

extern struct world W;
extern const struct scenario *scenario;

/* machine.c */
extern unsigned int choice;  /* what the machine does next where it can */
extern unsigned int choices; /* set: how many it had */
extern const struct cok_txn_ops host_ops;
void world_init(const struct scenario *s, const struct budget *b);
/* After each event: everything that must always be true. */
void check_invariants(void);
/* Nothing more will happen, and all was fair: do both ends agree? */
void check_agreement(void);
void machine_halt_begin(void);
void machine_halt_end(bool stuck);
void machine_halt_again(void);
void machine_destroy(void);
bool proved_dead(void);
__attribute__((format(printf, 1, 2), noreturn)) void violated(const char *fmt,
							      ...);
#define must(property, cond) \
	do { \
		if (!(cond)) \
			violated("%s: %s", property, #cond); \
	} while (0)

/* events.c */
struct event {
	uint8_t kind, arg;
};
#define EVENTS 64
unsigned int list_events(struct event *ev);
bool goes_on(const struct event *ev, unsigned int n);
void do_event(const struct event *ev);
void print_event(const struct event *ev);
/* Deterministically, without any more faults, to the end. */
void fair_end(void);

/* explore.c */
struct counts {
	uint64_t states, transitions, ends;
	unsigned int depth;
};
void explore(struct counts *c);
void print_trace(void);

#endif /* MODEL_H */
