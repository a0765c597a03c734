#!/usr/bin/env bash
# The runtime on an emulated 64-bit Arm CPU: README's first command on three CPUs, the answers of the embedded int8
# model beside those of this machine, and the tests that are named (tests/test_golden.py without a name).
#
#   tools/aarch64.sh [PYTEST ARGUMENTS]        as root, on Debian 12 or later, x86-64
#
# It needs  apt-get install qemu-user-static debootstrap python3-venv  and some 800 MB in .venv-aarch64 (or
# AARCH64_DIR). Nothing of the system is changed: Debian's arm64 packages are unpacked there, not installed, and the
# kernel is told how to start Arm programs within a namespace of this script alone (Linux 6.7 or later).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

checkout=$PWD
place=${AARCH64_DIR:-$checkout/.venv-aarch64}
root=$place/root
shared=${GLINER2_LITE_SHARED:-$checkout/../shared}
python=${PYTHON:-python3}
qemu=$(command -v qemu-aarch64-static || true)
fail() { printf 'tools/aarch64.sh: %s\n' "$*" >&2; exit 1; }
step() { printf '\n== %s (%ds)\n' "$*" "$SECONDS"; }

if [[ ${1-} == --inside ]]; then  # in the namespace: what the root directory needs, then the program
    shift
    mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc 2>/dev/null \
        || fail "this kernel has no binfmt_misc for namespaces: Linux 6.7 or later is needed"
    magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
    mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
    printf '%s' ":arm64:M::$magic:$mask:$qemu:F" >/proc/sys/fs/binfmt_misc/register
    for folder in proc sys dev; do mount --rbind "/$folder" "$root/$folder"; done
    mount --bind "$place/cpuinfo" "$root/proc/cpuinfo"
    mount --bind "$checkout" "$root/checkout"
    [[ ! -d $shared ]] || mount --bind "$shared" "$root/shared"
    exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/bin:/bin QEMU_CPU="$CPU" OMP_NUM_THREADS=1 \
        GLINER2_LITE_INSTALLED=1 GLINER2_LITE_SHARED=/shared PYTHONDONTWRITEBYTECODE=1 "$@"
fi

# arm CPU PROGRAM ARGUMENTS: run a program of the root directory on that CPU.
arm() {
    local cpu=$1 part=0xd08 count
    shift
    [[ $cpu != cortex-a76 ]] || part=0xd0b
    count=$(nproc --all)
    # onnxruntime's library for CPU features crashes on the x86 text that the emulator would show it.
    for ((number = 0; number < count; number++)); do
        printf 'processor\t: %d\nFeatures\t: fp asimd evtstrm crc32 cpuid\nCPU implementer\t: 0x41\n' "$number"
        printf 'CPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: %s\nCPU revision\t: 3\n\n' "$part"
    done >"$place/cpuinfo"
    CPU=$cpu unshare --user --map-root-user --mount --fork bash tools/aarch64.sh --inside "$@"
}

((EUID == 0)) || fail "must run as root (it enters another root directory)"
[[ -n $qemu ]] && command -v debootstrap >/dev/null \
    || fail "needs two programs: apt-get install qemu-user-static debootstrap"
# shellcheck source=/dev/null
suite=$(. /etc/os-release && printf %s "${VERSION_CODENAME-}")
[[ -e /etc/debian_version && -n $suite ]] || fail "needs Debian: it takes Debian's arm64 packages"

mkdir -p "$place"
if [[ ! -e $place/unpacked ]]; then
    step "Debian's arm64 packages"
    rm -rf --one-file-system "$root"
    debootstrap --foreign --arch=arm64 --variant=minbase --include=python3-venv "$suite" "$root" >"$place/log" \
        || { tail "$place/log"; exit 1; }
    # The second stage would run Arm programs to configure a system; unpacked files are enough for Python.
    for package in "$root"/var/cache/apt/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -C "$root" --keep-directory-symlink -xf -
        rm "$package"
    done
    [[ ! -L $root/proc ]] || rm "$root/proc"  # a link in containers, which would lead to itself
    mkdir -p "$root"/{proc,sys,dev,checkout,shared,wheels}
    touch "$place/unpacked"
fi

target=$(basename "$(readlink "$root/usr/bin/python3")")
"$python" -c "import sys; sys.exit('python%d.%d' % sys.version_info[:2] != '$target')" \
    || fail "PYTHON=$python is not $target, which the Arm packages have: markers of the lock would differ"

step "the runtime's wheel, and aarch64 wheels by the hashes of requirements/dev.txt"
rm -rf "$root/wheels" "$root/venv" "$place/venv"
"$python" -m venv "$place/venv"
"$place/venv/bin/pip" install -q --require-hashes -r requirements/dev.txt
"$place/venv/bin/python" -m build --wheel --outdir "$root/wheels" . >"$place/log" 2>&1 || { tail "$place/log"; exit 1; }
"$place/venv/bin/pip" install -q --no-deps "$root"/wheels/gliner2_lite-*.whl
platforms=(--platform manylinux2014_aarch64)
for ((minor = 17; minor <= 36; minor++)); do platforms+=(--platform "manylinux_2_${minor}_aarch64"); done
"$place/venv/bin/pip" download -q --dest "$root/wheels" --only-binary=:all: "${platforms[@]}" \
    --require-hashes -r requirements/dev.txt
arm max sh -c 'python3 -m venv /venv && cd /checkout && /venv/bin/pip install -q --no-index --find-links /wheels \
    --require-hashes -r requirements/dev.txt && /venv/bin/pip install -q --no-deps /wheels/gliner2_lite-*.whl'

step "README's first command"
text="Apple CEO Tim Cook announced iPhone 15 in California yesterday."
command=(extract "$text" --entities company,person,product,location)
expected=$("$place/venv/bin/gliner2-lite" "${command[@]}")
printf '%s  %s\n' "$(uname -m)" "$expected"
for cpu in cortex-a72 cortex-a76 max; do
    answer=$(arm "$cpu" /venv/bin/gliner2-lite "${command[@]}")
    printf 'aarch64, %s  %s\n' "$cpu" "$answer"
    [[ $answer == "$expected" ]] || fail "the answer on $cpu is another one"
done

step "int8 answers on the held-out texts of the exporter, here and on cortex-a72"
"$place/venv/bin/python" tools/int8_answers.py write "$place/native.json"
arm cortex-a72 /venv/bin/python /checkout/tools/int8_answers.py write /wheels/aarch64.json
"$place/venv/bin/python" tools/int8_answers.py compare "$place/native.json" "$root/wheels/aarch64.json"

(($#)) || set -- tests/test_golden.py
step "tests on cortex-a72: $*"
arm cortex-a72 sh -c 'cd /checkout && exec /venv/bin/pytest -q -p no:cacheprovider --durations=5 "$@"' - "$@"
step "all passed"
