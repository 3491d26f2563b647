# SPDX-License-Identifier: GPL-3.0-or-later
#
# The manifest of the flatpak as far as no network is needed: an extension of GIMP 3 within its own
# prefix, every source pinned by its checksum.  Usage: test_flatpak.py MANIFEST METAINFO.  Prints TAP.
import json
import re
import sys
from pathlib import Path

manifest = json.loads(Path(sys.argv[1]).read_text(encoding='utf-8'))
prefix = manifest['build-options']['prefix']
modules = {module['name']: module for module in manifest['modules']}
sources = [source for module in modules.values() for source in module['sources']]
pinned = [source for source in sources
          if source['type'] == 'archive' and re.fullmatch(r'[0-9a-f]{64}', source.get('sha256', ''))
          and source['url'].startswith('https://')]
own = [source for source in sources if source['type'] == 'dir']
options = modules['edt']['config-opts']
checks = {
    'an extension of GIMP 3': manifest['build-extension'] and manifest['branch'] == '3'
    and manifest['runtime'] == 'org.gimp.GIMP',
    'its id is that of the metainfo': f"<id>{manifest['id']}</id>"
    in Path(sys.argv[2]).read_text(encoding='utf-8').replace(' ', ''),
    'within its own prefix': prefix == '/app/extensions/EDT'
    and f'-Dgimpplugindir={prefix}/plug-ins' in options,
    'every source is pinned or this checkout': len(pinned) + len(own) == len(sources) and len(own) == 1
    and (Path(sys.argv[1]).parent / own[0]['path'] / 'meson.build').is_file(),
    'the project comes last': list(modules)[-1] == 'edt',
}
print(f'1..{len(checks)}')
for number, (name, good) in enumerate(checks.items(), 1):
    print(f'{"ok" if good else "not ok"} {number} {name}')
