// SPDX-License-Identifier: GPL-2.0
/* Everything that can happen next, and what does when all is fair. */
#include "model.h"

static const char *const names[] = {
	[EV_JOB] = "the host's job goes on",
	[EV_RELEASE_JOB] = "the host takes a RELEASE",
	[EV_TO_CK] = "the co-kernel reads a message",
	[EV_TO_HOST] = "the host reads a message",
	[EV_LOSE] = "a message is lost",
	[EV_DOUBLE] = "a message is read, and will come again",
	[EV_DELAY] = "a message is delayed",
	[EV_GHOST] = "a message comes late",
	[EV_HOST_POLL] = "the host looks at the time",
	[EV_CK_POLL] = "the co-kernel goes on",
	[EV_TICK] = "time passes",
	[EV_HALT_BEGIN] = "the enclave is being killed",
	[EV_HALT_OK] = "all its cores are parked",
	[EV_HALT_STUCK] = "a core does not answer INIT",
	[EV_HALT_AGAIN] = "now all its cores are parked",
	[EV_CRASH] = "the co-kernel reads nothing any more",
	[EV_REQUEST] = "the co-kernel makes a REQUEST",
	[EV_CANCEL] = "the co-kernel cancels it",
	[EV_DENY] = "the host denies it",
	[EV_RELEASE] = "the co-kernel gives back",
};

/* ---- what is possible ------------------------------------------------------------ */

static bool ck_lives(void)
{
	return !W.crashed && !W.halt_over;
}

static bool is_active(const struct job *j)
{
	return j->pc != PC_IDLE && j->pc != PC_OVER;
}

static bool another_is_active(const struct job *j)
{
	if (scenario->concurrent)
		return false;
	for (unsigned int i = 0; i < JOBS; i++)
		if (&W.job[i] != j && is_active(&W.job[i]))
			return true;
	return &W.release != j && is_active(&W.release);
}

/* The number of one, or 0. */
static uint64_t waiting_request(void)
{
	for (unsigned int i = 0; i < COK_REQUESTS; i++)
		if (W.host.requests.waiting[i].number)
			return W.host.requests.waiting[i].number;
	return 0;
}

static bool job_can_go_on(unsigned int i)
{
	const struct plan *p = &scenario->plan[i];
	struct job *j = &W.job[i];

	if (!p->ask || j->pc == PC_OVER)
		return false;
	if (j->pc == PC_WAIT)
		return !cok_txn_waiting(&j->txn);
	if (j->pc != PC_IDLE)
		return true;
	/* In order: the second begins once the first has begun. */
	if (i && W.job[i - 1].pc == PC_IDLE)
		return false;
	if (p->for_request && !waiting_request())
		return false;
	return !another_is_active(j);
}

static bool release_can_go_on(void)
{
	if (W.release.pc == PC_SETTLE)
		return true;
	return W.host.requests.release.state == COK_RELEASE_READY &&
	       !W.host.ended && !another_is_active(&W.release);
}

static bool free_ghost(void)
{
	for (unsigned int i = 0; i < GHOSTS; i++)
		if (!W.ghost[i].used)
			return true;
	return false;
}

static void sooner(uint64_t *next, uint64_t t)
{
	if (t > NOW && t < *next)
		*next = t;
}

/* The next time at which anything is due that is not yet. */
static uint64_t next_time(void)
{
	uint64_t next = COK_NEVER;

	for (unsigned int i = 0; i < COK_HOST_OPEN; i++)
		if (W.host.open[i] && cok_txn_waiting(W.host.open[i])) {
			sooner(&next, W.host.open[i]->query);
			sooner(&next, W.host.open[i]->deadline);
		}
	for (unsigned int i = 0; i < COK_HOST_KEPT; i++)
		sooner(&next, W.host.kept[i].again);
	for (unsigned int i = 0; ck_lives() && i < COK_CK_OPEN; i++) {
		sooner(&next, W.ck.open[i].again);
		sooner(&next, W.ck.open[i].deadline);
	}
	for (unsigned int i = 0; ck_lives() && i < COK_CK_ASKS; i++)
		sooner(&next, W.ck.ask[i].again);
	return next;
}

/* Whenever time passes it looks, too; but a deadline can be past at once. */
static bool host_is_due(void)
{
	return cok_host_next(&W.host) <= NOW;
}

static bool ck_is_due(void)
{
	return ck_lives() && cok_ck_next(&W.ck, NOW) <= NOW;
}

struct list {
	struct event *ev;
	unsigned int n;
};

static void add(struct list *l, bool possible, enum kind kind, unsigned int arg)
{
	if (possible)
		l->ev[l->n++] = (struct event){ kind, arg };
}

static void list_channel(struct list *l, unsigned int to_host)
{
	const struct channel *c = to_host ? &W.c2h : &W.h2c;

	if (!c->n)
		return;
	if (to_host || ck_lives())
		add(l, true, to_host ? EV_TO_HOST : EV_TO_CK, 0);
	else
		return;
	if (!W.left.faults)
		return;
	add(l, true, EV_LOSE, to_host);
	add(l, free_ghost(), EV_DOUBLE, to_host);
	add(l, free_ghost(), EV_DELAY, to_host);
}

static void list_ends(struct list *l)
{
	bool live = !W.halting;
	bool held = true;

	add(l, live && W.left.kills, EV_HALT_BEGIN, 0);
	add(l, W.halting && !W.halt_over, EV_HALT_OK, 0);
	add(l, W.halting && !W.halt_over && W.left.stuck, EV_HALT_STUCK, 0);
	add(l, W.quarantined, EV_HALT_AGAIN, 0);
	add(l, ck_lives() && W.left.crashes, EV_CRASH, 0);
	if (!ck_lives())
		return;
	add(l, W.left.requests, EV_REQUEST, 0);
	for (unsigned int i = 0; i < COK_CK_ASKS; i++)
		add(l, W.left.cancels && W.ck.ask[i].number, EV_CANCEL, i);
	for (unsigned int u = 0; u < ALL; u++)
		if ((scenario->release >> u & 1) && W.unit[u] != HELD)
			held = false;
	add(l, W.left.releases && held, EV_RELEASE, 0);
}

unsigned int list_events(struct event *ev)
{
	struct list l = { ev, 0 };

	for (unsigned int i = 0; i < JOBS; i++)
		add(&l, job_can_go_on(i), EV_JOB, i);
	add(&l, release_can_go_on(), EV_RELEASE_JOB, 0);
	list_channel(&l, 0);
	list_channel(&l, 1);
	for (unsigned int i = 0; i < GHOSTS; i++)
		add(&l, W.ghost[i].used && (W.ghost[i].to_host || ck_lives()),
		    EV_GHOST, i);
	add(&l, host_is_due(), EV_HOST_POLL, 0);
	add(&l, ck_is_due(), EV_CK_POLL, 0);
	add(&l, W.left.ticks && next_time() != COK_NEVER, EV_TICK, 0);
	for (unsigned int i = 0; i < COK_REQUESTS; i++)
		add(&l, W.left.denials && W.host.requests.waiting[i].number,
		    EV_DENY, i);
	list_ends(&l);
	return l.n;
}

/* Does it happen by itself, if nothing goes wrong and nobody wants anything? */
bool goes_on(const struct event *ev, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		switch (ev[i].kind) {
		case EV_HALT_BEGIN:
		case EV_HALT_AGAIN:
		case EV_CRASH:
		case EV_REQUEST:
		case EV_CANCEL:
		case EV_DENY:
		case EV_RELEASE:
			break;
		default:
			return true;
		}
	return false;
}

/* ---- jobs -------------------------------------------------------------------------- */

/* What the plan names, as far as it is there: as libcoord picks leases. */
static void list_leases(const struct plan *p, struct cok_txn *t)
{
	uint32_t state = p->ask == COK_MSG_OFFER ? COK_LS_POOLED
						 : COK_LS_GRANTED;

	for (unsigned int i = 0; i < LEASES && t->total < COK_TXN_RES; i++) {
		struct cok_lease *l = &W.lease[i];

		if (l->id && l->state == state &&
		    !(units_of_lease(l) & ~p->units))
			t->res[t->total++].lease = l->id;
	}
}

static void job_prepare(struct job *j, const struct plan *p)
{
	memset(&j->txn, 0, sizeof(j->txn));
	j->txn.ask = p->ask;
	j->txn.best_effort = p->best_effort;
	j->txn.want_mem = p->want_mem * COK_CONTIG_UNIT;
	j->txn.want_cpus = p->want_cpus;
	j->txn.request = p->for_request ? waiting_request() : 0;
	j->txn.deadline = NOW + TIMEOUT;
	j->txn.deadline_tsc = NOW + TIMEOUT;
	list_leases(p, &j->txn);
	if (!j->txn.total) {
		j->pc = PC_OVER;
		return;
	}
	j->txn.txid = ++W.last_txid;
	j->pc = cok_txn_stage(&j->txn, &host_ops, NULL) ? PC_SETTLE : PC_BEGIN;
}

static bool settle_step(struct job *j)
{
	if (cok_txn_settle(&j->txn, &host_ops, NULL))
		return true;
	memset(j, 0, sizeof(*j));
	j->pc = PC_OVER;
	return false;
}

/*
 * What is decided is carried out step by step, because a halt can come between
 * any two. If none does, the steps are seen by nobody: all at once. The way says
 * after how many a halt begins (0: none), and what the machine does.
 */
static void settle(struct job *j)
{
	unsigned int way = choice, steps = 0;

	if (W.halting || scenario->stepwise) {
		settle_step(j);
		return;
	}
	choice = way % 2;
	while (settle_step(j)) {
		steps++;
		check_invariants();
		if (way / 2 == steps) {
			W.left.kills--;
			machine_halt_begin();
			break;
		}
	}
	choices = W.left.kills ? 2 * (steps + 1) : 2;
	choice = way;
}

static void job_step(unsigned int i)
{
	struct job *j = &W.job[i];

	switch (j->pc) {
	case PC_IDLE:
		job_prepare(j, &scenario->plan[i]);
		break;
	case PC_BEGIN:
		j->pc = cok_host_begin(&W.host, &j->txn, NOW) ? PC_SETTLE
							      : PC_WAIT;
		break;
	case PC_WAIT:
		cok_host_decide(&W.host, &j->txn, NOW);
		j->pc = PC_SETTLE;
		break;
	default:
		settle(j);
	}
}

static void release_step(void)
{
	struct job *j = &W.release;

	if (j->pc == PC_SETTLE) {
		settle(j);
		return;
	}
	if (!cok_host_release(&W.host, &j->txn))
		return;
	j->txn.why = COK_WHY_NONE;
	cok_host_released(&W.host, &j->txn,
			  cok_txn_stage(&j->txn, &host_ops, NULL));
	j->pc = PC_SETTLE;
}

/* ---- messages ------------------------------------------------------------------------ */

static struct cok_msg take(struct channel *c)
{
	struct cok_msg m = c->msg[0];

	c->n--;
	memmove(c->msg, c->msg + 1, c->n * sizeof(m));
	memset(&c->msg[c->n], 0, sizeof(m));
	return m;
}

static void deliver(const struct cok_msg *m, bool to_host)
{
	if (to_host)
		cok_host_message(&W.host, m, NOW);
	else
		cok_ck_message(&W.ck, m, NOW);
}

static void make_ghost(const struct cok_msg *m, bool to_host)
{
	for (unsigned int i = 0; i < GHOSTS; i++)
		if (!W.ghost[i].used) {
			W.ghost[i] = (struct ghost){ true, to_host, *m };
			return;
		}
}

static void fault(enum kind kind, bool to_host)
{
	struct cok_msg m = take(to_host ? &W.c2h : &W.h2c);

	W.left.faults--;
	if (kind != EV_LOSE)
		make_ghost(&m, to_host);
	if (kind == EV_DOUBLE)
		deliver(&m, to_host);
}

static void ghost(unsigned int i)
{
	struct ghost g = W.ghost[i];

	memset(&W.ghost[i], 0, sizeof(g));
	deliver(&g.msg, g.to_host);
}

/* ---- time ------------------------------------------------------------------------------ */

static void nearer(__u64 *t, uint64_t by)
{
	if (*t == COK_NEVER)
		return;
	*t = *t > NOW + by ? *t - by : NOW;
}

static void message_nearer(struct cok_msg *m, uint64_t by)
{
	if (m->type == COK_MSG_OFFER || m->type == COK_MSG_RECALL)
		nearer(&m->arg0, by);
}

/* Up to what is due next; or not yet so far, or late. */
static uint64_t how_long(void)
{
	uint64_t by = next_time() - NOW;

	if (!scenario->stepwise)
		return by;
	return choice == 1 ? by / 2 + 1 : choice == 2 ? 3 * by : by;
}

static void tick(void)
{
	uint64_t by = how_long();

	for (unsigned int i = 0; i < JOBS; i++)
		if (is_active(&W.job[i])) {
			nearer(&W.job[i].txn.deadline, by);
			nearer(&W.job[i].txn.deadline_tsc, by);
			nearer(&W.job[i].txn.query, by);
		}
	for (unsigned int i = 0; i < COK_HOST_KEPT; i++)
		if (W.host.kept[i].txid)
			nearer(&W.host.kept[i].again, by);
	for (unsigned int i = 0; i < COK_CK_OPEN; i++)
		if (W.ck.open[i].state != COK_CK_TXN_FREE) {
			nearer(&W.ck.open[i].deadline, by);
			nearer(&W.ck.open[i].again, by);
		}
	for (unsigned int i = 0; i < COK_CK_ASKS; i++)
		if (W.ck.ask[i].number)
			nearer(&W.ck.ask[i].again, by);
	for (unsigned int i = 0; i < CHANNEL; i++) {
		message_nearer(&W.h2c.msg[i], by);
		message_nearer(&W.c2h.msg[i], by);
	}
	for (unsigned int i = 0; i < GHOSTS; i++)
		message_nearer(&W.ghost[i].msg, by);
	cok_host_poll(&W.host, NOW);
}

/* ---- doing it ------------------------------------------------------------------------------ */

/* Runs of granules, and cores. */
static void give_back(void)
{
	struct cok_res res[COK_TXN_RES + 1];
	units_t units = scenario->release;
	bool run = false;
	uint16_t n = 0;

	W.left.releases--;
	for (unsigned int u = 0; u < UNITS && n <= COK_TXN_RES; u++) {
		if (units >> u & 1 && !run)
			res[n++] = (struct cok_res){
				.kind = COK_RES_MEM,
				.granule = 21,
				.start = MEM_BASE + u * COK_CONTIG_UNIT,
			};
		run = units >> u & 1;
		if (run)
			res[n - 1].size += COK_CONTIG_UNIT;
	}
	for (unsigned int c = 0; c < CORES && n <= COK_TXN_RES; c++)
		if (units >> (CORE + c) & 1)
			res[n++] = (struct cok_res){ .kind = COK_RES_CPU,
						     .start = APIC_ID + c,
						     .size = SLOT + c };
	cok_ck_release(&W.ck, res, n, NOW);
}

static void request(void)
{
	W.left.requests--;
	if (scenario->stepwise && choice % 2)
		cok_ck_request(&W.ck, COK_RES_CPU, 1, COK_URGENCY_HIGH, NOW);
	else
		cok_ck_request(&W.ck, COK_RES_MEM, COK_CONTIG_UNIT,
			       COK_URGENCY_NORMAL, NOW);
}

static void ck_event(const struct event *ev)
{
	switch (ev->kind) {
	case EV_CRASH:
		W.left.crashes--;
		W.crashed = true;
		break;
	case EV_REQUEST:
		request();
		break;
	case EV_CANCEL:
		W.left.cancels--;
		cok_ck_cancel(&W.ck, W.ck.ask[ev->arg].number, NOW);
		break;
	default:
		give_back();
	}
}

static void host_event(const struct event *ev)
{
	switch (ev->kind) {
	case EV_HALT_BEGIN:
		W.left.kills--;
		machine_halt_begin();
		break;
	case EV_HALT_OK:
		machine_halt_end(false);
		break;
	case EV_HALT_STUCK:
		W.left.stuck--;
		machine_halt_end(true);
		break;
	case EV_HALT_AGAIN:
		machine_halt_again();
		break;
	default:
		W.left.denials--;
		cok_host_deny(&W.host, W.host.requests.waiting[ev->arg].number,
			      COK_WHY_REFUSED);
	}
}

/* What is only counted is no part of a state. */
static void forget(void)
{
	memset(&W.ck.count, 0, sizeof(W.ck.count));
	for (unsigned int i = 0; i < COK_REQUESTS; i++)
		W.host.requests.waiting[i].since = 0;
	if (!W.halting)
		return;
	/* The host does not look at what it says any more. */
	memset(&W.c2h, 0, sizeof(W.c2h));
	for (unsigned int i = 0; i < GHOSTS; i++)
		if (W.ghost[i].to_host || W.halt_over)
			memset(&W.ghost[i], 0, sizeof(W.ghost[i]));
	W.left.kills = W.left.ticks = 0;
	if (W.halt_over) {
		memset(&W.h2c, 0, sizeof(W.h2c));
		memset(&W.ck, 0, sizeof(W.ck));
		W.crashed = 0;
		W.left = (struct budget){ .stuck = W.left.stuck };
	}
}

void do_event(const struct event *ev)
{
	struct cok_msg m;

	switch (ev->kind) {
	case EV_JOB:
		job_step(ev->arg);
		break;
	case EV_RELEASE_JOB:
		release_step();
		break;
	case EV_TO_CK:
	case EV_TO_HOST:
		m = take(ev->kind == EV_TO_HOST ? &W.c2h : &W.h2c);
		deliver(&m, ev->kind == EV_TO_HOST);
		break;
	case EV_LOSE:
	case EV_DOUBLE:
	case EV_DELAY:
		fault(ev->kind, ev->arg);
		break;
	case EV_GHOST:
		ghost(ev->arg);
		break;
	case EV_HOST_POLL:
		cok_host_poll(&W.host, NOW);
		break;
	case EV_CK_POLL:
		cok_ck_poll(&W.ck, NOW);
		break;
	case EV_TICK:
		W.left.ticks--;
		tick();
		break;
	case EV_CRASH:
	case EV_REQUEST:
	case EV_CANCEL:
	case EV_RELEASE:
		ck_event(ev);
		break;
	default:
		host_event(ev);
	}
	forget();
	check_invariants();
}

const char *event_name(enum kind kind)
{
	return names[kind];
}

void print_event(const struct event *ev)
{
	printf("%s", names[ev->kind]);
	if (ev->kind == EV_JOB)
		printf(" (%u)", ev->arg);
	if (ev->kind >= EV_LOSE && ev->kind <= EV_DELAY)
		printf(" (to the %s)", ev->arg ? "host" : "co-kernel");
}

/* ---- the fair end ---------------------------------------------------------------------------- */

static bool drain(void)
{
	bool any = false;

	while (W.c2h.n) {
		do_event(&(struct event){ EV_TO_HOST, 0 });
		any = true;
	}
	while (W.h2c.n && ck_lives()) {
		do_event(&(struct event){ EV_TO_CK, 0 });
		any = true;
	}
	return any;
}

static bool go_on(void)
{
	bool any = drain();

	for (unsigned int i = 0; i < JOBS; i++)
		while (job_can_go_on(i)) {
			do_event(&(struct event){ EV_JOB, i });
			any = true;
		}
	while (release_can_go_on()) {
		do_event(&(struct event){ EV_RELEASE_JOB, 0 });
		any = true;
	}
	if (host_is_due()) {
		do_event(&(struct event){ EV_HOST_POLL, 0 });
		any = true;
	}
	if (ck_is_due()) {
		do_event(&(struct event){ EV_CK_POLL, 0 });
		any = true;
	}
	return any;
}

static bool any_job_is_active(void)
{
	for (unsigned int i = 0; i < JOBS; i++)
		if (is_active(&W.job[i]))
			return true;
	return is_active(&W.release);
}

static bool ask_waits(const struct cok_ck_ask *a)
{
	return !a->number || (a->queued && !a->cancelling &&
			      cok_requests_find(&W.host.requests, a->number));
}

/* Only a REQUEST waits, and that as long as people like. */
static bool at_rest(void)
{
	if (any_job_is_active() || cok_host_next(&W.host) != COK_NEVER ||
	    (W.h2c.n && ck_lives()) || W.c2h.n)
		return false;
	for (unsigned int i = 0; ck_lives() && i < COK_CK_OPEN; i++)
		if (W.ck.open[i].state != COK_CK_TXN_FREE)
			return false;
	for (unsigned int i = 0; ck_lives() && i < COK_CK_ASKS; i++)
		if (!ask_waits(&W.ck.ask[i]))
			return false;
	return true;
}

void fair_end(void)
{
	unsigned int rounds = 0;
	bool ended;

	choice = 0;
	memset(W.ghost, 0, sizeof(W.ghost));
	memset(&W.left, 0, sizeof(W.left));
	if (W.halting && !W.halt_over)
		machine_halt_end(false);
	do {
		/*
		 * A co-kernel that reads nothing is killed in the end. Jobs do
		 * not wait for that.
		 */
		if (W.crashed && !W.halting && rounds == ROUNDS / 2) {
			must("ends: a job, without an answer",
			     !any_job_is_active());
			machine_halt_begin();
			machine_halt_end(false);
			forget();
		}
		if (!go_on() && next_time() != COK_NEVER && !at_rest())
			tick();
		ended = at_rest();
		must("ends", rounds++ < ROUNDS);
	} while (!ended);
	check_agreement();
}
