// SPDX-License-Identifier: GPL-2.0
#include "format.h"
#include "string.h"

struct out {
	char *buf;
	size_t size;
	size_t len;
};

struct spec {
	bool left, zero, alt;
	int width;
	int prec;  /* -1: none */
	int longs; /* 0 int, 1 long, 2 long long */
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len++] = c;
}

static void pad(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

static void put_text(struct out *o, const struct spec *s, const char *text)
{
	size_t n;

	if (!text)
		text = "(null)";
	n = s->prec < 0 ? strlen(text) : strnlen(text, (size_t)s->prec);
	if (!s->left)
		pad(o, ' ', s->width - (int)n);
	for (size_t i = 0; i < n; i++)
		put(o, text[i]);
	if (s->left)
		pad(o, ' ', s->width - (int)n);
}

/* `sign` is "", "-" or "0x". */
static void put_number(struct out *o, const struct spec *s, u64 v,
		       unsigned int base, const char *sign)
{
	char digits[24];
	int n = 0, fill;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	fill = s->width - n - (int)strlen(sign);
	if (!s->left && !s->zero)
		pad(o, ' ', fill);
	for (; *sign; sign++)
		put(o, *sign);
	if (!s->left && s->zero)
		pad(o, '0', fill);
	while (n)
		put(o, digits[--n]);
	if (s->left)
		pad(o, ' ', fill);
}

static const char *parse_spec(const char *f, struct spec *s)
{
	*s = (struct spec){ .prec = -1 };
	for (;; f++) {
		if (*f == '-')
			s->left = true;
		else if (*f == '0')
			s->zero = true;
		else if (*f == '#')
			s->alt = true;
		else
			break;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		s->width = s->width * 10 + (*f - '0');
	if (*f == '.')
		for (s->prec = 0, f++; *f >= '0' && *f <= '9'; f++)
			s->prec = s->prec * 10 + (*f - '0');
	for (; *f == 'l' || *f == 'z'; f++)
		s->longs++;
	return f;
}

static u64 unsigned_arg(const struct spec *s, va_list *ap)
{
	if (s->longs == 0)
		return va_arg(*ap, unsigned int);
	if (s->longs == 1)
		return va_arg(*ap, unsigned long);
	return va_arg(*ap, unsigned long long);
}

static s64 signed_arg(const struct spec *s, va_list *ap)
{
	if (s->longs == 0)
		return va_arg(*ap, int);
	if (s->longs == 1)
		return va_arg(*ap, long);
	return va_arg(*ap, long long);
}

static void put_signed(struct out *o, const struct spec *s, s64 v)
{
	if (v < 0)
		put_number(o, s, 0 - (u64)v, 10, "-");
	else
		put_number(o, s, (u64)v, 10, "");
}

static void convert(struct out *o, const struct spec *s, char c, va_list *ap)
{
	char one[2] = { 0 };

	switch (c) {
	case 'd':
	case 'i':
		put_signed(o, s, signed_arg(s, ap));
		break;
	case 'u':
		put_number(o, s, unsigned_arg(s, ap), 10, "");
		break;
	case 'x':
		put_number(o, s, unsigned_arg(s, ap), 16, s->alt ? "0x" : "");
		break;
	case 'p':
		put_number(o, s, (u64)(size_t)va_arg(*ap, void *), 16, "0x");
		break;
	case 's':
		put_text(o, s, va_arg(*ap, const char *));
		break;
	case 'c':
		one[0] = (char)va_arg(*ap, int);
		put_text(o, s, one);
		break;
	case '%':
		put(o, '%');
		break;
	default: /* a mistake in the caller: make it visible */
		put(o, '%');
		put(o, c);
	}
}

size_t ck_vformat(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { buf, size, 0 };
	struct spec s;
	va_list args;

	va_copy(args, ap);
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			put(&o, *fmt);
			continue;
		}
		fmt = parse_spec(fmt + 1, &s);
		if (!*fmt)
			break;
		convert(&o, &s, *fmt, &args);
	}
	va_end(args);
	if (size)
		buf[o.len] = '\0';
	return o.len;
}

size_t ck_format(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = ck_vformat(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
