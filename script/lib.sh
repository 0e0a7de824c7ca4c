# SPDX-License-Identifier: MIT
#
# What script/demo and script/test have in common. Sourced at the top of the checkout.

# What is built and installed must not be writable by a group: the programs would refuse it.
umask 022

say() { echo "$(basename "$0"): $*"; }

# The comment at the top of a script is its usage.
usage_of() {
  sed -n '4,/^[^#]/s/^# \{0,1\}//p' "$1"
  exit 0
}

# Runs a command; shows what it printed only if it fails.
quietly() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 || { cat "$log" >&2; say "failed: $*" >&2; exit 1; }
}

# Started as root, mail is delivered by this user.
service_user() { if [ "$(id -u)" -eq 0 ]; then echo nobody; else id -un; fi; }

# Whether the service user can enter a directory: below root's home, for one, it cannot.
is_reachable() { [ "$(id -u)" -ne 0 ] || setpriv --reuid=nobody --clear-groups test -x "$1"; }

# Installs what a preset has built, and prints into which private prefix. What somebody else has installed is not ours to
# change, and the programs would refuse his plugins: then it is a prefix of our own. What is called for what it prints is
# not ended by `set -e`.
install_prefix() {
  local prefix="build/$1/prefix"
  [ ! -e "$prefix" ] || [ -O "$prefix" ] || prefix+=".of-$(id -u)"
  cmake --install "build/$1" --prefix "$PWD/$prefix" >/dev/null || return
  echo "$prefix"
}

# Prints where a directory is for the service user: itself, or a copy where it can be reached.
reachable_copy() {
  local here copy remembered="$1.copy"
  here=$(realpath "$1")
  if is_reachable "$here"; then
    echo "$here"
    return
  fi
  copy=$(cat "$remembered" 2>/dev/null || true)
  if [ ! -d "$copy" ] || [ "$(stat -c %u "$copy")" -ne 0 ]; then
    copy=$(mktemp -d /var/tmp/pigeon.XXXXXX)
    chmod 755 "$copy"
    echo "$copy" >"$remembered"
  fi
  cp -R "$here/." "$copy/" || return
  say "the user nobody cannot reach $here: using a copy in $copy" >&2
  echo "$copy"
}
