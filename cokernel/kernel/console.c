// SPDX-License-Identifier: GPL-2.0
/* The console: bytes from the host's ring, edited into lines, run as commands. */
#include "commands.h"
#include "rings.h"
#include "string.h"
#include "words.h"

#define LINE_MAX  256
#define WORDS_MAX 40
#define PROMPT	  CK_NAME "> "

static struct ring_end conin;
static char line[LINE_MAX];
static size_t line_len;
static bool after_cr;
static bool started;

static void cmd_help(int argc, char **argv);

static const struct command commands[] = {
	{ "help", "help                 this list", cmd_help },
	{ "mem", "mem                  memory ranges", cmd_mem },
	{ "cpus", "cpus                 cores", cmd_cpus },
	{ "memtest", "memtest [MIB]        write and verify free memory",
	  cmd_memtest },
	{ "mark", "mark HEX64           fill one free page of each range",
	  cmd_mark },
	{ "run", "run SLOT             have a core report its APIC id",
	  cmd_run },
	{ "spin", "spin SLOT SECONDS    keep a core busy", cmd_spin },
	{ "poll", "poll SECONDS         watch the rings instead of sleeping",
	  cmd_poll },
	{ "hang", "hang [SLOT]          loop with interrupts off", cmd_hang },
	{ "panic", "panic [TEXT]         panic", cmd_panic },
	{ "fault", "fault KIND [SLOT]    ud pf gp stack de df nullcall wp nx",
	  cmd_fault },
	{ "stats", "stats                counters", cmd_stats },
	{ "deals",
	  "deals                what was negotiated, what is asked for",
	  cmd_deals },
	{ "request", "request cpu N | mem SIZE [low|normal|high]",
	  cmd_request },
	{ "cancel", "cancel NUMBER        that request", cmd_cancel },
	{ "release", "release cpu N | mem SIZE", cmd_release },
	{ "threshold", "threshold [SIZE [STEP]]  asks for memory below that",
	  cmd_threshold },
	{ "work", "work [N SECONDS]     jobs for any core", cmd_work },
	{ "hold", "hold [SIZE [fixed]]  use memory, and look at it", cmd_hold },
	{ "drop", "drop [fixed]         and give it back", cmd_drop },
	{ "set", "set [OPTION [VALUE]] options as on the command line",
	  cmd_set },
};

static void cmd_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		out("%s", commands[i].help);
}

void command_run(char *text)
{
	char *argv[WORDS_MAX];
	int argc = words_split(text, argv, WORDS_MAX);

	if (!argc)
		return;
	if (argc > WORDS_MAX)
		argc = WORDS_MAX;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[0], commands[i].name)) {
			commands[i].run(argc, argv);
			return;
		}
	out("unknown command '%s'; try 'help'", argv[0]);
}

void console_script(const char *script)
{
	char command[LINE_MAX];

	while (script_next(&script, command, sizeof(command))) {
		irq_enable();
		klog(LOG_INFO, "init: %s", command);
		command_run(command);
	}
}

static void echo(const char *text, size_t n)
{
	log_text(LOG_INFO, text, n);
}

static void prompt(void)
{
	echo(PROMPT, sizeof(PROMPT) - 1);
}

static void end_of_line(void)
{
	echo("\n", 1);
	line[line_len] = '\0';
	line_len = 0;
	command_run(line);
	prompt();
}

static void erase(size_t n)
{
	while (n-- && line_len) {
		line_len--;
		echo("\b \b", 3);
	}
}

static void input(char c)
{
	bool lf_of_crlf = c == '\n' && after_cr;

	after_cr = c == '\r';
	if (lf_of_crlf)
		return;
	if (c == '\r' || c == '\n')
		end_of_line();
	else if (c == '\b' || c == 0x7f)
		erase(1);
	else if (c == 0x15 || c == 0x03) /* ^U, ^C */
		erase(line_len);
	else if (c >= ' ' && c < 0x7f && line_len < LINE_MAX - 1)
		line[line_len++] = c;
}

/* Printable bytes are echoed in one record, as far as they came together. */
static void input_all(const char *bytes, u32 n)
{
	size_t before = line_len;

	for (u32 i = 0; i < n; i++) {
		bool printable = bytes[i] >= ' ' && bytes[i] < 0x7f;

		if (!printable && line_len > before)
			echo(line + before, line_len - before);
		input(bytes[i]);
		if (!printable)
			before = line_len;
	}
	if (line_len > before)
		echo(line + before, line_len - before);
}

void console_init(void)
{
	ring_init(&conin, comm_region(&comm->conin), COK_CONIN_BYTES);
	started = true;
}

bool console_pending(void)
{
	return started && ring_pending(&conin);
}

void console_poll(void)
{
	static bool greeted;
	char bytes[64];
	u32 n = ring_get_bytes(&conin, bytes, sizeof(bytes));

	if (n && !greeted) {
		greeted = true;
		prompt();
	}
	input_all(bytes, n);
}
