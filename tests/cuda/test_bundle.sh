#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# test_bundle.sh BUILD: what tests/cuda/bundle packs of a build starts with its own libraries alone,
# paints a picture, and says that there is no GPU.  The simulated GPU has tests of its own.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$here/bundle" -b "$1" "$folder/bundle"
status=0
env -i PATH="$PATH" HOME="$folder" EDT_BUNDLE_PATIENCE=0 "$folder/bundle/run" "$folder/results" || status=$?
cat "$folder/results/logs.txt"
grep -q '^passed  libraries' "$folder/results/report.txt"
grep -q '^passed  picture' "$folder/results/report.txt"
[ "$status" -eq 77 ]
