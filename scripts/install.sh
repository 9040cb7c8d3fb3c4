#!/usr/bin/env bash
# The Action's first step: finds a shipmark of this very version, or builds it from the Action's own source,
# and tells the next step its absolute path.
set -euo pipefail

source_dir=${GITHUB_ACTION_PATH:?runs as a step of the Action}
version=$(tr -d '[:space:]' <"$source_dir/VERSION.txt")
tools=${RUNNER_TOOL_CACHE:-${RUNNER_TEMP:?runs on a runner}}/shipmark/$version

is_wanted() { [ "$("$1" --version 2>/dev/null)" = "shipmark $version" ]; }

bin=$(command -v shipmark || true)
if [ -z "$bin" ] || ! is_wanted "$bin"; then
  bin=$tools/bin/shipmark
  if ! is_wanted "$bin"; then
    command -v cargo >/dev/null || {
      echo "::error title=shipmark::no shipmark $version on PATH and no cargo to build it: add a step that installs Rust"
      exit 1
    }
    cargo install --quiet --locked --path "$source_dir" --root "$tools"
  fi
fi
echo "bin=$bin" >>"$GITHUB_OUTPUT"
