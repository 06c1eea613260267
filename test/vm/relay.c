// SPDX-License-Identifier: GPL-2.0
/*
 * relay - starts QEMU and stands between its ports and the caller.
 *
 *	relay --result FILE --timeout SECONDS [--interactive] -- QEMU [ARG]...
 *
 * QEMU is handed three connected sockets as the character devices
 *
 *	job	a serial port: what the guest's command prints goes to stdout;
 *		with --interactive, stdin goes to the command
 *	ctl	a serial port: the requests of the guest's hmp program
 *	qmp	QEMU's machine protocol, always one JSON object a line
 *
 * A request on ctl is one line, "req NONCE TEXT". TEXT is a command for QEMU's
 * human monitor, or one of
 *
 *	@exit N			the guest's command has ended with status N
 *	@expect-reset		the reset that follows is the wanted end
 *	@expect-poweroff	so is the power-off that follows
 *
 * The answer is "answer NONCE STATUS LENGTH\n" and LENGTH bytes, in pieces of
 * at most CHUNK; the guest asks for each further piece with the line "more",
 * so that its tty buffer never overflows. A new request abandons an answer
 * that nobody fetches any more.
 *
 * The result file gets one line: "exit N", "expected", "missed" (the guest
 * ended in another way than it had announced), "reset", "poweroff", "timeout",
 * "interrupted" or "qemu N".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#define CHUNK	     4096
#define QUIT_SECONDS 10

enum port { JOB, CTL, QMP, NPORTS };
static const char *const port_name[NPORTS] = { "job", "ctl", "qmp" };

struct buffer {
	char *data;
	size_t len, size;
};

static int port_fd[NPORTS];
static struct buffer ctl_in, qmp_in;
static pid_t qemu;

static struct {
	char nonce[32]; /* of the request being answered; empty: none */
	char *text;
	size_t len, sent;
} answer;

static char expected[16];    /* "reset" or "poweroff", as the guest announced */
static char ended[16];	     /* what QEMU says happened */
static int exit_status = -1; /* of the guest's command */

static volatile sig_atomic_t stop_signal;
static int wake_pipe[2];

static void die(const char *what)
{
	fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void on_signal(int sig)
{
	int saved = errno;

	if (!stop_signal)
		stop_signal = sig;
	/* A full pipe wakes poll() just as well. */
	if (write(wake_pipe[1], "", 1) < 0)
		errno = saved;
}

static void catch_signals(long timeout)
{
	/* The alarm repeats, so that a write() it just missed ends as well. */
	struct itimerval timer = { { 1, 0 }, { timeout, 0 } };
	struct sigaction act = { .sa_handler = on_signal };
	const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM };

	if (pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK))
		die("pipe");
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		sigaction(caught[i], &act, NULL);
	signal(SIGPIPE, SIG_IGN);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static bool write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR && !stop_signal)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= n;
	}
	return true;
}

/* What is written to a port is small next to a socket's buffer: never blocks. */
static void port_printf(enum port port, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void port_printf(enum port port, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		die("vasprintf");
	write_all(port_fd[port], text, len);
	free(text);
}

static void qmp_send(const char *command, const char *id, const char *line)
{
	cJSON *msg = cJSON_CreateObject();
	char *text;

	cJSON_AddStringToObject(msg, "execute", command);
	if (id)
		cJSON_AddStringToObject(msg, "id", id);
	if (line) {
		cJSON *args = cJSON_AddObjectToObject(msg, "arguments");

		cJSON_AddStringToObject(args, "command-line", line);
	}
	text = cJSON_PrintUnformatted(msg);
	if (!text)
		die("cJSON");
	port_printf(QMP, "%s\n", text);
	free(text);
	cJSON_Delete(msg);
}

static void answer_continue(void)
{
	size_t left = answer.len - answer.sent;
	size_t n = left < CHUNK ? left : CHUNK;

	if (n)
		write_all(port_fd[CTL], answer.text + answer.sent, n);
	answer.sent += n;
}

static void answer_start(int status, const char *text)
{
	free(answer.text);
	answer.text = strdup(text);
	if (!answer.text)
		die("strdup");
	answer.len = strlen(text);
	answer.sent = 0;
	port_printf(CTL, "answer %s %d %zu\n", answer.nonce, status,
		    answer.len);
	answer_continue();
}

/* A request to the relay itself. */
static void own_request(const char *text)
{
	int status;

	if (sscanf(text, "@exit %d", &status) == 1) {
		exit_status = status & 0xff;
		qmp_send("quit", NULL, NULL);
		alarm(QUIT_SECONDS);
		return;
	}
	if (!strcmp(text, "@expect-reset") ||
	    !strcmp(text, "@expect-poweroff")) {
		snprintf(expected, sizeof(expected), "%s",
			 text + strlen("@expect-"));
		answer_start(0, "");
		return;
	}
	answer_start(2, "unknown request\n");
}

static void ctl_line(char *line)
{
	int at = 0;

	if (!strcmp(line, "more")) {
		answer_continue();
		return;
	}
	if (sscanf(line, "req %31s %n", answer.nonce, &at) != 1 || !at)
		return; /* line noise, or the rest of an abandoned request */
	answer.len = answer.sent = 0;
	if (line[at] == '@')
		own_request(line + at);
	else
		qmp_send("human-monitor-command", answer.nonce, line + at);
}

static void qmp_event(const cJSON *msg, const char *event)
{
	const cJSON *data = cJSON_GetObjectItem(msg, "data");
	const char *reason =
		cJSON_GetStringValue(cJSON_GetObjectItem(data, "reason"));

	if (strcmp(event, "SHUTDOWN") || !reason)
		return;
	if (!strcmp(reason, "guest-reset"))
		strcpy(ended, "reset");
	else if (!strcmp(reason, "guest-shutdown"))
		strcpy(ended, "poweroff");
}

static void qmp_line(char *line)
{
	cJSON *msg = cJSON_Parse(line);
	const char *event =
		cJSON_GetStringValue(cJSON_GetObjectItem(msg, "event"));
	const char *id = cJSON_GetStringValue(cJSON_GetObjectItem(msg, "id"));
	const cJSON *error = cJSON_GetObjectItem(msg, "error");

	if (cJSON_HasObjectItem(msg, "QMP")) {
		qmp_send("qmp_capabilities", NULL, NULL);
	} else if (event) {
		qmp_event(msg, event);
	} else if (id && !strcmp(id, answer.nonce)) {
		const cJSON *text = error ? cJSON_GetObjectItem(error, "desc")
					  : cJSON_GetObjectItem(msg, "return");
		const char *string = cJSON_GetStringValue(text);

		answer_start(error ? 1 : 0, string ? string : "");
	}
	cJSON_Delete(msg);
}

/* Reads what is there and calls @handle for each whole line. False at EOF. */
static bool read_lines(int fd, struct buffer *in, void (*handle)(char *))
{
	char *line, *end;
	ssize_t n;

	if (in->size - in->len < CHUNK) {
		in->size = 2 * in->size + 2 * CHUNK;
		in->data = realloc(in->data, in->size);
		if (!in->data)
			die("realloc");
	}
	n = read(fd, in->data + in->len, in->size - in->len - 1);
	if (n <= 0)
		return n < 0 && errno == EINTR;
	in->len += n;
	in->data[in->len] = '\0';
	line = in->data;
	while ((end = memchr(line, '\n', in->data + in->len - line))) {
		*end = '\0';
		if (end > line && end[-1] == '\r')
			end[-1] = '\0';
		handle(line);
		line = end + 1;
	}
	in->len -= line - in->data;
	memmove(in->data, line, in->len);
	return true;
}

static bool copy_some(int from, int to)
{
	char data[CHUNK];
	ssize_t n = read(from, data, sizeof(data));

	if (n < 0 && errno == EINTR)
		return true;
	return n > 0 && write_all(to, data, n);
}

static bool port_ready(enum port port)
{
	switch (port) {
	case JOB:
		return copy_some(port_fd[JOB], STDOUT_FILENO);
	case CTL:
		return read_lines(port_fd[CTL], &ctl_in, ctl_line);
	default:
		return read_lines(port_fd[QMP], &qmp_in, qmp_line);
	}
}

/* Until QEMU has closed all its ports, or a signal or the alarm says stop. */
static void relay(bool interactive)
{
	struct pollfd fds[NPORTS + 2];
	int left = NPORTS;

	for (int i = 0; i < NPORTS; i++)
		fds[i] = (struct pollfd){ port_fd[i], POLLIN, 0 };
	fds[NPORTS] = (struct pollfd){ wake_pipe[0], POLLIN, 0 };
	fds[NPORTS + 1] =
		(struct pollfd){ interactive ? STDIN_FILENO : -1, POLLIN, 0 };
	while (left && !stop_signal) {
		if (poll(fds, NPORTS + 2, -1) < 0 && errno != EINTR)
			die("poll");
		for (int i = 0; i < NPORTS; i++) {
			if (!fds[i].revents || port_ready(i))
				continue;
			fds[i].fd = -1;
			fds[i].revents = 0;
			left--;
		}
		if (fds[NPORTS + 1].revents &&
		    !copy_some(STDIN_FILENO, port_fd[JOB]))
			fds[NPORTS + 1].fd = -1;
	}
}

static void exec_qemu(char **argv, int argc, int ends[NPORTS])
{
	char **args = calloc(argc + 2 * NPORTS + 1, sizeof(*args));
	sigset_t none;

	if (!args)
		die("calloc");
	memcpy(args, argv, argc * sizeof(*args));
	for (int i = 0; i < NPORTS; i++) {
		args[argc++] = (char *)"-chardev";
		if (asprintf(&args[argc++], "socket,id=%s,fd=%d", port_name[i],
			     ends[i]) < 0)
			die("asprintf");
	}
	/* However the relay ends, QEMU doesn't outlive it; ^C is the relay's. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(args[0], args);
	die(args[0]);
}

static void start_qemu(char **argv, int argc)
{
	int ends[NPORTS];

	for (int i = 0; i < NPORTS; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
			die("socketpair");
		fcntl(pair[0], F_SETFD, FD_CLOEXEC);
		port_fd[i] = pair[0];
		ends[i] = pair[1];
	}
	qemu = fork();
	if (qemu < 0)
		die("fork");
	if (!qemu)
		exec_qemu(argv, argc, ends);
	for (int i = 0; i < NPORTS; i++)
		close(ends[i]);
}

static void write_result(const char *path, int qemu_status)
{
	FILE *out = fopen(path, "w");

	if (!out)
		die(path);
	if (exit_status >= 0 && !exit_status && expected[0])
		fprintf(out, "missed %s\n", expected);
	else if (exit_status >= 0)
		fprintf(out, "exit %d\n", exit_status);
	else if (stop_signal)
		fprintf(out, "%s\n",
			stop_signal == SIGALRM ? "timeout" : "interrupted");
	else if (ended[0] && !strcmp(ended, expected))
		fprintf(out, "expected\n");
	else if (ended[0] && expected[0])
		fprintf(out, "missed %s\n", expected);
	else if (ended[0])
		fprintf(out, "%s\n", ended);
	else
		fprintf(out, "qemu %d\n", qemu_status);
	if (fclose(out))
		die(path);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "result", required_argument, NULL, 'r' },
		{ "timeout", required_argument, NULL, 't' },
		{ "interactive", no_argument, NULL, 'i' },
		{ NULL, 0, NULL, 0 },
	};
	const char *result = NULL;
	bool interactive = false;
	long timeout = 0;
	int opt, status;

	while ((opt = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (opt == 'r')
			result = optarg;
		else if (opt == 't')
			timeout = atol(optarg);
		else if (opt == 'i')
			interactive = true;
		else
			return 2;
	}
	if (!result || optind == argc || timeout < 0) {
		fputs("usage: relay --result FILE --timeout SECONDS [--interactive] -- QEMU [ARG]...\n",
		      stderr);
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	catch_signals(timeout);
	start_qemu(argv + optind, argc - optind);
	relay(interactive);
	if (stop_signal)
		kill(qemu, SIGKILL);
	while (waitpid(qemu, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	write_result(result, status);
	return 0;
}
