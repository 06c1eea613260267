// SPDX-License-Identifier: GPL-2.0
/* Small files of sysfs and procfs: reads, and writes that cannot hang us. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

#define PATH_SIZE  512
#define KILL_LIMIT 10000 /* ms: the kernel looks for signals page by page */

int lc_read(const char *root, char *buf, size_t size, const char *fmt, ...)
{
	char path[PATH_SIZE];
	size_t used = 0;
	va_list ap;
	ssize_t n;
	int fd, code;

	snprintf(path, sizeof(path), "%s/", root);
	used = strlen(path);
	va_start(ap, fmt);
	vsnprintf(path + used, sizeof(path) - used, fmt, ap);
	va_end(ap);
	fd = open(path, O_RDONLY | O_CLOEXEC);
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

/*
 * The child: its answer is the errno, through the pipe.
 *
 * It inherits the netlink socket, so that an operation lasts as long as its
 * child is in the kernel, even if the parent died: otherwise whoever recovers
 * would call a block home that is about to go offline. Bringing one online
 * may be done twice, so there the operation ends with the parent.
 */
static void write_word(const char *path, const char *word, int answer,
		       pid_t parent)
{
	size_t len = strlen(word);
	int fd, code = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	if (strcmp(word, "offline")) {
		if (dup2(answer, 0) < 0 || close_range(1, ~0U, 0))
			_exit(1);
		answer = 0;
	}
	errno = 0; /* a short write sets none */
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, word, len) != (ssize_t)len)
		code = errno ? errno : EIO;
	if (write(answer, &code, sizeof(code)) < 0)
		_exit(1);
	_exit(0);
}

/* Forks with all signals blocked, so that only SIGKILL ends the child. */
static pid_t start_writer(const char *path, const char *word, int pipefd[2])
{
	pid_t pid, self = getpid();
	sigset_t all, old;

	if (pipe2(pipefd, O_CLOEXEC))
		return -1;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	pid = fork();
	if (!pid)
		write_word(path, word, pipefd[1], self);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(pipefd[1]);
	if (pid < 0)
		close(pipefd[0]);
	return pid;
}

/* 1: the child has answered, 0: it ended without, -1: time is up. */
static int await(int fd, unsigned int limit, int *code)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t deadline = lc_now() + limit;

	while (poll(&p, 1, lc_left(deadline)) < 1)
		if (!lc_left(deadline))
			return -1;
	return read(fd, code, sizeof(*code)) == sizeof(*code);
}

int lc_write_limited(const char *root, const char *path, const char *word,
		     unsigned int limit)
{
	char full[PATH_SIZE];
	int pipefd[2], code = 0, ret;
	pid_t pid;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	pid = start_writer(full, word, pipefd);
	if (pid < 0)
		return errno;
	ret = await(pipefd[0], limit, &code);
	if (ret < 0) {
		kill(pid, SIGKILL);
		ret = await(pipefd[0], KILL_LIMIT, &code);
	}
	close(pipefd[0]);
	if (ret < 0)
		return EDEADLK; /* stuck in the kernel; init will reap it */
	waitpid(pid, NULL, 0);
	return ret ? code : ETIMEDOUT;
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
