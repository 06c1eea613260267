// SPDX-License-Identifier: GPL-2.0
/*
 * From a file to a program that can start: its segments, those of its
 * interpreter, and the first stack as the System V ABI (AMD64 supplement, 3.4.1)
 * has it. The file is read through the proxy.
 */
#include "mm.h"
#include "string.h"
#include "uelf.h"
#include "user.h"

#define PIE_BASE    0x555555554000ULL
#define STACK_TOP   (USER_END - 0x10000)
#define STACK_MAX   (64 * MIB)
#define STACK_LEAST (128 * KIB)
#define STACK_USUAL (8 * MIB)
#define STRINGS_MAX 16384 /* arguments and environment */

#define NR_CLOSE  3
#define NR_OPENAT 257
#define AT_FDCWD  (-100)
#define O_CLOEXEC 02000000

enum {
	AT_NULL = 0,
	AT_PHDR = 3,
	AT_PHENT = 4,
	AT_PHNUM = 5,
	AT_PAGESZ = 6,
	AT_BASE = 7,
	AT_FLAGS = 8,
	AT_ENTRY = 9,
	AT_UID = 11,
	AT_EUID = 12,
	AT_GID = 13,
	AT_EGID = 14,
	AT_PLATFORM = 15,
	AT_HWCAP = 16,
	AT_CLKTCK = 17,
	AT_SECURE = 23,
	AT_RANDOM = 25,
	AT_HWCAP2 = 26,
	AT_EXECFN = 31,
	AT_MINSIGSTKSZ = 51,
};

static u64 frames_for(u64 bytes)
{
	return (bytes + FRAME_SIZE - 1) / FRAME_SIZE;
}

/* ---- a file ------------------------------------------------------------------ */

/* All of it, or an error. */
static s64 read_segment(struct process *p, s32 fd, const struct uelf_seg *s,
			u64 base)
{
	u64 done = 0;

	while (done < s->filesz) {
		u64 want = s->filesz - done;
		s64 n, err;

		if (want > COK_RUN_BOUNCE)
			want = COK_RUN_BOUNCE;
		n = proxy_pread(p, fd, s->offset + done, (u32)want);
		if (n <= 0)
			return n ? n : -ENOEXEC;
		err = space_write(p, base + s->vaddr + done, p->bounce, (u64)n);
		if (err)
			return err;
		done += (u64)n;
	}
	return 0;
}

static s64 load_segment(struct process *p, s32 fd, const struct uelf_seg *s,
			u64 base)
{
	u64 start = (base + s->vaddr) & ~(FRAME_SIZE - 1);
	u64 end = (base + s->vaddr + s->memsz + FRAME_SIZE - 1) &
		  ~(FRAME_SIZE - 1);
	s64 err = space_map(p, start, end - start, s->prot, KIND_FILE);

	if (!err)
		err = read_segment(p, fd, s, base);
	if (!err && p->eager)
		err = space_populate(p, start, end - start);
	return err;
}

static s64 read_elf(struct process *p, s32 fd, struct uelf *elf,
		    const char **why)
{
	u64 frame = page_alloc(1);
	s64 n;

	if (frame == FRAME_NONE)
		return -ENOMEM;
	n = proxy_pread(p, fd, 0, UELF_HEAD);
	if (n >= 0) {
		const char *wrong;

		memcpy(phys_to_virt(frame), p->bounce, (u64)n);
		wrong = uelf_parse(phys_to_virt(frame), (u64)n, elf);
		n = wrong ? -ENOEXEC : 0;
		if (wrong)
			*why = wrong;
	}
	page_free(frame, 1);
	return n;
}

static s64 load_segments(struct process *p, s32 fd, const struct uelf *elf,
			 u64 base)
{
	s64 err = 0;

	for (u32 i = 0; i < elf->nr_segs && !err; i++)
		err = load_segment(p, fd, &elf->seg[i], base);
	return err;
}

static void close_file(struct process *p, s32 fd)
{
	u64 arg[6] = { (u64)fd };

	proxy_call(p, NR_CLOSE, arg, 0);
}

/* ---- its interpreter ---------------------------------------------------------- */

static s64 open_interp(struct process *p, s32 fd, const struct uelf *elf)
{
	char path[UELF_PATH_MAX];
	u64 arg[6] = { (u64)AT_FDCWD, 0, O_CLOEXEC };
	s64 n = proxy_pread(p, fd, elf->interp_offset, elf->interp_size);

	if (n < 0)
		return n;
	if (n != elf->interp_size)
		return -ENOEXEC;
	memcpy(path, p->bounce, (u64)n);
	if (path[n - 1])
		return -ENOEXEC;
	memcpy(p->bounce, path, (u64)n);
	return proxy_call(p, NR_OPENAT, arg, 0);
}

static s64 load_interp(struct process *p, s32 main_fd, const struct uelf *main,
		       u64 *base, u64 *entry, const char **why)
{
	struct uelf elf;
	s64 err, fd = open_interp(p, main_fd, main);

	if (fd < 0) {
		*why = "its interpreter can't be opened";
		return fd;
	}
	err = read_elf(p, (s32)fd, &elf, why);
	if (!err && (!elf.relative || elf.has_interp)) {
		*why = "its interpreter is not one";
		err = -ENOEXEC;
	}
	if (!err) {
		u64 place = space_place(p, elf.high - elf.low);

		*base = place - elf.low;
		*entry = *base + elf.entry;
		err = place ? load_segments(p, (s32)fd, &elf, *base) : -ENOMEM;
	}
	close_file(p, (s32)fd);
	return err;
}

/* ---- the first stack -------------------------------------------------------------- */

struct image {
	struct uelf elf;
	u64 base;	 /* of the program; 0 if it is not relative */
	u64 interp_base; /* 0: none */
	u64 entry;	 /* where it starts, interpreter or not */
};

/* What the proxy wants the program to be told, copied once. */
struct args {
	u32 argc, envc, size;
	u64 frames; /* where `strings` is */
	u8 *strings;
};

/* The vectors, put together in kernel memory; the strings lie above them. */
struct stack {
	const struct args *args;
	u64 strings_at;
	u64 *words;
	u64 nr_words;
};

static void word(struct stack *s, u64 v)
{
	s->words[s->nr_words++] = v;
}

static void aux(struct stack *s, u64 type, u64 v)
{
	word(s, type);
	word(s, v);
}

/* `n` addresses of strings, from *at on, and a NULL. False: they are cut off. */
static bool vector(struct stack *s, u64 *at, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		u64 left = s->args->size - *at;
		u64 len = strnlen((char *)s->args->strings + *at, left);

		if (len == left)
			return false;
		word(s, s->strings_at + *at);
		*at += len + 1;
	}
	word(s, 0);
	return true;
}

/* Signal frames: what XSAVE writes, and the rest of struct rt_sigframe. */
static u64 least_signal_stack(void)
{
	return cpuid(0).a >= 0xd ? 1024 + cpuid(0xd).b : 2048;
}

static void aux_all(struct stack *s, const struct process *p,
		    const struct image *img, u64 random_at, u64 platform_at)
{
	if (img->elf.phdr)
		aux(s, AT_PHDR, img->base + img->elf.phdr);
	aux(s, AT_PHENT, 56);
	aux(s, AT_PHNUM, img->elf.phnum);
	aux(s, AT_PAGESZ, FRAME_SIZE);
	aux(s, AT_BASE, img->interp_base);
	aux(s, AT_FLAGS, 0);
	aux(s, AT_ENTRY, img->base + img->elf.entry);
	aux(s, AT_UID, p->uid);
	aux(s, AT_EUID, p->euid);
	aux(s, AT_GID, p->gid);
	aux(s, AT_EGID, p->egid);
	aux(s, AT_PLATFORM, platform_at);
	aux(s, AT_HWCAP, cpuid(1).d);
	aux(s, AT_HWCAP2, 0);
	aux(s, AT_CLKTCK, 100);
	aux(s, AT_SECURE, 0);
	aux(s, AT_RANDOM, random_at);
	aux(s, AT_EXECFN, s->strings_at);
	aux(s, AT_MINSIGSTKSZ, least_signal_stack());
	aux(s, AT_NULL, 0);
}

#define AUX_WORDS 48

static s64 map_stack(struct process *p)
{
	u64 size = p->stack_limit;
	s64 err;

	if (size == ~0ULL)
		size = STACK_USUAL;
	if (size > STACK_MAX)
		size = STACK_MAX;
	if (size < STACK_LEAST)
		size = STACK_LEAST;
	size = (size + FRAME_SIZE - 1) & ~(FRAME_SIZE - 1);
	err = space_map(p, STACK_TOP - size, size, AREA_R | AREA_W, KIND_STACK);
	if (!err && p->eager)
		err = space_populate(p, STACK_TOP - size, size);
	return err;
}

static s64 fill_stack(struct process *p, struct stack *s,
		      const struct image *img, u64 *sp)
{
	static const char platform[8] = "x86_64";
	const struct args *a = s->args;
	u64 at = strnlen((char *)a->strings, a->size) + 1;
	u8 random[16];
	s64 err;

	memcpy(random, p->head->random, sizeof(random));
	err = space_write(p, STACK_TOP - 16, platform, sizeof(platform));
	if (!err)
		err = space_write(p, STACK_TOP - 32, random, sizeof(random));
	if (!err)
		err = space_write(p, s->strings_at, a->strings, a->size);
	if (err)
		return err;
	word(s, a->argc);
	if (at > a->size || !vector(s, &at, a->argc) ||
	    !vector(s, &at, a->envc))
		return -EINVAL;
	aux_all(s, p, img, STACK_TOP - 32, STACK_TOP - 16);
	*sp = (s->strings_at - s->nr_words * sizeof(u64)) & ~15ULL;
	return space_write(p, *sp, s->words, s->nr_words * sizeof(u64));
}

static s64 build_stack(struct process *p, const struct args *args,
		       const struct image *img, u64 *sp)
{
	u64 bytes = (args->argc + args->envc + 3 + AUX_WORDS) * sizeof(u64);
	u64 frames = frames_for(bytes), frame;
	struct stack s = {
		.args = args,
		.strings_at = (STACK_TOP - 32 - args->size) & ~15ULL,
	};
	s64 err;

	if (args->size + bytes > STACK_LEAST / 2 &&
	    args->size + bytes > p->stack_limit / 4)
		return -E2BIG;
	frame = page_alloc(frames);
	if (frame == FRAME_NONE)
		return -ENOMEM;
	s.words = phys_to_virt(frame);
	err = map_stack(p);
	if (!err)
		err = fill_stack(p, &s, img, sp);
	page_free(frame, frames);
	return err;
}

static s64 take_args(struct process *p, struct args *a)
{
	const volatile struct cok_run_head *h = p->head;

	a->argc = h->argc;
	a->envc = h->envc;
	a->size = h->args_size;
	if (!a->argc || a->argc > STRINGS_MAX || a->envc > STRINGS_MAX ||
	    !a->size || a->size > COK_RUN_ARGS_MAX)
		return -E2BIG;
	a->frames = page_alloc(frames_for(a->size));
	if (a->frames == FRAME_NONE)
		return -ENOMEM;
	a->strings = phys_to_virt(a->frames);
	memcpy(a->strings, p->bounce, a->size);
	return 0;
}

/* ---- all of it ------------------------------------------------------------------------ */

/* The last part of the file's name. */
static void take_name(struct process *p, const struct args *a)
{
	u32 n = 0;

	for (u32 i = 0; i < a->size && a->strings[i]; i++) {
		char c = (char)a->strings[i];

		if (c == '/')
			n = 0;
		else if (n < sizeof(p->name) - 1)
			p->name[n++] = c >= ' ' && c < 0x7f ? c : '?';
	}
	p->name[n] = '\0';
}

static s64 load_main(struct process *p, struct image *img, const char **why)
{
	s32 fd = p->head->exec_fd;
	s64 err = read_elf(p, fd, &img->elf, why);

	if (err)
		return err;
	img->base = img->elf.relative ? PIE_BASE - img->elf.low : 0;
	img->entry = img->base + img->elf.entry;
	err = load_segments(p, fd, &img->elf, img->base);
	if (!err && img->elf.has_interp)
		err = load_interp(p, fd, &img->elf, &img->interp_base,
				  &img->entry, why);
	close_file(p, fd);
	p->brk_start = p->brk = img->base + img->elf.high;
	return err;
}

/* The arguments first: what is read of files comes by the same pages. */
s64 exec_load(struct process *p, struct start *start, const char **why)
{
	struct image img = { 0 };
	struct args args;
	s64 err;

	*why = "its arguments are too many, or there is no memory";
	err = take_args(p, &args);
	if (err)
		return err;
	take_name(p, &args);
	*why = "its file can't be read, or there is no memory";
	err = load_main(p, &img, why);
	if (!err) {
		*why = "its arguments are too many, or there is no memory";
		err = build_stack(p, &args, &img, &start->rsp);
	}
	page_free(args.frames, frames_for(args.size));
	start->rip = img.entry;
	return err;
}
