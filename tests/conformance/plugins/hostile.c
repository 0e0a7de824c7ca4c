/* SPDX-License-Identifier: MIT
 *
 * A module that does what no plugin may: the one deed that it is built for, -DDEED=EXIT and the like,
 * whenever it is run. Built by tests/conformance/hostile_test.py, from the installed headers, with a bare
 * compiler.
 */
#define _GNU_SOURCE
#include <pigeon/abi/module.h>
#include <pigeon/abi/plugin.h>

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOTHING, EXIT, ABORT, JUMP, SIGNALS, MASK, PRINT, CURSE, THREAD, MISSING, LEAVE, HANG, LOAD };

#ifndef SLEEPER
#define SLEEPER ""
#endif
#ifndef NAME
#define NAME "mailHostile"
#endif
#ifndef NOTE_MAJOR
#define NOTE_MAJOR PIGEON_API_MAJOR
#endif
#ifndef NOTE_MINOR
#define NOTE_MINOR PIGEON_API_MINOR
#endif
#ifndef NOTE_KIND
#define NOTE_KIND PIGEON_KIND_MODULE
#endif

static jmp_buf gone;

static __attribute__((noinline)) void remember(void) {
  if (setjmp(gone) != 0) _exit(3);
}

static void* wait_for_ever(void* nothing) {
  for (;;) pause();
  return nothing;
}

/* A process in a session of its own, whose parent is gone: `sleep SLEEPER`. */
static void leave_a_process(void) {
  const pid_t child = SLEEPER[0] != 0 ? fork() : -1;
  if (child == 0) {
    setsid();
    if (fork() == 0) execlp("sleep", "sleep", SLEEPER, (char*)NULL);
    _exit(0);
  }
  if (child > 0) waitpid(child, NULL, 0);
}

/* Only where it is called: the others need nothing that is not there. */
extern int nobody_defines_this(void);

static void commit(void) {
  pthread_t thread;
  switch (DEED) {
    case EXIT:
      exit(0);
    case ABORT:
      abort();
    case JUMP:
      remember();
      longjmp(gone, 1);
    case SIGNALS:
      signal(SIGTERM, SIG_IGN);
      signal(SIGUSR1, SIG_IGN);
      break;
    case MASK:
      umask(0);
      break;
    case PRINT:
      puts("250 2.0.0 delivered, says the plugin");
      fflush(stdout);
      break;
    case CURSE:
      puts("one\033[2J\n\ntwo");
      fflush(stdout);
      abort();
    case THREAD:
      pthread_create(&thread, NULL, wait_for_ever, NULL);
      break;
    case MISSING:
      nobody_defines_this();
      break;
    case LEAVE:
      leave_a_process();
      break;
    case HANG:
      leave_a_process();
      wait_for_ever(NULL);
      break;
    default:
      break;
  }
}

static pigeon_status load_it(pigeon_error* error) {
  (void)error;
  if (DEED == LOAD) abort();
  return PIGEON_OK;
}
static pigeon_status open_it(const pigeon_host* host, const pigeon_settings* settings, void** instance,
                             pigeon_error* error) {
  (void)host, (void)settings, (void)error, (void)remember, (void)wait_for_ever, (void)leave_a_process;
  *instance = NULL;
  return PIGEON_OK;
}
static void close_it(void* instance) {
  (void)instance;
}

static pigeon_status run(void* instance, const pigeon_run* delivery, uint32_t* outcome, pigeon_error* error) {
  (void)instance, (void)delivery, (void)error;
  commit();
  *outcome = PIGEON_OUTCOME_GO_ON;
  return PIGEON_OK;
}

static const pigeon_class kClass = {NAME, PIGEON_CLASS_STRUCTURAL, 0, "does what no plugin may", NULL, 0};
static const pigeon_class* const kClasses[] = {&kClass};
static const pigeon_module kOperations = {sizeof(pigeon_module), 0, run};

__attribute__((section(".note.pigeon"), used, aligned(4))) static const pigeon_note kNote = {
    7, 12, PIGEON_NOTE_TYPE, PIGEON_NOTE_OWNER, NOTE_MAJOR, NOTE_MINOR, NOTE_KIND};

PIGEON_EXPORT const pigeon_plugin pigeon_plugin_v0 = {.size = sizeof(pigeon_plugin),
                                                      .major = PIGEON_API_MAJOR,
                                                      .minor = PIGEON_API_MINOR,
                                                      .kind = PIGEON_KIND_MODULE,
                                                      .name = NAME,
                                                      .version = "1",
                                                      .summary = "does what no plugin may, for tests",
                                                      .classes = kClasses,
                                                      .class_count = 1,
                                                      .load = load_it,
                                                      .open = open_it,
                                                      .close = close_it,
                                                      .operations = &kOperations};
