#!/bin/sh
# Makes .venv with everything the named extras need. As root on Debian, installs what the machine lacks;
# otherwise says in one sentence what to install, and exits 3.
#
#   scripts/bootstrap.sh run     what `make demo` needs
#   scripts/bootstrap.sh test    what `make test` needs as well: a browser, Chinese fonts, the test extras
set -eu
cd "$(dirname "$0")/.."
profile=${1:-run}

packages=""
need() { packages="$packages $1"; }
command -v python3 >/dev/null 2>&1 || need python3
python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || need python3-venv
if [ "$profile" = test ]; then
    command -v chromium >/dev/null 2>&1 || need chromium
    [ -n "$(find /usr/share/fonts -name 'NotoSansCJK*' -print -quit 2>/dev/null)" ] || need fonts-noto-cjk
    command -v useradd >/dev/null 2>&1 || need passwd
fi
if [ -n "$packages" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "installing:$packages" >&2
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq >&2
        # shellcheck disable=SC2086
        apt-get install -y -qq --no-install-recommends $packages >&2
    else
        echo "缺少系统软件包 / missing system packages: sudo apt-get install -y$packages" >&2
        exit 3
    fi
fi
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "需要 Python 3.11 或更新 / Python 3.11 or newer is needed: sudo apt-get install -y python3" >&2
    exit 3
}

[ "$profile" = test ] && extras=dev || extras=postgres
stamp=.venv/.bianmin-$profile-$(cat setup.cfg pyproject.toml | sha256sum | cut -c1-16)
[ -f "$stamp" ] && exit 0
[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[$extras]" >&2
rm -f .venv/.bianmin-"$profile"-*
touch "$stamp"
