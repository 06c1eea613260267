// SPDX-License-Identifier: GPL-2.0
/*
 * An enclave's log as the host keeps it: text with a stamp at the start of
 * each line, in a buffer that forgets its oldest lines.
 */
#include <linux/mm.h>
#include <linux/uaccess.h>

#include <cok/uapi.h>

#include "cok.h"

#define LINE_MAX 512 /* bytes; a longer line goes on in the next */

int cok_log_init(struct cok_log *log)
{
	mutex_init(&log->lock);
	init_waitqueue_head(&log->wait);
	log->buf = cok_fault("log buffer") ? NULL
					   : kvmalloc(COK_LOG_KEEP, GFP_KERNEL);
	return log->buf ? 0 : -ENOMEM;
}

void cok_log_free(struct cok_log *log)
{
	kvfree(log->buf);
	log->buf = NULL;
}

static char *at(struct cok_log *log, u64 pos)
{
	return &log->buf[pos & (COK_LOG_KEEP - 1)];
}

/* Drop whole lines until one more byte fits. */
static void make_room(struct cok_log *log)
{
	if (log->head - log->tail < COK_LOG_KEEP)
		return;
	while (log->tail < log->head && *at(log, log->tail) != '\n')
		log->tail++;
	log->tail++;
	log->tail_line++;
}

static void put_char(struct cok_log *log, char c)
{
	make_room(log);
	*at(log, log->head++) = c;
	if (c == '\n')
		log->head_line++;
}

static void put_stamp(struct cok_log *log, u64 ns, u32 core)
{
	char stamp[40];
	char *p = stamp;

	scnprintf(stamp, sizeof(stamp),
		  "[%5llu.%06llu] c%u: ", div_u64(ns, NSEC_PER_SEC),
		  div_u64(ns, NSEC_PER_USEC) % USEC_PER_SEC, core);
	while (*p)
		put_char(log, *p++);
}

void cok_log_put(struct cok_log *log, u64 ns, u32 core, const char *text,
		 size_t len)
{
	size_t i;

	mutex_lock(&log->lock);
	ns = max(ns, log->last_ns);
	log->last_ns = ns;
	for (i = 0; i < len; i++) {
		if (log->mid_line == LINE_MAX && text[i] != '\n') {
			put_char(log, '\n');
			log->mid_line = 0;
		}
		if (!log->mid_line)
			put_stamp(log, ns, core);
		put_char(log, text[i]);
		log->mid_line = text[i] == '\n' ? 0 : log->mid_line + 1;
	}
	mutex_unlock(&log->lock);
	wake_up_interruptible(&log->wait);
}

/* Tell a reader that fell behind; its position moves to what is kept. */
static size_t announce_loss(struct cok_log *log, u64 *pos, u64 *line,
			    char *text, size_t len)
{
	size_t n = scnprintf(text, len, "[log: %llu lines lost]\n",
			     log->tail_line - *line);

	*pos = log->tail;
	*line = log->tail_line;
	return n;
}

static size_t fetch(struct cok_log *log, u64 *pos, u64 *line, char *text,
		    size_t len)
{
	u64 n, i;

	if (*pos < log->tail)
		return announce_loss(log, pos, line, text, len);
	n = min_t(u64, log->head - min(*pos, log->head), len);
	for (i = 0; i < n; i++) {
		text[i] = *at(log, *pos + i);
		*line += text[i] == '\n';
	}
	*pos += n;
	return n;
}

/*
 * One piece, by way of the stack: the buffer may be a file that never answers,
 * and must not hold the log's lock.
 */
static ssize_t read_piece(struct cok_log *log, u64 *pos, u64 *line,
			  char __user *ubuf, size_t len)
{
	u64 new_pos = *pos, new_line = *line;
	char text[512];
	size_t n;

	mutex_lock(&log->lock);
	n = fetch(log, &new_pos, &new_line, text, min(len, sizeof(text)));
	mutex_unlock(&log->lock);
	if (copy_to_user(ubuf, text, n))
		return -EFAULT;
	*pos = new_pos;
	*line = new_line;
	return n;
}

ssize_t cok_log_read(struct cok_log *log, u64 *pos, u64 *line,
		     char __user *ubuf, size_t len)
{
	size_t done = 0;
	ssize_t n;

	do {
		n = read_piece(log, pos, line, ubuf + done, len - done);
		if (n > 0)
			done += n;
	} while (n > 0 && done < len);
	return done ? done : n;
}
