// SPDX-License-Identifier: GPL-2.0
/* deals, request, cancel, release, work: negotiating with the host. */
#include "commands.h"
#include "format.h"
#include "mm.h"
#include "negotiate.h"
#include "string.h"
#include "words.h"
#include "work.h"

static u64 tsc_to_ms(u64 tsc)
{
	return tsc / boot.tsc_khz;
}

static void print_deal(const struct deal *e, u64 now)
{
	char request[32] = "";

	if (e->request)
		ck_format(request, sizeof(request), " for request %llu",
			  e->request);
	out("deal: %s %llu%s: asked %llu cores, %llu KiB; got %llu cores, "
	    "%llu KiB; %s, why %s; %llu ms, %llu s ago",
	    deal_ask_name(e->ask), e->number, request, e->cpus, e->mem / KIB,
	    e->got_cpus, e->got_mem / KIB, deal_end_name(e->end),
	    why_name(e->why), tsc_to_ms((e->ended ? e->ended : now) - e->begun),
	    tsc_to_ms(now - e->begun) / 1000);
}

static void print_asks(void)
{
	for (size_t i = 0; i < COK_CK_ASKS; i++) {
		u64 flags = irq_save();
		struct cok_ck_ask a = ck.ask[i];

		irq_restore(flags);
		if (a.number)
			out("waits: request %llu, %llu %s, urgency %u, %s",
			    a.number,
			    a.kind == COK_RES_CPU ? a.amount : a.amount / KIB,
			    a.kind == COK_RES_CPU ? "cores" : "KiB", a.urgency,
			    a.cancelling ? "being cancelled"
			    : a.queued	 ? "queued"
					 : "not answered");
	}
}

void cmd_deals(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (u32 i = 0; i < DEALS; i++) {
		u64 flags = irq_save();
		const struct deal *e = deals_get(&deals, i);
		struct deal copy = e ? *e : (struct deal){ 0 };

		irq_restore(flags);
		if (e)
			print_deal(&copy, rdtsc());
	}
	print_asks();
	out("deals: %llu in all", deals.count);
}

/* "cpu N" or "mem SIZE" in argv[1] and [2]. */
static bool arg_amount(int argc, char **argv, u32 *kind, u64 *amount)
{
	if (argc < 3)
		return false;
	if (!strcmp(argv[1], "cpu")) {
		*kind = COK_RES_CPU;
		return word_number(argv[2], amount) && *amount &&
		       *amount <= COK_MAX_CORES;
	}
	*kind = COK_RES_MEM;
	return !strcmp(argv[1], "mem") && word_size(argv[2], amount) && *amount;
}

static bool arg_urgency(const char *word, u32 *urgency)
{
	static const char *const names[] = {
		[COK_URGENCY_LOW] = "low",
		[COK_URGENCY_NORMAL] = "normal",
		[COK_URGENCY_HIGH] = "high",
	};

	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(word, names[i])) {
			*urgency = i;
			return true;
		}
	return false;
}

void cmd_request(int argc, char **argv)
{
	u32 kind, urgency = COK_URGENCY_NORMAL;
	u64 amount, number, flags;

	if (argc > 4 || !arg_amount(argc, argv, &kind, &amount) ||
	    (argc == 4 && !arg_urgency(argv[3], &urgency))) {
		out("usage: request cpu N | mem SIZE [low|normal|high]");
		return;
	}
	flags = irq_save();
	number = cok_ck_request(&ck, kind, amount, urgency, rdtsc());
	irq_restore(flags);
	if (number)
		out("request: number %llu", number);
	else
		out("request: %d wait already", COK_CK_ASKS);
}

void cmd_cancel(int argc, char **argv)
{
	u64 number, flags;
	bool ok;

	if (argc != 2 || !word_number(argv[1], &number)) {
		out("usage: cancel NUMBER");
		return;
	}
	flags = irq_save();
	ok = cok_ck_cancel(&ck, number, rdtsc());
	irq_restore(flags);
	if (!ok)
		out("cancel: no request %llu waits", number);
}

void cmd_release(int argc, char **argv)
{
	static struct cok_res list[COK_TXN_MAX_RES];
	u64 amount, number = 0, flags;
	u32 kind;
	u16 n;

	if (argc != 3 || !arg_amount(argc, argv, &kind, &amount)) {
		out("usage: release cpu N | mem SIZE");
		return;
	}
	flags = memory_lock();
	n = choose_release(kind, amount, list);
	if (n)
		number = cok_ck_release(&ck, list, n, rdtsc());
	memory_unlock(flags);
	if (number)
		out("release: number %llu, %u resources", number, n);
	else
		out("release: %s", n ? "one is under way" : "nothing to give");
}

void cmd_work(int argc, char **argv)
{
	u64 n = 0, seconds = 0;

	if (argc != 1 && (argc != 3 || !word_number(argv[1], &n) ||
			  !word_number(argv[2], &seconds) || n > WORK_MAX ||
			  seconds > 86400)) {
		out("usage: work [N SECONDS]");
		return;
	}
	if (n && !work_add((u32)n, ms_to_tsc(seconds * 1000)))
		out("work: there are too many already");
	work_print();
}
