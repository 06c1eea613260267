// SPDX-License-Identifier: GPL-2.0
/* Small files of sysfs and procfs: reads, and writes that cannot hang us. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

#define PATH_SIZE    512
#define CANCEL_LIMIT 10000 /* ms: the kernel looks for signals page by page */

int lc_read_at(int dir, char *buf, size_t size, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC), code;
	size_t used = 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	for (used = 0; used < size - 1; used += (size_t)n) {
		n = read(fd, buf + used, size - 1 - used);
		if (n <= 0)
			break;
	}
	code = used < size - 1 && n < 0 ? errno : 0;
	close(fd);
	if (code) {
		errno = code;
		return -1;
	}
	while (used && buf[used - 1] == '\n')
		used--;
	buf[used] = '\0';
	return 0;
}

int lc_read(const char *root, char *buf, size_t size, const char *fmt, ...)
{
	char path[PATH_SIZE];
	size_t used;
	va_list ap;

	snprintf(path, sizeof(path), "%s/", root);
	used = strlen(path);
	va_start(ap, fmt);
	vsnprintf(path + used, sizeof(path) - used, fmt, ap);
	va_end(ap);
	return lc_read_at(AT_FDCWD, buf, size, path);
}

/*
 * The write is made by a thread, because memory blocks can keep it in the kernel
 * without end until a signal comes; pthread_cancel() sends one.
 *
 * As part of this process it holds on to the netlink socket: if the process is
 * killed, the operation lasts until the thread has left the kernel. Otherwise
 * whoever recovers would call a block home that is about to go offline.
 */
struct writer {
	char path[PATH_SIZE];
	const char *word;
	int fd;
	int code; /* an errno; -1: not done */
};

static void *write_word(void *arg)
{
	struct writer *w = arg;
	size_t len = strlen(w->word);
	int code = 0;

	errno = 0; /* a short write sets none */
	w->fd = open(w->path, O_WRONLY | O_CLOEXEC);
	if (w->fd < 0 || write(w->fd, w->word, len) != (ssize_t)len)
		code = errno ? errno : EIO;
	w->code = code;
	return NULL;
}

/* With all signals blocked: the process's are for its own threads. */
static int start_writer(pthread_t *thread, struct writer *w)
{
	sigset_t all, old;
	int code;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	code = pthread_create(thread, NULL, write_word, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return code;
}

/* Did it end within that many ms? */
static bool await(pthread_t thread, unsigned int limit)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += limit / 1000;
	t.tv_nsec += (long)(limit % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return !pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &t);
}

int lc_write_limited(const char *root, const char *path, const char *word,
		     unsigned int limit)
{
	struct writer *w = malloc(sizeof(*w));
	pthread_t thread;
	bool in_time;
	int code;

	if (!w)
		return ENOMEM;
	*w = (struct writer){ .word = word, .fd = -1, .code = -1 };
	snprintf(w->path, sizeof(w->path), "%s/%s", root, path);
	code = start_writer(&thread, w);
	if (code) {
		free(w);
		return code;
	}
	in_time = await(thread, limit);
	if (!in_time) {
		pthread_cancel(thread);
		if (!await(thread, CANCEL_LIMIT)) {
			/* Stuck in the kernel: *w stays for it. */
			pthread_detach(thread);
			return EDEADLK;
		}
	}
	code = w->code < 0 ? ETIMEDOUT : w->code;
	if (w->fd >= 0)
		close(w->fd);
	free(w);
	return code;
}

FILE *lc_gunzip(const char *path)
{
	int pipefd[2];
	pid_t pid;
	FILE *f;

	if (access(path, R_OK) || pipe2(pipefd, O_CLOEXEC))
		return NULL;
	/* Twice, so that nobody need wait for it. */
	pid = fork();
	if (!pid) {
		if (fork())
			_exit(0);
		if (dup2(pipefd[1], STDOUT_FILENO) >= 0)
			execl("/bin/gzip", "gzip", "-dc", path, NULL);
		_exit(127);
	}
	close(pipefd[1]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	f = pid > 0 ? fdopen(pipefd[0], "r") : NULL;
	if (!f)
		close(pipefd[0]);
	return f;
}
