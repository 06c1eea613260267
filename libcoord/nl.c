// SPDX-License-Identifier: GPL-2.0
/*
 * One request to the module and its replies. libnl builds the messages; the
 * receiving side is our own, because libnl maps many errnos to one and hides
 * the sentence in the extended ack.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <linux/netlink.h>

#include <netlink/netlink.h>
#include <netlink/genl/genl.h>

#include "internal.h"

#define ANSWER_LIMIT 60000 /* ms; a handler may wait for a hotplug lock */

void lc_req_init(struct coord *c, struct lc_req *r, uint8_t cmd, int flags,
		 const char *what)
{
	*r = (struct lc_req){ .what = what };
	c->fresh = false;
	r->msg = nlmsg_alloc();
	if (!r->msg || !genlmsg_put(r->msg, NL_AUTO_PORT, NL_AUTO_SEQ,
				    c->family, 0, flags, cmd, COK_GENL_VERSION))
		r->failed = true;
}

void lc_put_data(struct lc_req *r, int attr, const void *p, size_t len)
{
	if (r->failed || nla_put(r->msg, attr, (int)len, p) < 0)
		r->failed = true;
}

void lc_put_u32(struct lc_req *r, int attr, uint32_t v)
{
	lc_put_data(r, attr, &v, sizeof(v));
}

void lc_put_u64(struct lc_req *r, int attr, uint64_t v)
{
	lc_put_data(r, attr, &v, sizeof(v));
}

void lc_put_str(struct lc_req *r, int attr, const char *s)
{
	lc_put_data(r, attr, s, strlen(s) + 1);
}

void lc_put_enclave(struct lc_req *r, uint32_t id)
{
	lc_put_u32(r, COK_A_ENCLAVE, id);
	r->names_enclave = true;
}

void lc_put_name(struct lc_req *r, const char *name)
{
	lc_put_str(r, COK_A_NAME, name);
	r->names_enclave = true;
}

enum coord_code lc_code_of(int errnum, bool names_enclave)
{
	switch (errnum) {
	case EPERM:
		return COORD_E_PERM;
	case ENOENT:
		return names_enclave ? COORD_E_NOENCLAVE : COORD_E_FAILED;
	case EBUSY:
		return COORD_E_BUSY;
	case ETIMEDOUT:
		return COORD_E_TIMEOUT;
	case ECONNREFUSED:
		return COORD_E_DECLINED;
	case EINVAL:
	case ERANGE:
		return COORD_E_INVALID;
	default:
		return COORD_E_FAILED;
	}
}

static int refused(const struct lc_req *r, int errnum, const char *text,
		   struct coord_err *err)
{
	enum coord_code code = lc_code_of(errnum, r->names_enclave);

	if (code == COORD_E_PERM && !text[0])
		text = "needs root (CAP_SYS_ADMIN)";
	return lc_err(err, code, errnum, "cannot %s: %s", r->what,
		      text[0] ? text : strerror(errnum));
}

/* The sentence among the attributes that follow `skip` bytes of payload. */
static void ext_text(struct nlmsghdr *h, size_t skip, char *buf, size_t size)
{
	struct nlattr *a;
	int len = (int)h->nlmsg_len - NLMSG_HDRLEN - (int)NLMSG_ALIGN(skip);
	int rem;

	buf[0] = '\0';
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS) || len <= 0)
		return;
	nla_for_each_attr (
		a, (struct nlattr *)((char *)nlmsg_data(h) + NLMSG_ALIGN(skip)),
		len, rem)
		if (nla_type(a) == NLMSGERR_ATTR_MSG)
			lc_get_str(a, buf, size);
}

/* 0 success, -1 refused (err), for an NLMSG_ERROR or the end of a dump. */
static int final(const struct lc_req *r, struct nlmsghdr *h,
		 struct coord_err *err)
{
	struct nlmsgerr *e = nlmsg_data(h);
	size_t skip = sizeof(int);
	char text[512];
	int code;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(int)))
		return h->nlmsg_type == NLMSG_DONE
			       ? 0
			       : lc_err(err, COORD_E_FAILED, EBADMSG,
					"cannot %s: odd answer", r->what);
	code = e->error;
	if (h->nlmsg_type == NLMSG_ERROR) {
		skip = sizeof(*e);
		if (code && !(h->nlmsg_flags & NLM_F_CAPPED))
			skip += e->msg.nlmsg_len - NLMSG_HDRLEN;
	}
	if (code >= 0)
		return 0;
	ext_text(h, skip, text, sizeof(text));
	return refused(r, -code, text, err);
}

ssize_t lc_recv(int fd, void *buf, size_t size)
{
	struct sockaddr_nl from = { 0 };
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, buf, size, MSG_DONTWAIT,
			     (struct sockaddr *)&from, &len);

	if (n >= 0 && from.nl_pid) {
		errno = EAGAIN; /* another process, not the kernel: dropped */
		return -1;
	}
	return n;
}

/*
 * Receives one datagram into c->buf. Its length, or -1. Most answers are there
 * as soon as the request has been sent, so only what is not is waited for.
 */
static ssize_t receive(struct coord *c, const struct lc_req *r,
		       uint64_t deadline, struct coord_err *err)
{
	struct pollfd p = { .fd = nl_socket_get_fd(c->cmd), .events = POLLIN };
	ssize_t n;

	for (;;) {
		n = lc_recv(p.fd, c->buf, LC_RECEIVE);
		if (n >= 0)
			return n;
		if (errno != EINTR && errno != EAGAIN)
			return lc_err(err, COORD_E_FAILED, errno,
				      "cannot %s: receiving the answer failed",
				      r->what);
		if (!lc_left(deadline))
			return lc_err(
				err, COORD_E_TIMEOUT, ETIMEDOUT,
				"cannot %s: the module did not answer within %d s",
				r->what, ANSWER_LIMIT / 1000);
		poll(&p, 1, lc_left(deadline));
	}
}

/* What one datagram means: 1 there is more to come, 0 complete, -1 failed. */
static int digest(struct coord *c, const struct lc_req *r, ssize_t n,
		  uint32_t seq, bool *torn, lc_handler handler, void *arg,
		  struct coord_err *err)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(void *)c->buf;
	int left = (int)n;

	for (; nlmsg_ok(h, left); h = nlmsg_next(h, &left)) {
		if (h->nlmsg_seq != seq)
			continue; /* the late answer to a request given up */
		if (h->nlmsg_flags & NLM_F_DUMP_INTR)
			*torn = true;
		if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE)
			return final(r, h, err);
		if (!genlmsg_valid_hdr(h, 0) || !handler)
			continue;
		if (handler(genlmsg_hdr(h), arg))
			return lc_err(err, COORD_E_FAILED, ENOMEM,
				      "cannot %s: out of memory", r->what);
	}
	return 1;
}

static int exchange(struct coord *c, struct lc_req *r, bool *torn,
		    lc_handler handler, void *arg, struct coord_err *err)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	uint64_t deadline = lc_now() + ANSWER_LIMIT;
	struct nlmsghdr *h = nlmsg_hdr(r->msg);
	ssize_t n;
	int ret;

	nl_complete_msg(c->cmd, r->msg);
	if (sendto(nl_socket_get_fd(c->cmd), h, h->nlmsg_len, 0,
		   (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return lc_err(err, COORD_E_FAILED, errno,
			      "cannot %s: sending failed", r->what);
	do {
		n = receive(c, r, deadline, err);
		if (n < 0)
			return -1;
		ret = digest(c, r, n, h->nlmsg_seq, torn, handler, arg, err);
	} while (ret > 0);
	return ret;
}

int lc_call(struct coord *c, struct lc_req *r, lc_handler handler, void *arg,
	    struct coord_err *err)
{
	bool torn = false;
	int ret;

	if (r->failed)
		ret = lc_err(err, COORD_E_FAILED, ENOMEM,
			     "cannot %s: the request does not fit a message",
			     r->what);
	else
		ret = exchange(c, r, &torn, handler, arg, err);
	nlmsg_free(r->msg);
	r->msg = NULL;
	if (!ret && torn)
		return lc_err(
			err, COORD_E_FAILED, EAGAIN,
			"cannot %s: the tables changed meanwhile; try again",
			r->what);
	return ret;
}
