/* SPDX-License-Identifier: MIT */
/*
 * embed.c: what of the rig is C. The functions of <xengnt/rig.h> are in Python, each behind a
 * small one in C that begins Python first; those are generated and stand after this.
 *
 * XENGNT_PYTHON is the interpreter that has xengnt, as text.
 */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <xengnt/rig.h>

#define RIG_WHOLE_CALL UINT32_MAX

/* Why the rig does not work, if it does not. */
static char rig_trouble[1000];
static pthread_once_t rig_once = PTHREAD_ONCE_INIT;

/* Of each thread: its calling domain, and what failed last. */
static __thread int64_t rig_chosen = -1;
static __thread uint32_t rig_element;
static __thread char rig_words[1000];

static void rig_choose(int64_t caller)
{
    rig_chosen = caller;
}

static int64_t rig_choice(void)
{
    return rig_chosen;
}

static void rig_note(uint32_t element, const char *words)
{
    rig_element = element;
    snprintf(rig_words, sizeof rig_words, "%s", words);
}

static void rig_cannot(const char *words)
{
    snprintf(rig_trouble, sizeof rig_trouble, "%s", words);
}

/* Begin Python as that interpreter would begin, but for the environment. */
static void rig_begin_python(void)
{
    PyPreConfig before;
    PyConfig config;
    PyStatus status;

    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1;
    status = Py_PreInitialize(&before);
    if (PyStatus_Exception(status)) {
        rig_cannot(status.err_msg);
        return;
    }
    PyConfig_InitIsolatedConfig(&config);
    config.install_signal_handlers = 0;
    status = PyConfig_SetBytesString(&config, &config.program_name, XENGNT_PYTHON);
    if (!PyStatus_Exception(status))
        status = PyConfig_SetBytesString(&config, &config.executable, XENGNT_PYTHON);
    if (!PyStatus_Exception(status))
        status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (PyStatus_Exception(status))
        rig_cannot(status.err_msg ? status.err_msg : "Python does not start");
    else
        PyEval_SaveThread();
}

static void rig_begin(void)
{
    if (!Py_IsInitialized())
        rig_begin_python();
    else if (strncmp(Py_GetVersion(), PY_VERSION, strlen(PY_VERSION)))
        rig_cannot("this process has another Python than the rig was built for, " PY_VERSION);
    if (!rig_trouble[0] && cffi_start_python() && !rig_trouble[0])
        rig_cannot("Python does not start: standard error says why");
}

/* Tell whether there is a rig; if there is none, say why. */
static int rig_ready(void)
{
    int kept = errno;

    pthread_once(&rig_once, rig_begin);
    if (rig_trouble[0])
        rig_note(RIG_WHOLE_CALL, rig_trouble);
    errno = kept;
    return !rig_trouble[0];
}

__attribute__((visibility("default"))) const char *xengnt_rig_reason(uint32_t *element)
{
    if (element)
        *element = rig_element;
    return rig_words[0] ? rig_words : NULL;
}
