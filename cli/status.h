/* SPDX-License-Identifier: GPL-2.0 */
/* Between status.c, status_json.c and crash.c. */
#ifndef STATUS_H
#define STATUS_H

#include "verbs.h"

#define HEARTBEAT_LIMIT 2000 /* ms without one: not responding */

/* All that status tells of. */
struct view {
	struct coord *c;
	struct coord_enclave *e;
	struct coord_lease *l;
	struct coord_cpu *cpu;
	ssize_t ne, nl, ncpu;
};

extern const char *const counter_names[COK_N_COUNT];
bool core_responds(const struct coord_enclave *e, const struct coord_core *k);
/* NULL if nothing is known of it. */
const struct coord_cpu *place_of(const struct view *v, uint32_t cpu);
void print_regs(const struct cok_regs *r);
int status_json(const struct view *v, bool single);

#endif /* STATUS_H */
