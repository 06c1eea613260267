// SPDX-License-Identifier: GPL-2.0
/*
 * An enclave's log as the host keeps it: text with a stamp at the start of
 * each line, in a buffer that forgets its oldest lines.
 */
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "cok.h"

int cok_log_init(struct cok_log *log)
{
	mutex_init(&log->lock);
	init_waitqueue_head(&log->wait);
	log->buf = cok_fault("log buffer") ? NULL :
					     kvmalloc(COK_LOG_KEEP, GFP_KERNEL);
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

	scnprintf(stamp, sizeof(stamp), "[%5llu.%06llu] c%u: ",
		  div_u64(ns, NSEC_PER_SEC),
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
		if (!log->mid_line)
			put_stamp(log, ns, core);
		put_char(log, text[i]);
		log->mid_line = text[i] != '\n';
	}
	mutex_unlock(&log->lock);
	wake_up_interruptible(&log->wait);
}

/* Tell a reader that fell behind; its position moves to what is kept. */
static ssize_t announce_loss(struct cok_log *log, u64 *pos, u64 *line,
			     char __user *ubuf, size_t len)
{
	char text[48];
	size_t n = scnprintf(text, sizeof(text), "[log: %llu lines lost]\n",
			     log->tail_line - *line);

	*pos = log->tail;
	*line = log->tail_line;
	n = min(n, len);
	return copy_to_user(ubuf, text, n) ? -EFAULT : n;
}

ssize_t cok_log_read(struct cok_log *log, u64 *pos, u64 *line,
		     char __user *ubuf, size_t len)
{
	ssize_t ret = 0;
	u64 n, i;

	mutex_lock(&log->lock);
	if (*pos < log->tail) {
		ret = announce_loss(log, pos, line, ubuf, len);
		goto out;
	}
	*pos = min(*pos, log->head);
	n = min3(log->head - *pos, (u64)len,
		 (u64)COK_LOG_KEEP - (*pos & (COK_LOG_KEEP - 1)));
	if (copy_to_user(ubuf, at(log, *pos), n)) {
		ret = -EFAULT;
		goto out;
	}
	for (i = 0; i < n; i++)
		*line += *at(log, *pos + i) == '\n';
	*pos += n;
	ret = n;
out:
	mutex_unlock(&log->lock);
	return ret;
}
