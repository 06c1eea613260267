/* SPDX-License-Identifier: GPL-2.0 */
/* Between status.c and status_json.c. */
#ifndef STATUS_H
#define STATUS_H

#include "verbs.h"

#define HEARTBEAT_LIMIT 2000 /* ms without one: not responding */

extern const char *const counter_names[COK_N_COUNT];
bool core_responds(const struct coord_enclave *e, const struct coord_core *k);
int status_json(const struct coord_enclave *e, ssize_t n,
		const struct coord_lease *l, ssize_t nl, bool single);

#endif /* STATUS_H */
