# SPDX-License-Identifier: GPL-3.0-or-later
#
# Behind in_gimp.py, in_gimp_canvas.py and in_gimp_series.py, inside a GIMP with the shim fail.c: every call of the PDB
# that the plug-in makes fails once, and the image has all that was asked for, or nothing, or one
# sentence said why not.  test_fail.py puts EVERY before it.
import hashlib
import re
import time

FOLDER = f'{SCRATCH}/fail'  # noqa: F821
COMPUTED = 'gimp-progress-end'  # before it: nothing is computed yet
# Of these libgimp makes a buffer; where GIMP does not answer it ends the process, or reads nothing.
IN_LIBGIMP = {'gimp-drawable-get-format', 'gimp-drawable-is-indexed'}
# What libgimp says aloud where it is not told the colors of an indexed image, or of a palette: it
# asks on without them.  What the plug-in makes of that is looked at as anywhere.
OF_COLORS = 'gimp_palette_get_colormap: assertion|g_bytes_unref_to_data: assertion'
OF_TYPE = 'gimp-item-id-is-'  # without an answer libgimp hands out NULL, or another type
OF_SAVER = 'gimp-pdb-get-proc-'  # without an answer libgimp describes a procedure wrongly, aloud
CHANGED = 'One undo takes back'
# Where these fail the picture is there and whole, but may lie elsewhere or be rounded otherwise.
OF_PLACE = {'gimp-image-id-is-valid', 'gimp-item-id-is-valid', 'gimp-image-get-width',
            'gimp-image-get-height', 'gimp-image-get-selected-layers',
            'gimp-item-get-parent', 'gimp-image-get-item-position', 'gimp-item-get-image',
            'gimp-image-get-color-profile', 'gimp-image-get-precision', 'gimp-item-get-parasite',
            'gimp-drawable-get-width', 'gimp-drawable-get-height', 'gimp-drawable-get-offsets',
            'gimp-item-get-name', 'gimp-image-set-selected-layers'}
CHANNELS = {Gimp.ImageBaseType.RGB: [Gimp.ChannelType.RED, Gimp.ChannelType.GREEN,
                                     Gimp.ChannelType.BLUE, Gimp.ChannelType.ALPHA],
            Gimp.ImageBaseType.GRAY: [Gimp.ChannelType.GRAY, Gimp.ChannelType.ALPHA],
            Gimp.ImageBaseType.INDEXED: [Gimp.ChannelType.INDEXED, Gimp.ChannelType.ALPHA]}
ALWAYS = {'gimp-selection-bounds'}  # a picture in another place is seen too late


# ---- what an image is ----

def digest(drawable):
    area = Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())
    data = drawable.get_buffer().get(area, 1.0, None, Gegl.AbyssPolicy.NONE)
    return hashlib.sha256(bytes(data)).hexdigest()[:16]


def parasites(layer):
    texts = {name: bytes(layer.get_parasite(name).get_data()).decode()
             for name in layer.get_parasite_list()}
    if 'edt-origin' in texts:  # the name of the image is another one each time
        texts['edt-origin'] = texts['edt-origin'].split(' ')[0]
    return texts


def state_of_layer(layer):
    mask = layer.get_mask()
    inner = [state_of_layer(l) for l in layer.get_children()] if layer.is_group_layer() else []
    return [layer.get_name(), area_of(layer), digest(layer), mask and digest(mask), inner,
            layer.get_opacity(), layer.get_visible(), parasites(layer)]


def state(image):
    """All that an undo has to bring back, and the channels that are active."""
    return [(image.get_width(), image.get_height()),
            [state_of_layer(layer) for layer in image.get_layers()],
            sorted(layer.get_name() for layer in image.get_selected_layers()),  # a set to GIMP
            digest(image.get_selection()), [c.get_name() for c in image.get_channels()],
            [image.get_component_active(channel) for channel in CHANNELS[image.get_base_type()]]]


def is_back(now, before, call):
    """Of the channels one is another where GIMP could not be told to switch it."""
    apart = sum(a != b for a, b in zip(now[-1], before[-1]))
    return now[:-1] == before[:-1] and apart <= (call == 'gimp-image-set-component-active')


def undo(image):
    image.clean_all()  # that is what the shim makes of it


# ---- one run ----

def read(name):
    path = f'{FOLDER}/{name}'
    if not os.path.exists(path):
        return ''
    with open(path, errors='replace') as file:
        return file.read()


def run_failing(at, action, image):
    """The at-th call fails (0: none does); what GIMP answers, and the names of all calls."""
    for name in ('calls', 'said', 'code', 'pid', 'begun'):
        if os.path.exists(f'{FOLDER}/{name}'):
            os.remove(f'{FOLDER}/{name}')
    with open(f'{FOLDER}/at', 'w') as file:
        file.write(str(at))
    answer = action(image)
    while os.path.exists(f'{FOLDER}/begun') and not os.path.exists(f'{FOLDER}/code'):
        time.sleep(0.01)
    return answer, read('calls').split()


def in_history():
    folder = f'{SCRATCH}/state/edt/history'  # noqa: F821
    return set(os.listdir(folder)) if os.path.isdir(folder) else set()


def prepare(original):
    """An image whose last step is not the plug-in's; its states before and after that."""
    if original is None:
        return None, None, None
    image = original.duplicate()
    earlier = state(image)
    image.get_layers()[-1].set_name('last step')
    return image, earlier, state(image)


# ---- what is wrong with it ----

def faults_of_process():
    wrong = []
    if read('code').strip() != '0':
        wrong.append(f'ended with {read("code").strip() or "nothing"}')
    return wrong + [line for line in read('said').splitlines() if 'Broken pipe' not in line and
                    re.search('CRITICAL|WARNING', line) and not re.search(OF_COLORS, line)]


def outline(layers):
    return sorted([name, mask is not None, sorted(known.keys() - {'edt-origin'}), outline(inner)]
                  for name, _, _, mask, inner, _, _, known in layers)


def leaves(layers):
    """How many layers with pixels: in a new image frames need no group."""
    return sum(leaves(inner) or 1 for _, _, _, _, inner, _, _, _ in layers)


def is_whole(now, before, there):
    """All that was there is as it was, and what has come has its mask and knows how it was made."""
    return (outline(now[1]) == outline(there[1]) and now[3:] == there[3:] and
            all(layer in now[1] for layer in (before[1] if before else []) if layer in there[1]))


def faults_of_image(image, earlier, before, right, call=''):
    """right(state): it is as it should be when the call has failed."""
    now, wrong = state(image), []
    if not right(now):
        wrong.append(f'the image is neither old nor new: {now}')
    undo(image)
    undone = state(image)
    if not is_back(undone, before, call) and not (now == before and undone == earlier):
        wrong.append(f'an undo brings {undone}')
    return wrong


class Case:
    def __init__(self, name, setup, action, other=None, always=()):
        """other: an action whose image is right, too, where the plug-in cannot know better; always:
        calls that fail in every run, also where one in so many does."""
        self.name, self.setup, self.action, self.other = name, setup, action, other
        self.always = ALWAYS | set(always)

    def is_right(self, call, failed, before, error):
        """How the image may be after this call has failed."""
        if call in IN_LIBGIMP or call.startswith(OF_TYPE) or (failed and CHANGED in error):
            return lambda now: True
        if failed:
            return lambda now: now == before
        if call in OF_PLACE:
            return lambda now: any(is_whole(now, before, there) for there in self.there)
        return lambda now: now == self.there[0]

    def faults_of_images(self, image, earlier, before, new, call, failed, error):
        """new: images that were not there.  A picture whose image seems closed gets its own."""
        right = self.is_right(call, failed, before, error)
        if image and new and not failed and call == 'gimp-image-id-is-valid':
            count = leaves(self.there[0][1]) - leaves(before[1])
            wrong = [] if leaves(state(new[0])[1]) == count else ['the new image is not whole']
            return wrong + faults_of_image(image, earlier, before, lambda now: now == before)
        if image:
            wrong = faults_of_image(image, earlier, before, right, call)
            return wrong + ([f'{len(new)} new images'] if new else [])
        if call in IN_LIBGIMP:
            return []
        wrong = [] if len(new) == (not failed) else [f'{len(new)} new images']
        return wrong + [f'the new image is {state(each)}' for each in new if not right(state(each))]

    def faults_of_answer(self, result, error, new_files, computed):
        status = result.index(0)
        failed, wrong = status != SUCCESS, []
        if failed and status not in (CALLING_ERROR, EXECUTION_ERROR):
            wrong.append(f'answers {status}')
        if failed and (not error or not error.endswith('.') or 'crashed' in error):
            wrong.append(f'says {error!r}')
        if computed and not new_files:
            wrong.append('the picture is not in the history')
        return wrong

    def attempt(self, at):
        """What is wrong when the at-th call fails; the names of the calls; what is said."""
        images = {each.get_id() for each in Gimp.get_images()}
        image, earlier, before = prepare(self.original)
        files = in_history()
        (result, error), calls = run_failing(at, self.action, image)
        call = calls[at - 1] if 0 < at <= len(calls) else ''
        failed = result.index(0) != SUCCESS
        wrong = self.faults_of_answer(result, error, in_history() - files, COMPUTED in calls[:at - 1])
        wrong += faults_of_process()
        if call in IN_LIBGIMP or call.startswith(OF_TYPE):
            wrong = [fault for fault in wrong if 'history' in fault]
        new = [each for each in Gimp.get_images() if each.get_id() not in images | {
            image and image.get_id()}]
        if at == 0:
            self.there.append(state(image or new[0]))
        wrong += self.faults_of_images(image, earlier, before, new, call, failed, error)
        for each in new + ([image] if image else []):
            each.delete()
        return wrong, calls, error

    def run(self):
        self.original, self.there = self.setup(), []
        wrong, calls, error = self.attempt(0)
        check(f'{self.name}: {len(calls)} calls, none fails', not wrong and not error and calls,
              '\n'.join(wrong) + str(error))
        if self.other:
            image = prepare(self.original)[0]
            run_failing(0, self.other, image)
            self.there.append(state(image))
            image.delete()
        bad, tried, first = [], 0, int(os.environ.get('EDT_TEST_FROM', 1))
        last = int(os.environ.get('EDT_TEST_TO', len(calls)))
        chosen = set(range(first, last + 1, EVERY)) | {  # noqa: F821
            at for at, call in enumerate(calls, 1) if call in self.always}
        for at in sorted(chosen):
            wrong, names, error = self.attempt(at)
            stuck = (error or '').startswith('stuck')
            if len(names) < at and not stuck:
                break
            tried += 1
            if wrong or stuck:
                around = ' '.join(names[max(at - 9, 0):at - 1]), ' '.join(names[at:at + 8])
                bad.append(f'call {at}, {"".join(names[at - 1:at])}, behind {around[0]}, before '
                           f'{around[1]}: {"; ".join(wrong)} [{error}]')
            if stuck:  # minutes were waited: so would the next ones be
                break
        check(f'{self.name}: {tried} calls fail, one a run', not bad and tried, '\n'.join(bad))
        return tried


class FileCase(Case):
    """A brush or a pattern: a new file that GIMP knows, or none, and no image that stays."""

    def __init__(self, name, folder, action, always=()):
        super().__init__(name, lambda: None, action, always=always)
        self.folder = folder

    def attempt(self, at):
        images, files = len(Gimp.get_images()), in_history()
        mine = set(files_of(self.folder))
        (result, error), calls = run_failing(at, lambda image: self.action(), None)
        call = calls[at - 1] if 0 < at <= len(calls) else ''
        failed = result.index(0) != SUCCESS
        wrong = self.faults_of_answer(result, error, in_history() - files, COMPUTED in calls[:at - 1])
        wrong += [fault for fault in faults_of_process()
                  if not (call.startswith(OF_SAVER) and 'LibGimp-' in fault)]
        if call in IN_LIBGIMP or call.startswith(OF_TYPE):
            wrong = [fault for fault in wrong if 'history' in fault]
        elif len(Gimp.get_images()) != images and call != 'gimp-image-delete':
            wrong.append('an image stays')
        new = sorted(set(files_of(self.folder)) - mine)
        wrong += self.faults_of_files(new, failed)
        for name in new:
            os.remove(f'{Gimp.directory()}/{self.folder}/{name}')
        Gimp.brushes_refresh()
        Gimp.patterns_refresh()
        return wrong, calls, error

    def faults_of_files(self, new, failed):
        sizes = {name: os.path.getsize(f'{Gimp.directory()}/{self.folder}/{name}') for name in new}
        if failed:
            return [f'left behind: {sizes}'] if new else []
        return [] if len(new) == 1 and sizes[new[0]] > 100 else [f'made: {sizes}']


# ---- the cases ----

def plain_image():
    image = new_image()
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 40, 30, 60, 60)
    return image


def drawn_image():
    image = new_image(128, 128)
    add_drawing(image, 20, 20, 80)
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 30, 30, 60, 60)
    return image


def filtered_image():
    image = drawn_image()
    layer = image.get_selected_layers()[0]
    layer.append_filter(Gimp.DrawableFilter.new(layer, 'gegl:invert-gamma', ''))
    return image


def made_image():
    """With a layer of EDT's, which is the selected one."""
    image = plain_image()
    (result, _), _ = run_failing(0, lambda image: generate(image, fit='selection', steps=1), image)
    image.set_selected_layers(made(result))
    return image


def image_of_one_channel():
    """Two of the three that would hold something back are switched off."""
    image = made_image()
    for channel in [Gimp.ChannelType.RED, Gimp.ChannelType.BLUE]:
        image.set_component_active(channel, False)
    return image


def image_and_palette():
    """With an active palette that has colors, which a new GIMP's need not have."""
    Gimp.context_set_palette(palette_of('Test of failing', FOUR))
    return plain_image()


def again_in_place(image):
    return again(image, image.get_selected_layers(), seed=7)


def again_above(image):
    """So it is also where nobody knows whether the layer was painted on."""
    return again(image, image.get_selected_layers(), seed=7, target='above')


CASES = [
    Case('generate', lambda: None, lambda image: generate(steps=1)),
    Case('generate into an image', plain_image,
         lambda image: generate(image, steps=1, fit='selection')),
    Case('generate two', plain_image, lambda image: generate(image, steps=1, count=2)),
    Case('redraw with filters', filtered_image, lambda image: redraw(image, steps=1),
         always=['gimp-drawable-get-filters']),
    Case('redraw', drawn_image, lambda image: redraw(image, steps=1)),
    Case('fill', plain_image, lambda image: fill(image, steps=1, feather=2.0)),
    Case('fill what is missing', drawn_image,
         lambda image: fill(image, steps=1, into='missing', context='visible')),
    Case('again', made_image, again_in_place, again_above),
    Case('again above', made_image, again_above),
    Case('again, channels off', image_of_one_channel, again_in_place, again_above,
         always=['gimp-image-set-component-active']),
    Case('generate in colors', image_and_palette,
         lambda image: generate(image, steps=1, palette='active')),
    Case('generate in an indexed image', indexed_image, lambda image: generate(image, steps=1),
         always=['gimp-image-get-palette']),
    Case('morph', plain_image, lambda image: morph(image, steps=1, frames=2)),
    Case('morph into a new image', lambda: None, lambda image: morph(steps=1, frames=2)),
    Case('morph of layers', lambda: two_layers()[0],
         lambda image: morph(image, between='layers', to_class='', frames=2)),
    Case('scatter', plain_image, lambda image: scatter(image, steps=1)),
    Case('scatter over a tile', lambda: None,
         lambda image: scatter(steps=1, where='tile', tile=96)),
    FileCase('brush', 'brushes', lambda: brush(steps=1)),
    FileCase('brush of one', 'brushes', lambda: brush(steps=1, count=1)),
    FileCase('pattern', 'patterns', lambda: call(
        'plug-in-edt-pattern', None, **{'class': 'barn owl', 'seed': 9, 'steps': 1, 'tile': 80,
                                        'spots': 6, 'count': 2, 'size': 24}),
             always=['gimp-drawable-get-bpp']),
]


def keep_results():
    with open(f'{SCRATCH}/results.json', 'w') as file:  # noqa: F821
        json.dump(results, file)


def main():
    only = os.environ.get('EDT_TEST_ONLY', '')
    tried = 0
    for case in [case for case in CASES if case.name.startswith(only)]:
        try:
            tried += case.run()
        except Exception:
            check(case.name, False, traceback.format_exc())
        keep_results()  # also where somebody ends it
    check(f'{tried} failed calls in all', tried > 0)
    keep_results()
