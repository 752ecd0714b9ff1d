#!/usr/bin/env bash
# ./greensched demo on a fresh Debian, twice: a chroot with Python 3.11 and no venv module, JDK or Maven.
#
#   tests/packaging/fresh-debian.sh [FOLDER]     as root; needs debootstrap, about 1.5 GB and two minutes
#   KEEP=1 ...                                   leaves the chroot in FOLDER, to try more in it
#
# What is tested is the last commit. CI does not run this: it needs root, mounts and the package servers, and what comes
# out depends on what they hold that day. Run it by hand after a change to ./greensched or to what it installs.
# apt, pip and Maven of the chroot are configured as on this machine, so it works behind the same mirrors and proxies.
set -euo pipefail

# mounts in a namespace of their own end with this script, so that nothing of the host can be deleted through them
[ -n "${IN_NAMESPACE:-}" ] || IN_NAMESPACE=1 exec unshare --mount --propagation private -- bash "$0" "$@"

suite=bookworm
checkout="$(cd "$(dirname "$0")/../.." && pwd)"
fresh="${1:-$(mktemp -d)}"
clean_up() {
  [ -z "${KEEP:-}" ] || { echo "kept: $fresh"; return; }
  umount -R "$fresh"/{proc,sys,dev} 2>/dev/null || true
  rm -rf --one-file-system "$fresh"
}
trap clean_up EXIT

step() { printf '\n== %s\n' "$*"; }
within() { # within COMMAND: as root in the chroot, with nothing of this environment but proxies, certificates and pip's
  local pass=() name
  for name in $(compgen -e | grep -iE '^((https?|ftp|all|no)_proxy|SSL_CERT_|PIP_|MAVEN_)' | grep -v PIP_FIND_LINKS); do
    pass+=("$name=${!name}")
  done
  chroot "$fresh" env -i "${pass[@]}" HOME=/root LANG=C.UTF-8 PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    bash -euo pipefail -c "$1"
}

step "Debian $suite in $fresh"
mirror="$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' | sed -n "s/^$suite //p" | sort -u | head -n 1)"
[ -n "$mirror" ] || { echo "apt of this machine knows no mirror of $suite" >&2; exit 1; }
debootstrap --variant=minbase --include=python3,ca-certificates $suite "$fresh" "$mirror" >"$fresh.log" 2>&1 ||
  { tail "$fresh.log"; exit 1; }
rm -f "$fresh.log" "$fresh/etc/apt/sources.list"
for path in /etc/apt /usr/share/keyrings /usr/local/share/ca-certificates /etc/pip.conf /etc/resolv.conf /etc/hosts \
  "$HOME/.config/pip" "$HOME/.m2/settings.xml"; do
  [ ! -e "$path" ] || (cd / && cp -RL --parents ".$path" "$fresh")
done
for path in proc sys dev; do mount --rbind "/$path" "$fresh/$path"; done
within 'update-ca-certificates >/dev/null 2>&1'
mkdir "$fresh/root/greensched"
git -C "$checkout" archive HEAD | tar -x -C "$fresh/root/greensched"
within '! python3 -c "import ensurepip" 2>/dev/null && ! command -v java mvn'

for time in first second; do
  step "the $time ./greensched demo"
  started=$SECONDS
  within 'cd /root/greensched && ./greensched demo' 2>&1 | tee "$fresh/root/$time.txt"
  step "the $time demo took $((SECONDS - started)) s"
  report="$(sed -n 's/^report  *//p' "$fresh/root/$time.txt")"
  [ -n "$report" ] && [ -s "$fresh/root/greensched/$report" ] || { echo "no report" >&2; exit 1; }
done
! grep 'greensched: installing' "$fresh/root/second.txt" || { echo "the second start installed something" >&2; exit 1; }
step "passed"
