// SPDX-License-Identifier: GPL-3.0-or-later
//
// Stands where nvcc's own header stands, for kernel sources in the host build.
#pragma once

#include "cuda_host.h"
