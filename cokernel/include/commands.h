/* SPDX-License-Identifier: GPL-2.0 */
/* The console's commands: each gets its words, its own name first. */
#ifndef CK_COMMANDS_H
#define CK_COMMANDS_H

#include "kernel.h"

/* A line of output. */
#define out(...) klog(LOG_INFO, __VA_ARGS__)

struct command {
	const char *name;
	const char *help;
	void (*run)(int argc, char **argv);
};

void cmd_mem(int argc, char **argv);
void cmd_memtest(int argc, char **argv);
void cmd_mark(int argc, char **argv);
void cmd_cpus(int argc, char **argv);
void cmd_run(int argc, char **argv);
void cmd_spin(int argc, char **argv);
void cmd_poll(int argc, char **argv);
void cmd_hang(int argc, char **argv);
void cmd_panic(int argc, char **argv);
void cmd_fault(int argc, char **argv);
void cmd_stats(int argc, char **argv);
void cmd_set(int argc, char **argv);
void cmd_threshold(int argc, char **argv);
void cmd_hold(int argc, char **argv);
void cmd_drop(int argc, char **argv);
void cmd_deals(int argc, char **argv);
void cmd_request(int argc, char **argv);
void cmd_cancel(int argc, char **argv);
void cmd_release(int argc, char **argv);
void cmd_work(int argc, char **argv);

/* argv[i] as a core slot that is online; else NULL, and it has been said. */
struct cpu *arg_core(int argc, char **argv, int i);

#endif /* CK_COMMANDS_H */
