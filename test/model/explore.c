// SPDX-License-Identifier: GPL-2.0
/*
 * Depth first through all states, each once. A state that was seen is known by
 * 128 bits of hash; for the chance that two of n states have the same, see
 * below: 2^-77 for 2^25 of them.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "model.h"

#define DEPTH 4096

struct frame {
	struct world state;
	struct event ev[EVENTS];
	unsigned int nr;
	unsigned int at, way; /* what led to the frame above */
	unsigned int next_at, next_way;
};

static struct frame *stack;
static unsigned int depth;

/* ---- states that were seen ---------------------------------------------------- */

struct key {
	uint64_t a, b;
};

static struct key *table;
static uint64_t slots, used;

static struct key *map(uint64_t n)
{
	void *p = mmap(NULL, n * sizeof(struct key), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	return p;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	__uint128_t m = (__uint128_t)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static struct key hash(const struct world *w)
{
	const uint64_t *p = (const uint64_t *)w;
	struct key k = { 0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f };

	_Static_assert(sizeof(*w) % 8 == 0, "in words");
	for (size_t i = 0; i < sizeof(*w) / 8; i++) {
		k.a = mix(k.a ^ p[i], 0xa0761d6478bd642f ^ i << 1);
		k.b = mix(k.b ^ p[i] ^ 0x589965cc75374cc3,
			  0xe7037ed1a0b428db ^ i << 9);
	}
	k.a |= !k.a; /* 0 is an empty slot */
	return k;
}

static bool insert(struct key k)
{
	uint64_t i = k.a & (slots - 1);

	for (; table[i].a; i = (i + 1) & (slots - 1))
		if (table[i].a == k.a && table[i].b == k.b)
			return false;
	table[i] = k;
	used++;
	return true;
}

static void grow(void)
{
	struct key *old = table;
	uint64_t n = slots;

	slots = n ? 2 * n : 1 << 18;
	table = map(slots);
	used = 0;
	for (uint64_t i = 0; i < n; i++)
		if (old[i].a)
			insert(old[i]);
	if (old)
		munmap(old, n * sizeof(*old));
}

static bool is_new(void)
{
	if (used * 5 >= slots * 3)
		grow();
	return insert(hash(&W));
}

/* ---- the search ------------------------------------------------------------------ */

void print_trace(void)
{
	for (unsigned int i = 0; i < depth; i++) {
		printf("# %3u  ", i);
		print_event(&stack[i].ev[stack[i].at]);
		if (stack[i].way)
			printf(" [way %u]", stack[i].way);
		printf("\n");
	}
}

static void push(struct counts *c)
{
	struct frame *f = &stack[depth];

	if (depth + 1 >= DEPTH) {
		printf("# too deep\n");
		exit(2);
	}
	f->state = W;
	f->nr = list_events(f->ev);
	f->next_at = f->next_way = 0;
	depth++;
	if (depth > c->depth)
		c->depth = depth;
	c->states++;
	if (goes_on(f->ev, f->nr))
		return;
	/*
	 * Nothing is under way: does it come to a good end? What else can still
	 * be done to it is explored after that.
	 */
	c->ends++;
	depth--; /* the trace is what led here */
	fair_end();
	depth++;
}

/* The next event of the frame on top; false if there are no more. */
static bool step(struct frame *f, struct counts *c)
{
	if (f->next_at >= f->nr)
		return false;
	W = f->state;
	f->at = f->next_at;
	f->way = f->next_way;
	choice = f->way;
	choices = 1;
	blocked = false;
	do_event(&f->ev[f->at]);
	c->transitions++;
	if (f->way + 1 < choices) {
		f->next_way++;
	} else {
		f->next_at++;
		f->next_way = 0;
	}
	if (!blocked && is_new())
		push(c);
	return true;
}

void explore(struct counts *c)
{
	memset(c, 0, sizeof(*c));
	if (!stack)
		stack = calloc(DEPTH, sizeof(*stack));
	if (table)
		munmap(table, slots * sizeof(*table));
	table = NULL;
	slots = used = depth = 0;
	grow();
	is_new();
	push(c);
	while (depth)
		if (!step(&stack[depth - 1], c))
			depth--;
}
