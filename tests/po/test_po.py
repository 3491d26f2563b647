# SPDX-License-Identifier: GPL-3.0-or-later
#
# The catalogues of po/: complete against the sources as they are now, right in their formats, and
# without two equal mnemonics in one dialog.  Usage: test_po.py SOURCE-ROOT.  Prints TAP.
import ast
import gettext
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent.parent))
from report import Report  # noqa: E402

ROOMS = ('core', 'cuda', 'plugin', 'session', 'ui')
MARKED = re.compile(r'\b(?:_|N_|C_|NC_|g_dngettext|g_dpgettext2|ngettext) ?\(')
KEYWORDS = ['_', 'N_', 'C_:1c,2', 'NC_:1c,2', 'g_dngettext:2,3', 'g_dpgettext2:2c,3', 'ngettext:1,2']

# What is on the screen at once.  "Keep" appears while all settings are insensitive.
DIALOGS = {
    'dialog': ['plugin/dialog.c', 'ui/panel.c', 'ui/picker.c', 'ui/knobs.c', 'ui/mix.c', 'ui/models.c',
               'ui/start.c', 'ui/strip.c', 'ui/place.c', 'ui/styles.c'],
    'import': ['ui/importer.c']}
ONE_BUTTON = [{'_Generate', '_Generate again', '_Generate %d draft'}, {'_Cancel', '_Close'}]
KEEP = '_Keep'
OF_GIMP = ['_Reset', '_Load Saved Settings', '_Save Settings', '_Help']

# The dialogs of plugin/ask.c: GIMP's own, with rows of ours.
SMALL = re.compile(r'^(?:GimpValueArray \*edt_plugin_|gboolean edt_)(\w+?)(?:_with|_ask)?\([^{]*\{\s*'
                   r'static const char \*const rows\[\] = \{([^}]*)\}', re.M)
OF_TABLE = re.compile(r'\{"([a-z-]+)", A_[^"]*N_\("([^"]*)"\)')
OF_CALL = re.compile(r'"([a-z-]+)",\s*_\("([^"]*)"\)')
OF_SETTING = re.compile(r'\{"([a-z_]+)", N_\("([^"]*)"\)\}')  # of session/words.c
GENERATE, CANCEL = '_Generate', '_Cancel'

report = Report()
check = report.check


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    return done.returncode == 0, done.stdout + done.stderr


def words(path):
    """The lines of a list without comments."""
    return [line for line in path.read_text().split('\n') if line and not line.startswith('#')]


def entries(po):
    """(sources, msgctxt, msgid, first msgstr) of every message."""
    good, text = run('msgattrib', '--no-wrap', '--no-obsolete', po)
    assert good, text
    for block in text.split('\n\n'):
        sources, field = [], {}
        for line in block.split('\n'):
            if line.startswith('#: '):
                sources += [ref.rsplit(':', 1)[0] if ref[-1].isdigit() else ref
                            for ref in line[3:].split()]
            match = re.match(r'(msgctxt|msgid|msgstr(?:\[0\])?) (".*")$', line)
            if match:
                field[match[1]] = name = ast.literal_eval(match[2])
            elif line.startswith('"'):  # a text with line breaks
                field[list(field)[-1]] += ast.literal_eval(line)
        if field.get('msgid'):
            yield (sources, field.get('msgctxt'), field['msgid'],
                   field.get('msgstr', field.get('msgstr[0]')))


def mnemonic(label):
    match = re.search(r'(?<![A-Z]{2})_(\w)', label)  # not EDT_PROGRAM
    return match and match[1].lower()


def gimps_own(language, *more):
    """Mnemonics that GimpProcedureDialog uses, in GIMP's own translation; none where that is not
    installed, for the dialog would not be in this language then."""
    if language != 'en' and not gettext.find('gimp30-libgimp', languages=[language]):
        return []
    catalogue = gettext.translation('gimp30-libgimp', languages=[language], fallback=True)
    return [(text, mnemonic(catalogue.gettext(text))) for text in [*OF_GIMP, *more]]


def small_dialogs(root):
    """name -> msgids of its rows.  An argument of a table goes before a common one."""
    declared = (root / 'plugin/arguments.c').read_text()
    settings = (root / 'session/words.c').read_text()
    nicks = (dict(OF_SETTING.findall(settings)) | dict(reversed(OF_CALL.findall(declared))) |
             dict(OF_TABLE.findall(declared)))
    return {name: [nicks[row] for row in re.findall(r'"([^"]+)"', rows)]
            for path in sorted(root.glob('plugin/*.c'))
            for name, rows in SMALL.findall(path.read_text())}


def check_small(language, messages, dialogs):
    texts = {msgid: text for _, context, msgid, text in messages if not context}
    for name, rows in dialogs.items():
        labels = [(msgid, mnemonic(texts[msgid])) for msgid in [*rows, GENERATE]]
        own = gimps_own(language, CANCEL)
        found = sorted(set(clashes(labels + own)) - set(clashes(own)))  # those are GIMP's
        check(f'{language}: mnemonics of the dialog of {name} differ', not found, '\n'.join(found))


def clashes(labels):
    """Pairs of (msgid, letter) with the same letter, except those of one button."""
    return [f'{a} and {b}: {letter}' for i, (a, letter) in enumerate(labels)
            for b, other in labels[i + 1:]
            if letter and letter == other and not any({a, b} <= names for names in ONE_BUTTON)]


def check_mnemonics(language, messages):
    for dialog, sources in DIALOGS.items():
        labels = sorted({(msgid, mnemonic(text)) for refs, context, msgid, text in messages
                         if not context and mnemonic(msgid) and set(refs) & set(sources)})
        settings = [label for label in labels if label[0] != KEEP]
        own = gimps_own(language) if dialog == 'dialog' else []
        question = [label for label in labels if label[0] in (KEEP, '_Cancel')] if own else []
        found = clashes(settings + own) + clashes(question + own)
        check(f'{language}: mnemonics of the {dialog} differ', labels and not found,
              '\n'.join(found))


def check_catalogue(language, po, template, scratch, dialogs):
    good, text = run('msgfmt', '--check', '--check-accelerators=_', '-o', scratch / 'out.mo', po)
    check(f'{language}: formats and mnemonics are there', good, text)
    good, text = run('msgcmp', po, template)  # untranslated and fuzzy ones are errors
    check(f'{language}: complete', good, text)
    messages = list(entries(po))
    check_mnemonics(language, messages)
    check_small(language, messages, dialogs)


def main():
    root = Path(sys.argv[1])
    if not shutil.which('xgettext'):
        report.skip_all('there is no xgettext')
    listed = words(root / 'po/POTFILES.in')
    marked = sorted(str(path.relative_to(root)) for room in ROOMS for path in root.glob(f'{room}/**/*.c')
                    if MARKED.search(path.read_text()))
    check('POTFILES.in lists every source with a string', listed == marked,
          '\n'.join(sorted(set(listed) ^ set(marked))))
    languages = words(root / 'po/LINGUAS')
    check('LINGUAS lists every catalogue',
          languages == sorted(po.stem for po in root.glob('po/*.po')), languages)
    dialogs = small_dialogs(root)
    check('the small dialogs are found', {'morph', 'scatter', 'brush', 'pattern'} <= set(dialogs),
          list(dialogs))
    with tempfile.TemporaryDirectory() as folder:
        scratch, template = Path(folder), Path(folder) / 'template.pot'
        good, text = run('xgettext', '--from-code=UTF-8', '-D', root, '-o', template,
                         *(f'--keyword={word}' for word in KEYWORDS), *marked)
        check('the strings can be collected', good, text)
        english = [(refs, context, msgid, msgid)
                   for refs, context, msgid, _ in entries(template)]
        check_mnemonics('en', english)
        check_small('en', english, dialogs)
        for language in languages:
            check_catalogue(language, root / f'po/{language}.po', template, scratch, dialogs)
    report.done()


main()
