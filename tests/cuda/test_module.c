/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The CUDA module as it was built, on a machine without a GPU: where no driver is, nothing of CUDA
 * comes into the process; where it is named, it and its libraries are whole.  MODULE: its path.
 */
#include "machine.h"

#include <gmodule.h>
#include <string.h>

static gboolean is_loaded(const char *library)
{
    g_autofree char *maps = NULL;
    g_file_get_contents("/proc/self/maps", &maps, NULL, NULL);
    return strstr(maps, library) != NULL;
}

static void expect_unusable(const char *says)
{
    EdtBackendInfo *list = edt_backends_list();
    g_assert_cmpstr(list[1].name, ==, "cuda");
    g_assert_false(list[1].usable);
    g_test_message("%s", list[1].detail);
    g_assert_nonnull(strstr(list[1].detail, says));
    edt_backends_free(list);
}

static void test_no_driver(void)
{
    expect_unusable("there is no NVIDIA driver");
    g_assert_false(is_loaded("libedt-cuda"));
    g_assert_false(is_loaded("libcublasLt"));
}

static void test_named(void)
{
    g_setenv("EDT_CUDA_MODULE", g_getenv("MODULE"), TRUE);
    expect_unusable("no usable NVIDIA GPU");
    g_assert_true(is_loaded("libcublasLt"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_unsetenv("EDT_CUDA_MODULE");
    if (!g_module_open("libcuda.so.1", G_MODULE_BIND_LAZY)) {
        g_test_add_func("/cuda/module/no-driver", test_no_driver);
        g_test_add_func("/cuda/module/named", test_named);
    }
    return g_test_run();
}
