# SPDX-License-Identifier: GPL-3.0-or-later
#
# The dialog as somebody uses it, through the accessibility tree of a GIMP under Xvfb.  Screenshots
# are kept in SCRATCH/shots.  Usage: test_dialog.py SCRATCH EDT PLUGIN-FOLDER CHECKPOINT VAE [TEST...],
# where TEST is one of TESTS, all of which are run by default, of SMALL, which have a small screen, or
# of ALONE.
import os
import shutil
import signal
import subprocess
import sys
import traceback
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from session import Report, Session, give_styles  # noqa: E402
try:
    import desktop as d
    from again import test_again
    from candidates import needed_of_candidates, test_candidates
    from earlier import make_foreign, repeat_last, restore, restore_large_seeds
    from german import test_german
    from keyboard import test_keyboard
    from meanwhile import test_meanwhile
    from mix import needed_of_mix, test_mix
    from series import test_series
    from start import needed_of_start, test_start
    from styles import styles
    from gimp import Gimp, choose_file
except (ImportError, ValueError):  # main() skips then
    d = None

NEEDED = ['gimp-3', 'Xvfb', 'openbox', 'dbus-run-session', 'import', 'compare']


def gpu_of(session):
    return subprocess.run([session.edt, 'info', '--backend', 'cuda'], capture_output=True,
                          text=True).stdout


def test_whole_run(session, report):
    """Open from the menu, choose by typing, generate, watch, undo, again, cancel."""
    make_foreign(session)
    shutil.copy(session.root / 'bare.safetensors', session.root / 'models/zebra.safetensors')
    give_styles(session.root / 'models/tiny.safetensors', session.root / 'models/zoo.safetensors',
                ['flat', 'ink'])
    gimp = Gimp(session, report, session.root / 'out/ground.png')
    gimp.open_dialog()
    gimp.shot('1-dialog')
    check_names(gimp)
    with gimp.more_settings('More settings', 'Sampler', 'Backend', 'Precision'):
        if 'cuda  usable' not in gpu_of(session):
            d.wait(lambda: d.find(gimp.dialog, 'label', 'No GPU is used: '), 'why')
        report.check('it says why there is no GPU', True)
        gimp.shot('1-more-settings')
        check_names(gimp)

    follow_model(gimp)
    gimp.search('retr')
    d.wait(lambda: d.find(gimp.dialog, 'label', 'golden retriever'), 'the class')
    report.check('typing chooses the class', True)
    gimp.set('Steps', 600)
    gimp.press('New seed every time')
    gimp.set('Seed', 42)
    gimp.press('Generate')
    gimp.wait_ready()
    gimp.wait_layers(2, 'the layer')
    report.check('the layer appears', True)
    gimp.shot('3-done')
    d.wait(lambda: gimp.thumbnail('golden retriever, seed 42'), 'its thumbnail')
    report.check('the history strip shows it', True)

    d.press(gimp.menu_item('Undo'))
    gimp.wait_layers(1, 'undo')
    report.check('one undo takes it away', True)

    enter(gimp)
    keep_cell(gimp)
    cancel_and_keep(gimp)
    cancel_and_discard(gimp)
    several(gimp)
    restore(gimp)
    restore_large_seeds(gimp)
    styles(gimp)
    gimp.close()
    repeat_last(gimp)
    noise = gimp.quit()
    report.check('nothing on stderr', not noise, noise)


def check_names(gimp):
    """Every widget that takes the focus has a name for a screen reader."""
    roles = ('button', 'push button', 'toggle button', 'check box', 'spin button', 'combo box',
             'text', 'entry', 'progress bar', 'table', 'tree table')
    nameless = [w.get_role_name() for w in d.walk(gimp.dialog)
                if w.get_role_name() in roles and not w.get_name() and
                w.get_state_set().contains(d.Atspi.StateType.SHOWING)]
    gimp.report.check('every widget has a name', not nameless, nameless)


def follow_model(gimp):
    """A guidance that was not chosen is the one that the model recommends; one that was, stays."""
    report = gimp.report
    tiny, zebra = 0, 2  # the first one found; the last but one of the list
    models = d.find(gimp.dialog, 'combo box', 'Model')
    with gimp.more_settings('More settings', 'Precision'):
        follow_guidance(gimp, models, tiny, zebra)
    gimp.wait_ready('the model')


def follow_guidance(gimp, models, tiny, zebra):
    report = gimp.report
    report.check('the guidance is what the model recommends', gimp.get('Guidance') == 3,
                 gimp.get('Guidance'))
    d.choose(models, zebra)
    d.wait(lambda: gimp.get('Guidance') == 4, 'the usual guidance')
    d.choose(models, tiny)
    d.wait(lambda: gimp.get('Guidance') == 3, 'the recommended guidance')
    gimp.set('Guidance', 5)
    d.choose(models, zebra)
    d.wait(lambda: d.find(gimp.dialog, 'label', 'EDT custom, '), 'the other model')
    report.check('and follows it until one is chosen', gimp.get('Guidance') == 5)
    d.choose(models, tiny)
    gimp.set('Guidance', 3)


def enter(gimp):
    """Enter, at once after the last letter: what was typed is made, or nothing."""
    files = len(gimp.session.history())
    gimp.set('Steps', 4)
    d.press(gimp.search('wolpertinger'))
    d.wait(lambda: d.find(gimp.dialog, 'label', 'No class is called that'), 'a sentence')
    d.press(gimp.search('owl'))
    d.wait(lambda: gimp.thumbnail('barn owl, seed 42'), 'the owl')
    gimp.wait_ready()
    gimp.wait_layers(2, 'the owl')
    gimp.report.check('Enter makes what was typed, and nothing of an unknown class',
                      len(gimp.session.history()) == files + 1)


def keep_cell(gimp):
    """A class that stands in the grid twice, the first time as one of the recents."""
    gimp.search('')
    last = gimp.classes().get_child_count() - 5
    cells = gimp.classes().get_selection_iface()
    cells.select_child(0)
    d.wait(lambda: d.find(gimp.dialog, 'label', 'Any class'), 'any class')
    cells.select_child(last)
    d.wait(lambda: d.find(gimp.dialog, 'label', 'golden retriever'), 'the class')
    gimp.report.check('the cell stays where it was chosen', cells.is_child_selected(last))


def cancel_and_keep(gimp):
    report = gimp.report
    before = gimp.layers()
    gimp.set('Steps', 1000)
    gimp.press('Generate again')
    gimp.wait_step(5)
    gimp.press('Cancel')
    keep = gimp.button('Keep')
    gimp.shot('4-cancelled')
    there = gimp.bar().get_name()
    report.check('Cancel holds the run and asks', there.startswith('Step'), there)
    d.press(keep)
    gimp.wait_ready()
    gimp.wait_layers(before + 1, 'the kept layer')
    report.check('what was there is kept', True)


def stop(gimp, answer, *step):
    gimp.press('Generate again')
    gimp.wait_step(*step)
    gimp.press('Cancel')
    gimp.press(answer)
    gimp.wait_ready()


def cancel_and_discard(gimp):
    report = gimp.report
    before = gimp.layers()
    stop(gimp, 'Discard', 5)
    report.check('or thrown away', gimp.layers() == before, gimp.title())


def cancel_batches(gimp):
    """Ten pictures are two batches: stopped in the first one, and in the second one."""
    report, files, layers = gimp.report, len(gimp.session.history()), gimp.layers()
    gimp.set('Seed', 42)
    gimp.set('Pictures', 10)
    stop(gimp, 'Keep', 3, 'Pictures 1 to 8 of 10 · ')
    report.check('the running batch is kept', len(gimp.session.history()) == files + 8)
    layers += 9  # in a group
    gimp.wait_layers(layers, 'the kept batch')
    gimp.press('Next seed')
    d.wait(lambda: gimp.get('Seed') == 50, 'the next seed')
    report.check('and the next seed follows its last one', True)
    gimp.set('Steps', 500)
    stop(gimp, 'Discard', 1, 'Pictures 9 to 10 of 10 · ')
    report.check('a discarded run leaves its finished batch in the history',
                 len(gimp.session.history()) == files + 16 and gimp.layers() == layers,
                 f'{len(gimp.session.history()) - files} files, {gimp.title()}')
    d.wait(lambda: gimp.thumbnail('golden retriever, seed 57'), 'its thumbnail')
    report.check('and in the strip', True)
    gimp.set('Pictures', 1)


def several(gimp):
    """Eight pictures of a thousand steps: the tiny model takes long enough to be watched."""
    report = gimp.report
    gimp.set('Steps', 1000)
    gimp.set('Pictures', 8)
    before = gimp.layers()
    gimp.press('Generate again')
    watch(gimp)
    gimp.wait_ready()
    gimp.wait_layers(before + 9, 'the group')
    gimp.shot('5-eight')
    report.check('eight pictures at once', True)


def watch(gimp):
    report, shots = gimp.report, gimp.session.root / 'shots'
    gimp.wait_step(2)
    first = d.capture(gimp.preview(), shots / 'preview-a.png')
    at = d.value(gimp.bar())
    gimp.wait_step(400)
    second = d.capture(gimp.preview(), shots / 'preview-b.png')
    report.check('the progress moves', d.value(gimp.bar()) > at)
    report.check('settings can be changed meanwhile', d.sensitive(gimp.spin('Steps')))
    gimp.shot('2-running')
    report.check('the preview changes', d.difference(first, second) > 100)


def test_close_while_running(session, report):
    """No image; the window is closed in the middle; then a run that makes the image."""
    gimp = Gimp(session, report)
    gimp.open_dialog()
    report.check('at first the settings are the factory\'s', gimp.get('Steps') == 25,
                 gimp.get('Steps'))
    gimp.set('Steps', 4)
    gimp.close()
    gimp.open_dialog()
    report.check('the last settings are there', gimp.get('Steps') == 4, gimp.get('Steps'))
    files = len(session.history())
    with gimp.more_settings('More settings', 'Precision'):
        gimp.set('Guidance', 4)  # the usual one, where the model recommends another
    gimp.set('Steps', 1000)
    gimp.press('Generate')
    gimp.wait_step(3)
    d.keys('Escape')
    gimp.button('Go on')
    report.check('Escape holds the run and asks', True)
    at = gimp.bar().get_name()
    gimp.press('Go on')
    d.wait(lambda: gimp.bar().get_name() != at, 'the run to go on')
    report.check('and it can go on', True)
    d.keys('Alt', 'F4')
    gimp.wait_closed()
    report.check('closing the window ends the run', True)
    report.check('and leaves no picture', len(session.history()) == files)
    report.check('GIMP goes on', gimp.process.poll() is None)

    gimp.open_dialog()
    with gimp.more_settings('More settings', 'Precision'):
        report.check('settings survive a closed window',
                     gimp.get('Steps') == 1000 and gimp.get('Guidance') == 4, gimp.get('Guidance'))
    gimp.set('Steps', 4)
    gimp.press('Generate')
    d.wait(lambda: '128x128' in gimp.title(), 'a new image')
    gimp.wait_layers(1)
    report.check('without an image a new one is made', True)
    gimp.wait_ready()
    gimp.shot('7-no-image')
    gimp.set('Steps', 1000)
    gimp.press('Generate again')
    gimp.wait_step(3)
    os.kill(gimp.plugin.get_process_id(), signal.SIGTERM)
    gimp.wait_closed()
    report.check('a killed plug-in leaves GIMP and no layer', gimp.process.poll() is None and
                 gimp.layers() == 1, gimp.title())

    gimp.open_dialog()
    gimp.press('Generate')
    gimp.wait_step(3)
    gimp.process.kill()  # GIMP dies under the run
    gimp.process.wait()
    gimp.wait_closed()
    report.check('a killed GIMP takes the plug-in with it', True)
    gimp = Gimp(session, report)
    gimp.open_dialog()
    report.check('settings survive a killed GIMP', gimp.get('Steps') == 1000)
    gimp.close()
    gimp.quit()


def test_display_gone(session, report):
    """The display goes away under a run: what was finished stays, and nothing is left behind."""
    with d.display('1200x800') as (display, server):
        gimp = Gimp(session, report, session.root / 'out/ground.png', DISPLAY=display)
        gimp.open_dialog()
        gimp.set('Steps', 4)
        gimp.press('Generate')
        gimp.wait_layers(2)
        gimp.wait_ready()
        files = len(session.history())
        report.check('a picture is finished on a display of its own', files >= 1)
        gimp.set('Steps', 1000)
        gimp.press('Generate again')
        gimp.wait_step(3)
        server.kill()
        gimp.process.wait(d.PATIENCE)
        gimp.wait_closed()
    report.check('a display that goes away takes GIMP and the plug-in with it', True)
    report.check('and leaves the finished pictures', len(session.history()) == files)
    saved = session.root / 'gimp/plug-in-settings/GimpProcedureConfigRun-plug-in-edt-generate.last'
    report.check('settings survive it', '(steps 1000)' in saved.read_text(), saved.read_text())


def test_image_closed(session, report):
    """The image is closed while its picture is made: the picture comes in an image of its own."""
    gimp = Gimp(session, report, session.root / 'out/ground.png')
    gimp.open_dialog()
    gimp.search('golden retriever')
    gimp.press('New seed every time')
    gimp.set('Steps', 1000)
    gimp.press('Generate')
    gimp.wait_step(3)
    d.press(gimp.menu_item('Close View'))
    d.wait(lambda: 'ground' not in gimp.title(), 'the image to close')
    d.wait(lambda: '128x128' in gimp.title(), 'a new image')
    gimp.wait_ready()
    gimp.wait_layers(1)
    report.check('a picture whose image is gone gets a new one', True)
    d.wait(lambda: d.find(gimp.dialog, 'label', '“[ground] (imported)” was closed meanwhile'), 'why')
    report.check('and the dialog says why', True)
    cancel_batches(gimp)
    gimp.close()
    noise = gimp.quit()
    report.check('and nothing is said on stderr', not noise, noise)


def test_without_model(session, report):
    gimp = Gimp(session, report, EDT_MODEL_PATH=str(session.root / 'run'))
    gimp.open_dialog(ready=False)
    label = d.wait(lambda: d.find(gimp.dialog, 'label', 'There is no model'), 'the sentence')
    report.check('no model: told in a sentence', 'Import' in label.get_name())
    generate = gimp.button('Generate')
    report.check('and there is nothing to generate with', not d.sensitive(generate) and
                 gimp.bar().get_name() == 'No model that makes pictures', gimp.bar().get_name())
    gimp.shot('8-no-model')
    gimp.close()

    checkpoint, vae = os.environ['EDT_TEST_CHECKPOINT'], os.environ['EDT_TEST_VAE']
    model = session.root / f'data/edt/models/{Path(checkpoint).stem}.safetensors'
    model.parent.mkdir(parents=True, exist_ok=True)
    model.write_text('damaged')
    gimp.open_dialog(ready=False)
    said = d.wait(lambda: d.find(gimp.dialog, 'label', f'“{model}” cannot be used: '), 'why')
    report.check('a damaged model: told what is wrong with it', said is not None)
    window, start = open_import(gimp, Checkpoint=checkpoint)
    report.check('without a VAE: told before', d.find(window, 'label', 'Without an autoencoder'))
    d.press(start)
    d.wait(lambda: d.find(window, 'label', f'“{model}” exists already'), 'the refusal')
    tick_replace(window)
    gimp.shot('9-import')
    d.press(start)
    d.wait(lambda: d.find(gimp.dialog, 'label', 'EDT custom, '), 'the imported model')
    report.check('it can be replaced', not d.sensitive(gimp.button('Generate')))  # has no VAE
    window, start = open_import(gimp, Checkpoint=checkpoint, Autoencoder=vae)
    tick_replace(window)
    d.press(start)
    # the class of the model before, where there was one, is none of this one
    d.wait(lambda: gimp.bar().get_name().startswith(gimp.READY) or
           gimp.bar().get_name().endswith('is no class of this model'), 'the import')
    report.check('the bar says whether that can be generated', d.sensitive(gimp.button('Generate'))
                 == gimp.bar().get_name().startswith(gimp.READY), gimp.bar().get_name())
    gimp.search('class 3')
    gimp.wait_ready('the imported model')
    report.check('an imported model can be used at once', True)
    gimp.shot('10-imported')
    shutil.rmtree(model.parent)  # nobody has imported anything yet
    window, start = open_import(gimp, Checkpoint=checkpoint, Autoencoder=vae)
    d.type_into(d.find(window, ('text', 'entry'), 'Name'), 'my own')
    d.press(start)
    d.wait(lambda: (model.parent / 'my own.safetensors').exists(), 'the model of that name')
    report.check('the first model may have a name', True)
    gimp.quit()


def open_import(gimp, **files):
    gimp.press('Import…')
    window = d.wait(lambda: d.find(gimp.plugin, 'dialog', 'Import a Model'), 'its dialog')
    for name, path in files.items():
        choose_file(gimp, 'Import a Model', name, path)
    start = d.find(window, d.BUTTONS, 'Import')
    d.wait(lambda: d.sensitive(start), 'the import button')
    return window, start


def tick_replace(window):
    replace = d.find(window, d.BUTTONS, 'Replace')
    d.wait(lambda: d.sensitive(replace), 'the end of the import that was refused')
    d.press(replace)


def test_small_screen(session, report):
    """1920x1080 at 200 %: what is needed for a picture is in sight, also after a search in vain."""
    gimp = Gimp(session, report, session.root / 'out/ground.png')
    gimp.open_dialog()
    before = d.region(gimp.dialog)
    gimp.search('wolpertinger')
    d.wait(lambda: d.find(gimp.dialog, 'label', 'No class is called that'), 'a sentence')
    gimp.shot('14-small-screen')
    report.check('a search in vain moves nothing', d.region(gimp.dialog) == before,
                 (before, d.region(gimp.dialog)))
    gimp.search('owl')
    needed = [gimp.button(name) for name in ('Reset', 'Close', 'Generate')]
    needed += [gimp.preview(), gimp.bar(), gimp.spin('Seed'), gimp.spin('Steps'),
               d.find(gimp.dialog, 'combo box', 'AMM'), gimp.classes(),
               d.find(gimp.dialog, ('text', 'entry'), 'Search classes')]
    outside = [(w.get_name(), d.region(w)) for w in needed if not fits(d.region(w), 960, 540)]
    report.check('on a small screen everything needed is in sight', not outside, outside)
    for button in ['Layer', 'Selection']:
        more = needed_of_start(gimp, button)
        gimp.shot(f'14-small-screen-{button.lower()}')
        outside = [(w.get_name(), d.region(w)) for w in needed[:5] + more
                   if not fits(d.region(w), 960, 540)]
        report.check(f'and with what starts from a {button.lower()}', not outside, outside)
    presets(gimp)
    more = needed_of_mix(gimp)
    gimp.shot('14-small-screen-mix')
    outside = [(w.get_name(), d.region(w)) for w in needed + more
               if not fits(d.region(w), 960, 540)]
    report.check('and with a second class', not outside, outside)
    gimp.press('Do not mix')
    d.press(d.find(gimp.dialog, 'radio button', 'Nothing'))
    more = needed_of_candidates(gimp)
    gimp.shot('14-small-screen-drafts')
    outside = [(w.get_name(), d.region(w)) for w in needed[:3] + [gimp.bar()] + more
               if not fits(d.region(w), 960, 540)]
    report.check('and with drafts to choose from', not outside, outside)
    gimp.quit()


def presets(gimp):
    """A button sets all that makes a picture sooner; another one takes it back."""
    for button, steps, reuse in [('Draft', 12, 2), ('Fine', 100, 1)]:
        gimp.press(button)
        d.wait(lambda: gimp.get('Steps') == steps, 'the steps')
        with gimp.more_settings('More settings', 'Sampler'):
            gimp.report.check(f'{button} sets steps and inner stages',
                              gimp.get('Inner stages kept') == reuse, gimp.get('Inner stages kept'))
            gimp.shot(f'14-{button.lower()}')


def fits(region, width, height):
    x, y, w, h = region
    return x >= 0 and y >= 0 and w > 0 and h > 0 and x + w <= width and y + h <= height


TESTS = {'whole-run': test_whole_run, 'close': test_close_while_running,
         'image-closed': test_image_closed, 'no-model': test_without_model,
         'keyboard': test_keyboard, 'start': test_start, 'series': test_series,
         'candidates': test_candidates, 'mix': test_mix, 'again': test_again,
         'meanwhile': test_meanwhile, 'german': test_german} if d else {}
SMALL = {'small-screen': test_small_screen} if d else {}
# On a bus of its own: a GIMP that comes after one whose display went is not found there.
ALONE = {'display': test_display_gone} if d else {}


def inside(scratch, names):
    """Runs on the desktop that main() made."""
    sys.stdout = open(Path(scratch) / 'results.tap', 'w')
    report, session = Report(), Session.__new__(Session)
    session.root = Path(scratch)
    session.env = dict(os.environ)
    (session.root / 'shots').mkdir()
    for name in names:
        test = (TESTS | SMALL | ALONE)[name]
        session.forget()
        try:
            test(session, report)
        except Exception:
            d.screenshot(session.root / 'shots' / f'failed-{test.__name__}.png')
            report.check(test.__name__, False, traceback.format_exc())
            Gimp.running_now.kill()
            Gimp.running_now.wait()
    report.done()


def main():
    if sys.argv[1] == '--inside':
        inside(sys.argv[2], sys.argv[3:])
    report = Report()
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        report.skip_all(f'there is no {", ".join(missing)}')
    if not d:
        report.skip_all('there is no AT-SPI for Python')
    session = Session(*sys.argv[1:6])
    session.env.pop('NO_AT_BRIDGE')
    session.env |= {'EDT_TEST_CHECKPOINT': sys.argv[4], 'EDT_TEST_VAE': sys.argv[5]}
    # The tiny model would be ready before anything can be watched: the slowest kernels there are.
    session.env |= {'EDT_ISA': 'plain', 'ONEDNN_MAX_CPU_ISA': 'SSE41', 'EDT_THREADS': '1'}
    subprocess.run(['magick', '-size', '300x240', 'xc:white',
                    str(session.root / 'out/ground.png')], check=True)
    subprocess.run(['magick', '-size', '300x240', 'xc:none', '-fill', 'orange', '-draw',
                    'rectangle 100,60 199,159', f'PNG32:{session.root}/out/sketch.png'], check=True)
    names = sys.argv[6:] or [*TESTS]
    screen = '960x540' if set(names) <= set(SMALL) else '1200x800'
    code = d.enter([sys.executable, __file__, '--inside', str(session.root), *names], session.env,
                   screen)
    print((session.root / 'results.tap').read_text(), end='')
    sys.exit(code)


main()
