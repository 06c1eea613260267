// SPDX-License-Identifier: GPL-2.0
/* The multicast group: a socket that hears of every change. */
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <linux/genetlink.h>
#include <netlink/netlink.h>
#include <netlink/genl/genl.h>

#include "internal.h"

#define RECEIVE_BUFFER (1024 * 1024)

struct coord_events {
	struct nl_sock *sock;
	int family;
	char *buf;
	struct nlmsghdr *next; /* in buf: not yet handed out */
	int left;
	bool gone; /* the module was unloaded: nothing will ever come */
};

int coord_events_open(struct coord *c, struct coord_events **out,
		      struct coord_err *err)
{
	struct coord_events *ev = calloc(1, sizeof(*ev));
	int ret;

	if (ev) {
		ev->sock = nl_socket_alloc();
		ev->buf = malloc(LC_RECEIVE);
		ev->family = c->family;
	}
	if (!ev || !ev->sock || !ev->buf) {
		coord_events_close(ev);
		return lc_err(err, COORD_E_FAILED, ENOMEM,
			      "cannot listen for events: out of memory");
	}
	errno = 0;
	ret = nl_connect(ev->sock, NETLINK_GENERIC);
	if (!ret) {
		/* Only a help: losses are noticed. */
		nl_socket_set_buffer_size(ev->sock, RECEIVE_BUFFER, 0);
		ret = nl_socket_add_membership(ev->sock, c->group);
	}
	/* Of families that come and go; generic netlink's own group. */
	if (!ret)
		ret = nl_socket_add_membership(ev->sock, GENL_ID_CTRL);
	if (ret) {
		ret = errno ? errno : EIO;
		coord_events_close(ev);
		return lc_err(err, lc_code_of(ret, false), ret,
			      "cannot listen for events: %s",
			      ret == EPERM ? "needs root (CAP_SYS_ADMIN)"
					   : strerror(ret));
	}
	/* Still there? Unloaded from here on, it would be heard. */
	if (coord_info(c, NULL, err)) {
		coord_events_close(ev);
		return -1;
	}
	*out = ev;
	return 0;
}

void coord_events_close(struct coord_events *ev)
{
	if (!ev)
		return;
	nl_socket_free(ev->sock);
	free(ev->buf);
	free(ev);
}

/*
 * 1: there is a message at ev->next; 0 timeout or signal; -1 err. One that is
 * there is not waited for.
 */
static int fill(struct coord_events *ev, int timeout_ms, struct coord_err *err)
{
	struct pollfd p = { .fd = nl_socket_get_fd(ev->sock),
			    .events = POLLIN };
	ssize_t n = lc_recv(p.fd, ev->buf, LC_RECEIVE);

	if (n < 0 && errno == EAGAIN) {
		if (poll(&p, 1, timeout_ms) < 1)
			return 0;
		n = lc_recv(p.fd, ev->buf, LC_RECEIVE);
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return lc_err(err, COORD_E_FAILED, errno,
			      errno == ENOBUFS ? "events were lost"
					       : "receiving events failed");
	ev->next = (struct nlmsghdr *)ev->buf;
	ev->left = (int)n;
	return 1;
}

/* Does it say that our family is no more? */
static bool is_end(const struct coord_events *ev, struct nlmsghdr *h)
{
	struct nlattr *tb[CTRL_ATTR_MAX + 1];
	struct genlmsghdr *g = genlmsg_hdr(h);
	uint16_t id;

	if (h->nlmsg_type != GENL_ID_CTRL || g->cmd != CTRL_CMD_DELFAMILY ||
	    nla_parse(tb, CTRL_ATTR_MAX, genlmsg_attrdata(g, 0),
		      genlmsg_attrlen(g, 0), NULL) ||
	    !tb[CTRL_ATTR_FAMILY_ID] ||
	    nla_len(tb[CTRL_ATTR_FAMILY_ID]) != sizeof(id))
		return false;
	memcpy(&id, nla_data(tb[CTRL_ATTR_FAMILY_ID]), sizeof(id));
	return id == ev->family;
}

/* The next of the messages that were received; true if it is an event. */
static bool take(struct coord_events *ev, struct coord_event *out)
{
	struct nlmsghdr *h = ev->next;

	ev->next = nlmsg_next(h, &ev->left);
	if (!genlmsg_valid_hdr(h, 0))
		return false;
	if (is_end(ev, h))
		ev->gone = true;
	if (h->nlmsg_type != ev->family)
		return false;
	lc_parse_event(genlmsg_hdr(h), out);
	return out->kind != COK_EV_NONE;
}

int coord_events_next(struct coord_events *ev, int timeout_ms,
		      struct coord_event *out, struct coord_err *err)
{
	int ret;

	for (;;) {
		while (ev->next && nlmsg_ok(ev->next, ev->left))
			if (take(ev, out))
				return 1;
		ev->next = NULL;
		if (ev->gone)
			return lc_err(err, COORD_E_NOMODULE, ENODEV,
				      "the module was unloaded");
		ret = fill(ev, timeout_ms, err);
		if (ret < 1)
			return ret;
	}
}
