// SPDX-License-Identifier: GPL-2.0
/*
 * die-at.so - preloaded into cokctl, kills it at a chosen step.
 *
 *	DIE_AT="HOW CALL N" DIE_MARK=FILE LD_PRELOAD=die-at.so cokctl ...
 *
 * CALL is sendto (a request to the module that changes something; mere questions
 * do not count), pthread_create (of the thread that writes to sysfs) or write (what
 * it writes); N counts from 1. SIGKILL comes HOW the call is made: before or after.
 *
 * FILE is created first, to tell that it came to that.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <cok/genl.h>

static char how[16], call[16];
static unsigned int at;
static unsigned int count;

__attribute__((constructor)) static void set_up(void)
{
	const char *text = getenv("DIE_AT");

	if (!text || sscanf(text, "%15s %15s %u", how, call, &at) != 3) {
		fputs("die-at: DIE_AT is not HOW CALL N\n", stderr);
		_exit(126);
	}
}

static void *real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static void die(void)
{
	int fd = open(getenv("DIE_MARK"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		_exit(126);
	close(fd);
	kill(getpid(), SIGKILL);
}

/* Is this the step? If it is to end before the call, it does. */
static int reached(const char *name)
{
	if (strcmp(name, call) ||
	    __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST) != at)
		return 0;
	if (!strcmp(how, "before"))
		die();
	return !strcmp(how, "after");
}

static int question(const struct nlmsghdr *h)
{
	const struct genlmsghdr *g = NLMSG_DATA(h);

	return g->cmd == COK_CMD_INFO_GET || g->cmd == COK_CMD_ENCLAVE_GET ||
	       g->cmd == COK_CMD_LEASE_GET || g->cmd == COK_CMD_JOB_GET ||
	       g->cmd == COK_CMD_REQUEST_GET;
}

ssize_t sendto(int fd, const void *buf, size_t n, int flags,
	       const struct sockaddr *addr, socklen_t len)
{
	ssize_t (*next)(int, const void *, size_t, int, const struct sockaddr *,
			socklen_t) = real("sendto");
	int last = !question(buf) && reached("sendto");
	ssize_t ret = next(fd, buf, n, flags, addr, len);

	if (last)
		die();
	return ret;
}

ssize_t write(int fd, const void *buf, size_t n)
{
	ssize_t (*next)(int, const void *, size_t) = real("write");
	int last = reached("write");
	ssize_t ret = next(fd, buf, n);

	if (last)
		die();
	return ret;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
		   void *(*start)(void *), void *arg)
{
	int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
		    void *) = real("pthread_create");
	int last = reached("pthread_create");
	int ret = next(thread, attr, start, arg);

	if (last)
		die();
	return ret;
}
