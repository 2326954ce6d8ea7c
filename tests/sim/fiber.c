#include "sim/fiber.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <ucontext.h>

/* The sanitizer must be told which stack is in use. */
#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#ifdef HAS_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

/* A call of the library and a handler of ours, as the sanitizers widen them. */
#define STACK_SIZE (192u * 1024)

struct fiber {
    ucontext_t context;
    fiber_run *run;
    void *argument;
    bool is_started;
    bool is_over;
    char *stack;
};

static struct fiber *running;
static ucontext_t outside;
#ifdef HAS_ASAN
static const void *outside_bottom;
static size_t outside_size;
#endif

/* A switch away from here: *fake keeps what the sanitizer has of this stack;
 * without it the stack is not used again. */
static void leave_begin(void **fake, const void *bottom, size_t size)
{
#ifdef HAS_ASAN
    __sanitizer_start_switch_fiber(fake, bottom, size);
#else
    (void)fake;
    (void)bottom;
    (void)size;
#endif
}

static void leave_end(void *fake, bool from_outside)
{
#ifdef HAS_ASAN
    __sanitizer_finish_switch_fiber(fake, from_outside ? &outside_bottom : NULL,
        from_outside ? &outside_size : NULL);
#else
    (void)fake;
    (void)from_outside;
#endif
}

static void outside_enter(void **fake)
{
#ifdef HAS_ASAN
    leave_begin(fake, outside_bottom, outside_size);
#else
    leave_begin(fake, NULL, 0);
#endif
}

static void begin(void)
{
    struct fiber *fiber = running;
    leave_end(NULL, true);
    fiber->run(fiber->argument);
    fiber->is_over = true;
    running = NULL;
    outside_enter(NULL);
    (void)swapcontext(&fiber->context, &outside);
    abort(); /* nobody resumes it */
}

struct fiber *fiber_new(fiber_run *run, void *argument)
{
    struct fiber *fiber = calloc(1, sizeof *fiber);
    if (fiber == NULL)
        abort();
    fiber->run = run;
    fiber->argument = argument;
    return fiber;
}

void fiber_free(struct fiber *fiber)
{
    assert(fiber->is_over || !fiber->is_started);
    free(fiber->stack);
    free(fiber);
}

static void start(struct fiber *fiber)
{
    fiber->is_started = true;
    fiber->stack = malloc(STACK_SIZE);
    if (fiber->stack == NULL || getcontext(&fiber->context) != 0)
        abort();
    fiber->context.uc_stack.ss_sp = fiber->stack;
    fiber->context.uc_stack.ss_size = STACK_SIZE;
    fiber->context.uc_link = NULL;
    makecontext(&fiber->context, begin, 0);
}

void fiber_resume(struct fiber *fiber)
{
    void *fake = NULL;
    assert(running == NULL && !fiber->is_over);
    if (!fiber->is_started)
        start(fiber);
    running = fiber;
    leave_begin(&fake, fiber->stack, STACK_SIZE);
    if (swapcontext(&outside, &fiber->context) != 0)
        abort();
    leave_end(fake, false);
}

void fiber_yield(void)
{
    struct fiber *fiber = running;
    void *fake = NULL;
    assert(fiber != NULL);
    running = NULL;
    outside_enter(&fake);
    if (swapcontext(&fiber->context, &outside) != 0)
        abort();
    leave_end(fake, true);
}

bool fiber_is_over(const struct fiber *fiber)
{
    return fiber->is_over;
}
