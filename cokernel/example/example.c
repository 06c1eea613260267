/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A complete co-kernel, and a small one: says hello in the log, reports READY,
 * beats, answers PING, declines every offer and recall, says DONE to each
 * outcome, obeys STOP. Only include/cok/ is needed. It stays on the host's page
 * tables and polls with interrupts off; a real one brings its own #DF, NMI and
 * #MC handlers (boot.h, "A CO-KERNEL MUST"), page tables, and sleeps until the
 * doorbell rings.
 */
#include <cok/boot.h>
#include <cok/comm.h>
#include <cok/ring.h>

COK_IMAGE_NOTE; /* example.ld puts it where PT_NOTE points */

/* Entered without a stack, RDI = struct cok_boot. */
__asm__(".globl _start; _start: lea stack_top(%rip), %rsp; call example;"
	".bss; .balign 16; .skip 4096; stack_top: .text");

static struct cok_comm *comm;

static void *at(struct cok_region region)
{
	return (char *)comm + region.offset;
}

/* The first record of the log, so without a look at room and wrap-around. */
static void hello(void)
{
	struct cok_ring *ring = at(comm->log);
	struct cok_log_rec *rec = (struct cok_log_rec *)(ring + 1);

	*rec = (struct cok_log_rec){ __builtin_ia32_rdtsc(), 15, 0, 6 };
	__builtin_memcpy(rec + 1, "example: hello\n", 16);
	cok_ring_store(&ring->prod, sizeof(*rec) + 16);
}

static void send(__u16 type, __u64 txid)
{
	static __u32 sent; /* our position: kept here, not read back */
	struct cok_ring *ring = at(comm->c2h);
	struct cok_msg *slots = (struct cok_msg *)(ring + 1);

	if (cok_ring_room(sent, cok_ring_load(&ring->cons), COK_CTRL_SLOTS,
			  COK_CTRL_RESERVED) < 1)
		return;
	slots[sent % COK_CTRL_SLOTS] = (struct cok_msg){
		.seq = sent + 1,
		.txid = txid,
		.type = type,
		.epoch = comm->epoch,
		.status = type == COK_MSG_DECLINE ? COK_WHY_UNSUPPORTED : 0,
	};
	cok_ring_store(&ring->prod, ++sent); /* after the message */
}

/* Answers every message until STOP. */
static void serve(struct cok_ring *ring, struct cok_stats *stats)
{
	static const __u16 answers[] = {
		[COK_MSG_OFFER] = COK_MSG_DECLINE,
		[COK_MSG_RECALL] = COK_MSG_DECLINE,
		[COK_MSG_COMMIT] = COK_MSG_DONE,
		[COK_MSG_ABORT] = COK_MSG_DONE,
		[COK_MSG_PING] = COK_MSG_PONG,
		[COK_MSG_STOP] = COK_MSG_STOPPED,
		[COK_MSG_QUERY] = COK_MSG_DECLINE,
	};
	struct cok_msg msg = { 0 };

	for (__u32 taken = 0; msg.type != COK_MSG_STOP; stats->heartbeat++) {
		if (cok_ring_used(cok_ring_load(&ring->prod), taken,
				  COK_CTRL_SLOTS) < 1)
			continue;
		msg = ((struct cok_msg *)(ring + 1))[taken % COK_CTRL_SLOTS];
		cok_ring_store(&ring->cons, ++taken); /* after the copy */
		if (msg.epoch == comm->epoch && msg.index == 0 &&
		    msg.type <= COK_MSG_QUERY && answers[msg.type])
			send(answers[msg.type], msg.txid);
	}
}

__attribute__((used)) static void example(const struct cok_boot *boot)
{
	if (boot->magic != COK_BOOT_MAGIC || boot->abi_major != COK_ABI_MAJOR ||
	    boot->size < sizeof(*boot))
		__builtin_trap(); /* the host's IDT reports where */
	comm = (struct cok_comm *)boot->comm_phys; /* identity-mapped */
	comm->ck_state = COK_CK_RUNNING;
	hello();
	send(COK_MSG_READY, 0);
	serve(at(comm->h2c), at(comm->stats));
	comm->ck_state = COK_CK_STOPPED;
	for (;;)
		__asm__ volatile("cli; hlt");
}
