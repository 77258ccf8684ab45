# What the build needs beside cargo: found by trying the thing itself, installed by the system's package manager.
# Sourced by the scripts beside it. Entry point: ensure_tools NAME...
# shellcheck shell=bash
#
# Lists of tools and packages are words in plain strings, split where they are used.
# shellcheck disable=SC2086,SC2046
#
# Never installs libunicorn: the build compiles its own copy (see .cargo/config.toml).

# One row a tool: name | why | its packages by manager.
tool_table() {
    cat <<'TABLE'
cc         | compiles LuaJIT, Unicorn and Capstone (C)            | apt-get=gcc,libc6-dev dnf=gcc pacman=gcc apk=gcc,musl-dev zypper=gcc brew=gcc
c++        | compiles libFuzzer for the fuzz targets (C++)        | apt-get=g++ dnf=gcc-c++ pacman=gcc apk=g++ zypper=gcc-c++ brew=gcc
make       | runs the build of Unicorn                            | apt-get=make dnf=make pacman=make apk=make zypper=make brew=make
cmake      | configures the build of Unicorn, the emulator        | apt-get=cmake dnf=cmake pacman=cmake apk=cmake zypper=cmake brew=cmake
pkg-config | asked for by Unicorn's configure script              | apt-get=pkg-config dnf=pkgconf-pkg-config pacman=pkgconf apk=pkgconf zypper=pkg-config brew=pkgconf
clang      | compiles LuaJIT with counters in its control flow    | apt-get=clang dnf=clang pacman=clang apk=clang zypper=clang brew=llvm
libclang   | reads Unicorn's C headers (bindgen), with clang's own| apt-get=libclang-dev dnf=clang-devel pacman=clang apk=clang-dev zypper=clang-devel brew=llvm
TABLE
}

say() { printf '%s\n' "$*" >&2; }

# Installs what is missing of the named tools, saying what and why; silent when all is there. Exits 2 when it can't.
ensure_tools() {
    require_linux
    require_cargo
    use_brews_libclang
    local missing
    missing=$(missing_of "$@")
    [ -z "$missing" ] && return 0

    say "The build needs tools that this machine does not have:"
    local tool
    for tool in $missing; do say "  $tool: $(column "$tool" 2)"; done
    install_packages $missing

    use_brews_libclang
    missing=$(missing_of "$@")
    [ -z "$missing" ] && return 0
    say "Installed, but still not usable: $missing"
    say "Put them on the PATH (for libclang: set LIBCLANG_PATH to the folder that holds it) and run this again."
    exit 2
}

require_linux() {
    [ "$(uname -sm)" = "Linux x86_64" ] && return 0
    say "tracehound runs on Linux on x86_64 only; this is $(uname -sm)."
    exit 2
}

require_cargo() {
    command -v cargo >/dev/null 2>&1 && return 0
    say "cargo is missing: tracehound is built with a Rust toolchain. Install one from https://rustup.rs and run this again."
    exit 2
}

missing_of() {
    local tool
    for tool in "$@"; do has_tool "$tool" || printf '%s ' "$tool"; done
}

has_tool() {
    case "$1" in
    cc) compiles "${CC:-cc}" c ;;
    c++) compiles "${CXX:-c++}" c++ ;;
    make) command -v make >/dev/null 2>&1 || command -v ninja >/dev/null 2>&1 ;;
    pkg-config) command -v "${PKG_CONFIG:-pkg-config}" >/dev/null 2>&1 ;;
    libclang) has_libclang && has_clang_headers ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

# A compiler without the C library's headers is as good as none.
compiles() {
    local header=stdio.h
    [ "$2" = c++ ] && header=vector
    # Unquoted: CC may hold a launcher and flags.
    $1 -x "$2" -c -o /dev/null - <<<"#include <$header>" >/dev/null 2>&1
}

# Looks where the build will look: LIBCLANG_PATH, llvm-config, the usual folders.
has_libclang() {
    local dir file
    for dir in "${LIBCLANG_PATH:-}" "$(llvm-config --libdir 2>/dev/null || true)" $(library_folders); do
        [ -f "$dir" ] && return 0
        for file in "$dir"/libclang.so* "$dir"/libclang-[0-9]*.so*; do
            [ -e "$file" ] && return 0
        done
    done
    return 1
}

library_folders() {
    printf '%s\n' /usr/lib* /usr/lib*/* /usr/lib*/*/lib /usr/local/lib* /usr/local/lib*/* /usr/local/llvm*/lib
}

# brew keeps LLVM out of the folders that are searched.
use_brews_libclang() {
    [ -z "${LIBCLANG_PATH:-}" ] && command -v brew >/dev/null 2>&1 || return 0
    local lib
    lib=$(brew --prefix 2>/dev/null)/opt/llvm/lib
    if [ -e "$lib/libclang.so" ]; then export LIBCLANG_PATH=$lib; fi
}

# libclang alone can't find stdbool.h and its like: they are part of clang, in another package on some systems.
has_clang_headers() {
    [ -n "${BINDGEN_EXTRA_CLANG_ARGS:-}" ] && return 0
    clang -fsyntax-only -x c - <<<"#include <stdbool.h>" >/dev/null 2>&1 && return 0
    local dir file
    for dir in "${LIBCLANG_PATH:-}" $(library_folders); do
        for file in "$dir"/clang/*/include/stdbool.h "$dir"/lib/clang/*/include/stdbool.h "$dir"/*/include/stdbool.h; do
            [ -e "$file" ] && return 0
        done
    done
    return 1
}

# Column $2 (from 1) of tool $1's row.
column() {
    tool_table | awk -F'|' -v tool="$1" -v n="$2" '{ t = $1; gsub(/ /, "", t) } t == tool { gsub(/^ +| +$/, "", $n); print $n }'
}

# The packages of the tools $2... in manager $1's names, each once.
packages_for() {
    local manager=$1 tool
    shift
    for tool in "$@"; do
        column "$tool" 3 | tr ' ' '\n' | sed -n "s/^$manager=//p" | tr ',' '\n'
    done | awk '!seen[$0]++' | tr '\n' ' ' | sed 's/ $//'
}

install_packages() {
    local manager packages sudo
    manager=$(package_manager)
    if [ -z "$manager" ]; then
        say "No package manager that this script knows (apt-get, dnf, pacman, apk, zypper, brew)."
        say "Install them by hand; Debian calls the packages: $(packages_for apt-get "$@")"
        exit 2
    fi
    packages=$(packages_for "$manager" "$@")
    if ! sudo=$(become_root "$manager"); then
        say "Installing needs root, and there is no sudo. As root, run: $(install_command "$manager") $packages"
        exit 2
    fi
    say "Installing: ${sudo:+$sudo }$(install_command "$manager") $packages"
    if [ "$manager" = apt-get ]; then
        # Package lists may be missing or old. A failure is no end: one broken source must not stop the install.
        $sudo apt-get update -qq </dev/null >&2 || true
    fi
    if ! $sudo env DEBIAN_FRONTEND=noninteractive $(install_command "$manager") $packages </dev/null >&2; then
        say "$manager failed. Install by hand: $packages"
        exit 2
    fi
}

package_manager() {
    local manager
    for manager in apt-get dnf pacman apk zypper brew; do
        if command -v "$manager" >/dev/null 2>&1; then
            echo "$manager"
            break
        fi
    done
}

install_command() {
    case "$1" in
    apt-get) echo "apt-get install -y --no-install-recommends" ;;
    dnf) echo "dnf install -y" ;;
    pacman) echo "pacman -S --needed --noconfirm" ;;
    apk) echo "apk add" ;;
    zypper) echo "zypper --non-interactive install" ;;
    brew) echo "brew install" ;;
    esac
}

# Prints the prefix that gives root's rights: nothing for root and for brew, which refuses them. Fails if there is none.
become_root() {
    [ "$1" = brew ] && return 0
    [ "$(id -u)" = 0 ] && return 0
    command -v sudo >/dev/null 2>&1 || return 1
    # Without a terminal nobody can type a password.
    if [ -t 0 ]; then echo "sudo"; else echo "sudo -n"; fi
}
