#!/bin/sh
# Install the programs that tests drive: as root by apt, otherwise say what will be skipped and how to get it.
# With CI=true a program that is missing at the end is a failure.
set -eu
PATH=$PATH:/usr/sbin

has_program() {
    case $1 in
        chromium) command -v chromium >/dev/null || command -v google-chrome >/dev/null || playwright_has_one ;;
        postgresql) ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

playwright_has_one() {
    .venv/bin/python -c '
import sys
from pathlib import Path
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    sys.exit(not Path(playwright.chromium.executable_path).exists())' 2>/dev/null
}

missing() {
    for program in chromium redis-server nginx postgresql mosquitto; do
        has_program "$program" || printf ' %s' "$program"
    done
}

wanted=$(missing)
[ -n "$wanted" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "test: installing$wanted"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    for program in $wanted; do
        # Ubuntu's chromium is a snap, which does not run everywhere; Playwright has one that does.
        if [ "$program" = chromium ] && grep -q '^ID=ubuntu' /etc/os-release; then
            .venv/bin/python -m playwright install --with-deps chromium >/dev/null
            continue
        fi
        # Tests start their own servers; the packages must not start theirs.
        RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "$program" >/dev/null ||
            echo "test: apt could not install $program" >&2
    done
    wanted=$(missing)
    [ -n "$wanted" ] || exit 0
fi

echo "test: not here:$wanted. Tests that need them will be skipped." >&2
echo "test: get them with: sudo apt-get install$wanted" >&2
if [ "${CI:-}" = true ]; then
    echo "test: CI=true, so nothing may be skipped" >&2
    exit 1
fi
