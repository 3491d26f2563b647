# SPDX-License-Identifier: GPL-3.0-or-later
#
# Who may include whom.  Reads the #include lines of every room and names each one that points up,
# each #ifdef for a device or an instruction set outside its rooms, each file written past the writers
# of core/saving.h, and each file without its licence line.  The table below is the design;
# CONTRIBUTING.md draws it.  Proved by test_layers.py.
import re
from pathlib import Path

# What each room may include besides itself and the public header.  "core" means the files right
# under core/: the journey, what is asked and what comes out.
BELOW = {
    'base': set(),
    'files': {'base'},
    'compute': {'base'},
    'cpu': {'compute', 'base'},
    'cuda': {'compute', 'base'},
    'network': {'compute', 'base'},
    'vae': {'compute', 'base'},
    'sample': {'network', 'compute', 'base'},
    'model': {'network', 'vae', 'files', 'base'},
    'engine': {'model', 'sample', 'network', 'vae', 'files', 'compute', 'base'},
    'core': {'engine', 'model', 'sample', 'network', 'vae', 'files', 'compute', 'base'},
    'train': {'model', 'sample', 'network', 'vae', 'files', 'cpu', 'compute', 'base'},
    'cli': set(),
    'session': set(),
    'ui': {'session'},
    'plugin': {'ui', 'session'},
}

# Single files that may do more: the one that chooses a backend knows the one that is linked in.
ALSO_BELOW = {'core/compute/backend.c': {'cpu'}}

EVERYONE = set(BELOW)
APPLICATIONS = {'cli', 'session', 'ui', 'plugin'}
PUBLIC = {  # header -> rooms that may read it
    'core/edt.h': EVERYONE,
    'core/asked.h': EVERYONE,  # which edt.h includes
    'core/settings.h': {'model', 'core', 'train'} | APPLICATIONS,
    'core/record.h': {'core'} | APPLICATIONS,
    'core/canvas.h': {'core'} | APPLICATIONS,
    'core/catalogue.h': {'model', 'core'} | APPLICATIONS,
    'core/machine.h': {'files', 'compute', 'cpu', 'train', 'engine', 'core'} | APPLICATIONS,
    'core/saving.h': {'files', 'model', 'core', 'train'} | APPLICATIONS,
    'core/history.h': {'core'} | APPLICATIONS,
    'core/train.h': {'train', 'cli'},
    # how a program begins: before it has anything else of core/
    'core/base/installed.h': EVERYONE,
    'core/base/module.h': EVERYONE - {'cli', 'ui'},
    'core/base/waiting.h': {'base', 'cli', 'plugin'},
}

FOREIGN = [  # library headers -> rooms that may use them
    (re.compile(r'libgimp'), {'plugin'}),
    (re.compile(r'(gtk|gdk)/'), {'ui', 'plugin'}),
    (re.compile(r'(cuda|cublas|nvrtc)'), {'cuda'}),
    (re.compile(r'(\w*intrin|arm_neon|arm_sve)\.h'), {'cpu'}),
    (re.compile(r'mpi\.h'), {'train'}),
]

WRITERS = re.compile(r'\b(g_file_set_contents(_full)?|g_key_file_save_to_file|gdk_pixbuf_savev?)\s*\(')

DEVICE = re.compile(
    r'__(SSE|AVX|FMA|F16C|BMI|AMX|ARM|NEON|CUDA|NVCC|HIP)\w*|__(x86_64|i[3-6]86|amd64|aarch64|arm|'
    r'riscv|powerpc64)(__)?\b|_M_(X64|IX86|ARM64)|\b(EDT_|HAVE_|WITH_|USE_)?(CUDA|AVX|SSE|NEON)\w*')
DEVICE_ROOMS = {'cpu', 'cuda'}
DEVICE_FILES = {'core/compute/backend.c'}

SPDX = 'SPDX-License-Identifier: GPL-3.0-or-later'
SOURCES = {'.c', '.h', '.cu', '.cuh', '.inc'}
SCRIPTS = {'', '.sh', '.py', '.awk'}
ROOMS = ['core', 'cuda', 'cli', 'session', 'ui', 'plugin']
OTHERS = ['tests', 'tools', 'data', 'po', '.ci']  # own work too, but not layered


def room_of(path):
    """Room of a path relative to the checkout: core/files/png.c -> files, core/edt.c -> core."""
    parts = path.parts
    return parts[1] if parts[0] == 'core' and len(parts) > 2 else parts[0]


def resolve(root, source, name):
    """The included file, relative to the checkout; None for one that the build makes."""
    for folder in (root / source.parent, root / 'core', root):
        target = folder / name
        if target.is_file():
            return target.resolve().relative_to(root.resolve())
    return None


def check_include(root, source, room, name):
    target = resolve(root, source, name)
    if target is None:  # made by the build, or gone: the path still says whose it is
        first = Path(name).parts[0]
        there = first if '/' in name and first in BELOW else room
    elif target.as_posix() in PUBLIC:
        allowed = room in PUBLIC[target.as_posix()]
        return None if allowed else f'includes "{name}", which is not for {room}/'
    else:
        there = room_of(target)
    below = BELOW[room] | ALSO_BELOW.get(source.as_posix(), set())
    if there == room or there in below:
        return None
    known = ', '.join(sorted(below)) or 'nothing but edt.h'
    return f'includes "{name}", but {room}/ stands on {known}'


def check_foreign(room, name):
    for pattern, rooms in FOREIGN:
        if pattern.match(name) and room not in rooms:
            return f'includes <{name}>, which only {", ".join(sorted(rooms))} may use'
    return None


def check_device(source, room, line):
    if room in DEVICE_ROOMS or source.as_posix() in DEVICE_FILES:
        return None
    word = DEVICE.search(line)
    return f'asks for {word[0]} in the preprocessor; move it into cpu/ or cuda/' if word else None


def check_line(root, source, room, line):
    include = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
    if include and include[1] == '"':
        return check_foreign(room, include[2]) or check_include(root, source, room, include[2])
    if include:
        return check_foreign(room, include[2])
    writer = WRITERS.search(line)
    if writer:
        return f'writes a file with {writer[1]}(); the writers are core/saving.h'
    if re.match(r'\s*#\s*(if|ifdef|ifndef|elif|elifdef)\b', line):
        return check_device(source, room, line)
    return None


def check_includes(root, source):
    """Faults of one file of a room, each as "path:line: sentence"."""
    room = room_of(source)
    if room not in BELOW:
        return [f'{source}:1: {room}/ is no room of the house; add it to tests/layers/layers.py']
    text = (root / source).read_text(encoding='utf-8', errors='replace')
    faults = []
    for number, line in enumerate(text.replace('\\\n', ' ').split('\n'), start=1):
        fault = check_line(root, source, room, line)
        if fault:
            faults.append(f'{source}:{number}: {fault}')
    return faults


def check_licence(root, source):
    with open(root / source, encoding='utf-8', errors='replace') as file:
        head = [file.readline() for _ in range(2)]
    if SPDX in head[0] or head[0].startswith('#!') and SPDX in head[1]:
        return []
    return [f'{source}:1: the first line (or the one after #!) has to say "{SPDX}"']


def files_under(root, tops, suffixes):
    for top in tops:
        for path in sorted((root / top).rglob('*')):
            if path.suffix in suffixes and path.is_file():
                yield path.relative_to(root)


def is_script(root, source):
    """Files without a suffix count where they begin with #!; data folders hold other such files."""
    return source.suffix != '' or (root / source).read_bytes()[:2] == b'#!'


def check_tree(root):
    """(number of files read, faults)"""
    sources = list(files_under(root, ROOMS, SOURCES))
    scripts = list(files_under(root, ROOMS + OTHERS, SCRIPTS))
    licensed = sources + list(files_under(root, OTHERS, SOURCES))
    licensed += [script for script in scripts if is_script(root, script)]
    faults = [fault for source in sources for fault in check_includes(root, source)]
    faults += [fault for source in licensed for fault in check_licence(root, source)]
    return len(licensed), faults
