// SPDX-License-Identifier: GPL-2.0
/* Launch: from nothing to RUNNING, or back to nothing. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#define LOAD_LIMIT  60000 /* ms */
#define MARGIN	    15000 /* ms over the module's own deadline */
#define TAIL_LINES  20
#define TIMEOUT_MAX 600000 /* ms; the module's own bound */

#ifndef COK_PREFIX
#define COK_PREFIX "/usr/local"
#endif

int lc_image_path(const char *asked, char *buf, size_t size,
		  struct coord_err *err)
{
	static const char *const defaults[] = {
		COK_PREFIX "/lib/cok/cokernel.elf",
		"/usr/lib/cok/cokernel.elf",
	};
	const char *env = secure_getenv("COK_IMAGE");
	size_t i;

	if (!asked[0] && env && env[0])
		asked = env;
	for (i = 0; !asked[0] && i < sizeof(defaults) / sizeof(*defaults); i++)
		if (!access(defaults[i], R_OK))
			asked = defaults[i];
	if (!asked[0])
		return lc_err(
			err, COORD_E_FAILED, ENOENT,
			"there is no default image %s; name one with --image",
			defaults[0]);
	if ((size_t)snprintf(buf, size, "%s", asked) >= size)
		return lc_err(err, COORD_E_INVALID, ENAMETOOLONG,
			      "the image's path is too long");
	return 0;
}

static int open_image(const struct coord_config *cfg, struct coord_err *err)
{
	char path[4096];
	struct stat st;
	int fd;

	if (lc_image_path(cfg->image, path, sizeof(path), err))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return lc_err(err,
			      errno == EACCES ? COORD_E_PERM : COORD_E_FAILED,
			      errno, "cannot open the image %.300s", path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return lc_err(err, COORD_E_INVALID, EINVAL,
			      "the image %.300s is not a regular file", path);
	}
	return fd;
}

static int check(const struct coord_config *cfg, struct coord_err *err)
{
	if (!cfg->name[0])
		return lc_err(
			err, COORD_E_INVALID, EINVAL,
			"the enclave has no name; give one with --name or \"name\"");
	if (!cfg->cpus && !cfg->cpu_list[0])
		return lc_err(
			err, COORD_E_INVALID, EINVAL,
			"the enclave has no CPUs; give --cpus, --cpu-list, or \"cpus\"");
	if (!cfg->memory)
		return lc_err(
			err, COORD_E_INVALID, EINVAL,
			"the enclave has no memory; give --mem or \"memory\"");
	return 0;
}

static int plan_cpus(struct coord *c, const struct lc_ledger *ledger,
		     const struct lc_want *w, struct coord_plan *out,
		     struct coord_err *err)
{
	const struct lc_where where = { w->node, w->enclave };
	uint32_t order[LC_MAX_CPUS], n, i;
	struct lc_cpus set = { 0 };

	if (!w->cpus && !(w->cpu_list && w->cpu_list[0]))
		return 0;
	if (w->cpu_list && w->cpu_list[0]) {
		if (lc_pick_listed(c->root, ledger, &where, w->cpu_list, &set,
				   err))
			return -1;
	} else {
		if (lc_pick_cpus(c->root, ledger, &where, w->cpus, order, &n,
				 err))
			return -1;
		for (i = 0; i < w->cpus; i++)
			lc_cpus_add(&set, order[i]);
	}
	lc_cpulist_format(&set, out->cpus, sizeof(out->cpus));
	lc_sibling_warning(c->root, ledger, w->enclave, &set, out->warning,
			   sizeof(out->warning));
	return 0;
}

/* Blocks, as far as they go; what they can't give is left in out->contig. */
static int plan_blocks(struct coord *c, const struct lc_ledger *ledger,
		       const struct lc_want *w, struct coord_plan *out,
		       struct coord_err *err)
{
	uint64_t block_size = c->info.block_size;
	uint64_t want = w->memory / block_size;
	struct lc_block *b;
	size_t n, i;

	if (lc_pick_blocks(c->root, ledger, block_size, w->node, &b, &n, err))
		return -1;
	out->candidates = calloc(n + 1, sizeof(*out->candidates));
	if (!out->candidates) {
		free(b);
		return lc_err(err, COORD_E_FAILED, ENOMEM, "out of memory");
	}
	out->nr_candidates = (uint32_t)n;
	for (i = 0; i < out->nr_candidates; i++)
		out->candidates[i] = b[i].start;
	free(b);
	out->nr_blocks = (uint32_t)(want < n ? want : n);
	out->contig -= out->nr_blocks * block_size;
	return 0;
}

static int plan_contig(struct coord *c, const struct lc_ledger *ledger,
		       int node, struct coord_plan *out, uint64_t *have,
		       struct coord_err *err)
{
	struct coord_range *r;
	size_t n, i;

	if (lc_pick_contig(c->root, ledger, c->info.block_size, node,
			   out->contig, &r, &n, err))
		return -1;
	for (i = 0; i < n; i++)
		*have += r[i].size;
	out->ranges = r;
	out->nr_ranges = (uint32_t)n;
	return 0;
}

static int plan_memory(struct coord *c, const struct lc_ledger *ledger,
		       const struct lc_want *w, struct coord_plan *out,
		       struct coord_err *err)
{
	uint64_t have = 0;

	out->contig = w->memory;
	if (lc_check_size(w->memory, c->info.block_size, w->mem_from, err) ||
	    (w->mem_from != COORD_MEM_CONTIG &&
	     plan_blocks(c, ledger, w, out, err)))
		return -1;
	have = out->nr_blocks * c->info.block_size;
	if (out->contig && w->mem_from != COORD_MEM_BLOCKS &&
	    plan_contig(c, ledger, w->node, out, &have, err))
		return -1;
	if (!lc_check_amount(c->root, w->memory, have, err))
		return 0;
	lc_on_node(w, err);
	return -1;
}

static int check_wanted(struct coord *c, const struct lc_ledger *ledger,
			const struct lc_want *w, struct coord_plan *out,
			struct coord_err *err)
{
	struct coord_plan own = { 0 };
	int ret;

	if (!lc_wants_anything(w))
		return 0;
	ret = plan_cpus(c, ledger, w, out ? out : &own, err);
	if (!ret && w->memory)
		ret = plan_memory(c, ledger, w, out ? out : &own, err);
	coord_plan_free(&own);
	return ret;
}

int lc_plan(struct coord *c, const char *numa, struct lc_want *w,
	    struct lc_draw *d, struct coord_plan *out, struct coord_err *err)
{
	struct lc_ledger ledger;
	int ret;

	memset(d, 0, sizeof(*d));
	if (lc_ledger_get(c, &ledger, err))
		return -1;
	ret = lc_choose_node(c->root, c->info.block_size, &ledger, numa, w,
			     &w->node, err);
	if (!ret)
		ret = lc_pool_pick(c->root, c->info.block_size, &ledger, w, d,
				   err);
	if (!ret)
		ret = check_wanted(c, &ledger, &d->rest, out, err);
	free(ledger.lease);
	if (!ret)
		return 0;
	free(d->id);
	d->id = NULL;
	if (out)
		coord_plan_free(out);
	return -1;
}

static struct lc_want wanted(const struct coord_config *cfg, uint64_t deadline)
{
	return (struct lc_want){
		.cpus = cfg->cpus,
		.cpu_list = cfg->cpu_list,
		.memory = cfg->memory,
		.mem_from = cfg->mem_from,
		.from = cfg->from,
		.deadline = deadline,
		.node = LC_NODE_ANY,
	};
}

int coord_plan(struct coord *c, const struct coord_config *cfg,
	       struct coord_plan *out, struct coord_err *err)
{
	struct lc_want w = wanted(cfg, 0);
	struct lc_draw d;

	memset(out, 0, sizeof(*out));
	if (check(cfg, err) ||
	    lc_image_path(cfg->image, out->image, sizeof(out->image), err))
		return -1;
	out->block_size = c->info.block_size;
	if (lc_plan(c, cfg->numa, &w, &d, out, err))
		return -1;
	out->numa = w.node;
	lc_cpulist_format(&d.cpus, out->pool_cpus, sizeof(out->pool_cpus));
	out->pool_memory = d.memory;
	free(d.id);
	return 0;
}

void coord_plan_free(struct coord_plan *plan)
{
	free(plan->candidates);
	free(plan->ranges);
	plan->candidates = NULL;
	plan->ranges = NULL;
}

struct created {
	uint32_t enclave, op;
};

static int take_created(struct genlmsghdr *g, void *arg)
{
	struct nlattr *tb[COK_A_COUNT];
	struct created *made = arg;

	if (lc_parse(g, tb))
		return 0;
	made->enclave = lc_get_u32(tb[COK_A_ENCLAVE]);
	made->op = lc_get_u32(tb[COK_A_OP]);
	return 0;
}

static int create(struct coord *c, const struct coord_config *cfg, bool held,
		  uint32_t *id, struct coord_err *err)
{
	struct created made = { 0 };
	struct lc_req r;

	lc_req_init(c, &r, COK_CMD_ENCLAVE_NEW, 0, "create the enclave");
	lc_put_str(&r, COK_A_NAME, cfg->name);
	lc_put_u32(&r, COK_A_UID, cfg->uid);
	if (held)
		lc_put_data(&r, COK_A_RUN, NULL, 0);
	if (lc_call(c, &r, take_created, &made, err))
		return -1;
	c->op = made.op;
	*id = made.enclave;
	return 0;
}

static uint32_t lowest(const char *list)
{
	struct coord_err ignored;
	struct lc_cpus set;
	uint32_t i = 0;

	if (!lc_cpulist_parse(list, &set, &ignored))
		while (i < LC_MAX_CPUS && !lc_cpus_has(&set, i))
			i++;
	return i;
}

static int load(struct coord *c, uint32_t id, int fd,
		const struct coord_config *cfg, struct coord_err *err)
{
	struct lc_req r;

	lc_req_init(c, &r, COK_CMD_ENCLAVE_LOAD, 0, "load the image");
	lc_put_enclave(&r, id);
	lc_put_u32(&r, COK_A_FD, (uint32_t)fd);
	lc_put_str(&r, COK_A_CMDLINE, cfg->cmdline);
	if (cfg->cpu_list[0])
		lc_put_u32(&r, COK_A_CPU, lowest(cfg->cpu_list));
	return lc_job(c, &r, LOAD_LIMIT, err);
}

static int boot(struct coord *c, uint32_t id, uint64_t deadline,
		struct coord_err *err)
{
	unsigned int limit = (unsigned int)lc_left(deadline);
	struct lc_req r;

	/* What the module takes: 1 to 600000. */
	limit = limit < 1 ? 1 : limit > TIMEOUT_MAX ? TIMEOUT_MAX : limit;

	lc_req_init(c, &r, COK_CMD_ENCLAVE_BOOT, 0, "boot the enclave");
	lc_put_enclave(&r, id);
	lc_put_u32(&r, COK_A_TIMEOUT_MS, limit);
	return lc_job_killable(c, &r, limit + MARGIN, id, err);
}

/* Whatever was reached is undone; err keeps why, and says if that failed. */
static int undo(struct coord *c, uint32_t id, const char *name, char **log,
		struct coord_err *err)
{
	struct coord_err e;

	if (log)
		*log = coord_dev_tail(name, TAIL_LINES);
	if (lc_enclave_destroy(c, id, 0, &e))
		lc_err_more(err, "; undoing: %s", e.text);
	return lc_op_undo(c, err);
}

static int run(struct coord *c, uint32_t id, int fd,
	       const struct coord_config *cfg, const struct lc_want *w,
	       struct lc_draw *d, struct coord_err *err)
{
	if (lc_take_planned(c, w, d, err) || lc_go_on(c, w->deadline, err) ||
	    load(c, id, fd, cfg, err) || lc_go_on(c, w->deadline, err))
		return -1;
	return boot(c, id, w->deadline, err);
}

/* `hold` is NULL, or as coord_launch_held()'s. */
static int launch(struct coord *c, const struct coord_config *cfg, int *hold,
		  char **log, struct coord_err *err)
{
	struct lc_want w = wanted(cfg, lc_now() + cfg->timeout);
	struct lc_draw d;
	uint32_t id;
	int fd, ret;

	if (log)
		*log = NULL;
	/* Refuses, before anything is changed, what cannot work. */
	if (check(cfg, err))
		return -1;
	fd = open_image(cfg, err);
	if (fd < 0)
		return -1;
	ret = lc_plan(c, cfg->numa, &w, &d, NULL, err);
	if (!ret)
		ret = create(c, cfg, hold != NULL, &id, err);
	if (!ret) {
		ret = run(c, id, fd, cfg, &w, &d, err) ||
				      (hold ? lc_op_hold(c, hold, err)
					    : lc_op_end(c, err))
			      ? -1
			      : 0;
		if (ret)
			undo(c, id, cfg->name, log, err);
	}
	free(d.id);
	close(fd);
	return ret;
}

int coord_launch(struct coord *c, const struct coord_config *cfg, char **log,
		 struct coord_err *err)
{
	return launch(c, cfg, NULL, log, err);
}

int coord_launch_held(struct coord *c, const struct coord_config *cfg,
		      int *hold, char **log, struct coord_err *err)
{
	return launch(c, cfg, hold, log, err);
}
