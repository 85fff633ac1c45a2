#!/bin/sh
# The browser tests need a Chromium. Install Debian's where that is allowed, and say what to do where there is none.
# The headless shell is the same browser without the parts that draw its windows, and faster.
set -u
if command -v chromium-headless-shell >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing Chromium's headless shell for the browser tests"
    if apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium-headless-shell fonts-dejavu-core >/dev/null; then
        exit 0
    fi
fi
if command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1; then
    exit 0
fi
echo "no Chromium here: the browser tests are skipped (install 'chromium-headless-shell' or 'chromium' to run them)"
