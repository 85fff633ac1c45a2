#!/bin/sh
# The browser tests need a Chromium. Install Debian's where that is allowed, and say what to do where it is not.
set -u
if command -v chromium >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing chromium for the browser tests"
    if apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; then
        exit 0
    fi
fi
echo "no chromium here: the browser tests are skipped (install the package 'chromium' to run them)"
