# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs inside GIMP (python-fu-eval); test_headless.py puts SCRATCH, REQUESTS and STAMPS before it,
# in_gimp_canvas.py, in_gimp_series.py and the call of main() behind it.  Results go to
# SCRATCH/results.json as [name,
# good, detail]; the driver prints them.  EDT_TEST_ONLY=again runs test_again alone.
import json
import os
import traceback
from contextlib import contextmanager

import gi
gi.require_version('Gegl', '0.4')
from gi.repository import Gegl, Gimp, Gio  # noqa: E402

Gegl.init(None)
results = []
SUCCESS = Gimp.PDBStatusType.SUCCESS
CALLING_ERROR = Gimp.PDBStatusType.CALLING_ERROR
EXECUTION_ERROR = Gimp.PDBStatusType.EXECUTION_ERROR
RGB, GRAY = Gimp.ImageBaseType.RGB, Gimp.ImageBaseType.GRAY


def check(name, good, detail=''):
    results.append([name, bool(good), str(detail)])


def call(name, image=None, **arguments):
    procedure = Gimp.get_pdb().lookup_procedure(name)
    config = procedure.create_config()
    if image is not None:
        config.set_property('image', image)
        config.set_core_object_array('drawables', image.get_selected_layers())
    for key, value in arguments.items():
        config.set_property(key.replace('_', '-'), value)
    result = procedure.run(config)
    return result, (None if result.index(0) == SUCCESS else Gimp.get_pdb().get_last_error())


def generate(image=None, **arguments):
    settings = {'class': '3', 'seed': 42, 'steps': 4} | arguments
    return call('plug-in-edt-generate', image, **settings)


def all_layers(layers):
    for layer in layers:
        yield from all_layers(layer.get_children()) if layer.is_group_layer() else [layer]


def made(result, before=()):
    """The new layers.  Python cannot read an array of objects in return values (GIMP 3.0)."""
    assert result.index(0) == SUCCESS, Gimp.get_pdb().get_last_error()
    return [layer for layer in all_layers(result.index(1).get_layers())
            if layer.get_parasite('edt-record') and layer.get_id() not in before]


def new_image(width=200, height=160, mode=RGB, precision=Gimp.Precision.U8_NON_LINEAR):
    image = Gimp.Image.new_with_precision(width, height, mode, precision)
    kind = Gimp.ImageType.RGB_IMAGE if mode == RGB else Gimp.ImageType.GRAY_IMAGE
    layer = Gimp.Layer.new(image, 'ground', width, height, kind, 100, Gimp.LayerMode.NORMAL)
    layer.fill(Gimp.FillType.WHITE)
    image.insert_layer(layer, None, -1)
    image.set_selected_layers([layer])
    return image


def pixels(drawable, form="R'G'B' u8"):
    area = Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())
    return bytes(drawable.get_buffer().get(area, 1.0, form, Gegl.AbyssPolicy.NONE))


def reference(name):
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE,
                           Gio.File.new_for_path(f'{SCRATCH}/out/{name}.png'))  # noqa: F821
    return image


def apart(a, b):
    return max(abs(x - y) for x, y in zip(a, b)) if len(a) == len(b) else 999


def offsets(layer):
    _, x, y = layer.get_offsets()
    return x, y


def record_of(layer):
    return json.loads(bytes(layer.get_parasite('edt-record').get_data()).rstrip(b'\0'))


# ---- the tests ----

def test_without_image():
    result, error = generate()
    image, layers = result.index(1), made(result)
    check('no image: success', result.index(0) == SUCCESS, error)
    check('a new image of native size', (image.get_width(), image.get_height()) == (128, 128))
    check('in RGB', image.get_base_type() == RGB)
    check('one layer is returned, and it is the only one',
          len(layers) == 1 and [l.get_id() for l in image.get_layers()] == [layers[0].get_id()])
    check('named after class and seed', layers[0].get_name() == 'tiger shark (seed 42)',
          layers[0].get_name())
    record = record_of(layers[0])
    check('the parasite says how it was made',
          (record['class'], record['seed'], record['steps'], record['sampler'], record['amm']) ==
          (3, 42, 4, 'dpm++2m', 'auto'), record)
    check('with the guidance that the model recommends', record['cfg_scale'] == 3, record)
    check('the parasite is saved with the image',
          layers[0].get_parasite('edt-record').is_persistent())
    image.delete()


def test_requests():
    """Every argument, compared with `edt sample` of the same request."""
    for name, arguments in REQUESTS.items():  # noqa: F821
        result, error = generate(**arguments)
        if result.index(0) != SUCCESS:
            check(f'{name}: success', False, error)
            continue
        there = reference(name)
        check(f'{name}: the pixels of edt sample',
              pixels(made(result)[0]) == pixels(there.get_layers()[0]))
        there.delete()
        result.index(1).delete()


def test_count():
    image = new_image()
    result, error = generate(image, count=3)
    layers = made(result)
    check('three pictures, three layers', len(layers) == 3, error)
    group = image.get_layers()[0]
    check('in a group', group.is_group_layer() and len(group.get_children()) == 3)
    check('the group says what it is', group.get_name() == 'tiger shark, 3 pictures',
          group.get_name())
    check('with successive seeds', [record_of(l)['seed'] for l in layers] == [42, 43, 44])
    there = reference('plain')
    check('the first is the one of that seed', pixels(layers[0]) == pixels(there.get_layers()[0]))
    check('the others are others', len({pixels(l) for l in layers}) == 3)
    check('the ground is untouched', set(pixels(image.get_layers()[1])) == {255})
    there.delete()
    generate(image)
    check('the next layer goes above the group, not into it',
          [l.is_group_layer() for l in image.get_layers()] == [False, True, False])
    image.delete()


def test_arrange():
    """Several side by side, in the image and in a new one."""
    image = new_image(300, 160)
    layers = made(generate(image, count=2, arrange='row')[0])
    check('a row in the middle', [offsets(l) for l in layers] == [(22, 16), (150, 16)],
          [offsets(l) for l in layers])
    check('in their own size', {l.get_width() for l in layers} == {128})
    before = {l.get_id() for l in layers}
    layers = made(generate(image, count=4, arrange='grid', fit='image')[0], before)
    check('a grid, scaled to the image', [offsets(l) for l in layers] ==
          [(70, 0), (150, 0), (70, 80), (150, 80)], [offsets(l) for l in layers])
    check('as large as they fit', {(l.get_width(), l.get_height()) for l in layers} == {(80, 80)})
    image.delete()
    result, _ = generate(count=3, arrange='row')
    image, layers = result.index(1), made(result)
    check('a new image is as large as they are', (image.get_width(), image.get_height()) ==
          (384, 128))
    check('and holds all of them', [offsets(l) for l in layers] == [(0, 0), (128, 0), (256, 0)])
    image.delete()


def test_place():
    image = new_image(200, 160)
    result, _ = generate(image)
    check('returns the same image', result.index(1).get_id() == image.get_id())
    layer = made(result)[0]
    check('above the selected layer', image.get_layers()[0].get_id() == layer.get_id())
    check('in the middle', offsets(layer) == (36, 16), offsets(layer))
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 100, 20, 60, 40)
    layer = made(generate(image)[0])[0]
    check('in the middle of the selection', offsets(layer) == (66, -24), offsets(layer))
    layer = made(generate(image, fit='selection')[0])[0]
    check('scaled to the selection',
          (layer.get_width(), layer.get_height(), offsets(layer)) == (40, 40, (110, 20)),
          (layer.get_width(), offsets(layer)))
    layer = made(generate(image, fit='image')[0])[0]
    check('scaled to the image',
          (layer.get_width(), layer.get_height(), offsets(layer)) == (160, 160, (20, 0)))
    scaled = layer
    few = ['1 × 1', 'Select a larger area']
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 100, 20, 1, 100)
    expect_error('a selection of one column', CALLING_ERROR, few, image=image, fit='selection')
    result, error = call('plug-in-edt-morph', image, steps=1, to_class='9', frames=2,
                         fit='selection')
    check('frames for one column: refused', result.index(0) == CALLING_ERROR and few[0] in error,
          error)
    expect_error('40 beside each other in 200 pixels', CALLING_ERROR, ['5 × 5'], image=image,
                 count=40, arrange='row', fit='image')
    check('nothing is made of them', len(image.get_layers()) == 5, len(image.get_layers()))
    layer = made(generate(image)[0])[0]
    check('as it is made it may hang over', layer.get_width() == 128)
    check('the layer knows how it was put', put_of(scaled) == 'image 1.25', put_of(scaled))
    scaled.scale(80, 80, False)
    check_again_scaled(image, scaled)
    image.delete()


def put_of(layer):
    """The setting of its size, and the factor."""
    known = layer.get_parasite('edt-place')
    return known and bytes(known.get_data()).decode().rstrip('\0')


def check_again_scaled(image, layer):
    """Scaled since: the next one is as large as that is, and knows how the first one was put."""
    again(image, [layer], target='above', seed=43)
    above = next(l for l in image.get_layers() if l.get_name().endswith('(seed 43)'))
    check('again: as large as the layer is now', (above.get_width(), put_of(above)) ==
          (80, 'image 1.25'), (above.get_width(), put_of(above)))


def test_modes():
    names = ['U8', 'U16', 'U32', 'HALF', 'FLOAT', 'DOUBLE']
    kinds = ['LINEAR', 'NON_LINEAR', 'PERCEPTUAL']
    for mode, form in [(RGB, "R'G'B' u8"), (GRAY, "Y' u8")]:
        for kind in kinds:
            for name in names:
                check_mode(mode, form, getattr(Gimp.Precision, f'{name}_{kind}'),
                           f'{"RGB" if mode == RGB else "gray"} {name} {kind}'.lower())


def check_mode(mode, form, precision, name):
    image = new_image(130, 130, mode, precision)
    result, error = generate(image)
    if result.index(0) != SUCCESS:
        check(name, False, error)
        return
    there = reference('plain')
    if mode == GRAY:
        there.convert_grayscale()
    if precision != there.get_precision():
        there.convert_precision(precision)
    layer = made(result)[0]
    # The reference was rounded to bytes once; GIMP's own conversion of it is the other rounding.
    # Eight linear bits tell dark tones apart badly: there the same step is wide.
    least = 13 if precision == Gimp.Precision.U8_LINEAR else 1
    check(f'{name}: right colours', apart(pixels(layer, form),
                                          pixels(there.get_layers()[0], form)) <= least,
          apart(pixels(layer, form), pixels(there.get_layers()[0], form)))
    there.delete()
    image.delete()


def test_profile():
    image = new_image(130, 130, RGB, Gimp.Precision.FLOAT_NON_LINEAR)
    image.set_color_profile(Gimp.ColorProfile.new_rgb_adobe())
    layer = made(generate(image)[0])[0]
    there = reference('plain')
    raw = bytes(layer.get_buffer().get(Gegl.Rectangle.new(0, 0, 128, 128), 1.0, None,
                                       Gegl.AbyssPolicy.NONE))
    check('Adobe RGB: the same colours', apart(pixels(layer), pixels(there.get_layers()[0])) <= 1)
    check('Adobe RGB: in other numbers', raw != bytes(
        layer.get_buffer().get(Gegl.Rectangle.new(0, 0, 128, 128), 1.0, "R'G'B' float",
                               Gegl.AbyssPolicy.NONE)))
    there.delete()
    image.delete()


def expect_error(name, status, words, **arguments):
    before = len(Gimp.get_images())
    result, error = generate(**arguments)
    check(f'{name}: refused', result.index(0) == status, result.index(0))
    check(f'{name}: told why', error and all(word in error for word in words), error)
    check(f'{name}: no stray image', len(Gimp.get_images()) == before)


def test_errors():
    expect_error('unknown class', CALLING_ERROR, ['goldfish'], **{'class': 'goldfsh'})
    expect_error('class beyond the last', CALLING_ERROR, ['10'], **{'class': '10'})
    expect_error('unknown model', CALLING_ERROR, ['nothing-like-it', 'tiny'],
                 model='nothing-like-it')
    with open(f'{SCRATCH}/out/bad.safetensors', 'wb') as file:  # noqa: F821
        file.write(b'no model at all')
    expect_error('a guidance below 0', CALLING_ERROR, ['guidance', '-0.5'], guidance=-0.5)
    expect_error('a draft of a model without', CALLING_ERROR, ['small autoencoder'], vae='draft')
    expect_error('wrong file', EXECUTION_ERROR, ['bad.safetensors'],
                 model=f'{SCRATCH}/out/bad.safetensors')  # noqa: F821
    expect_error('latents only', EXECUTION_ERROR, ['VAE'],
                 model=f'{SCRATCH}/without-vae.safetensors')  # noqa: F821


def locked_image():
    """GIMP takes a layer into a group whose position is locked, and then refuses to move it."""
    image = new_image()
    group = Gimp.GroupLayer.new(image, 'locked')
    image.insert_layer(group, None, 0)
    inner = Gimp.Layer.new(image, 'inner', 9, 9, Gimp.ImageType.RGB_IMAGE, 100,
                           Gimp.LayerMode.NORMAL)
    image.insert_layer(inner, group, 0)
    group.set_lock_position(True)
    image.set_selected_layers([inner])
    return image


@contextmanager
def no_history():
    """Where it should be is something else, so nothing can be written there."""
    history = f'{SCRATCH}/state/edt/history'  # noqa: F821
    os.rename(history, f'{history}.away')
    open(history, 'w').close()
    try:
        yield history
    finally:
        os.remove(history)
        os.rename(f'{history}.away', history)


def test_refused():
    """All layers or none, and the error says where their pictures are."""
    image = locked_image()
    for count in [1, 3]:
        expect_error(f'{count} refused by GIMP', EXECUTION_ERROR,
                     ['refused', 'locked', 'What was made is in the history'], image=image,
                     count=count)
        layers = image.get_layers() + image.get_layers()[0].get_children()
        names = [layer.get_name() for layer in layers]
        check(f'{count} refused by GIMP: nothing is left', names == ['locked', 'ground', 'inner'],
              names)
    with no_history() as history:
        result, error = generate(image)
    check('refused, and the disk full: both are told', result.index(0) == EXECUTION_ERROR and
          'refused' in error and history in error, error)
    check('and no history is promised', 'is in the history' not in error, error)
    image.delete()


def test_batch():
    """Ten pictures in one script, as somebody would make a set."""
    names, seen = set(), set()
    for i in range(10):
        image = generate(**{'class': str(i), 'seed': 100 + i})[0].index(1)
        layer = image.get_layers()[0]
        names.add(layer.get_name())
        seen.add(pixels(layer))
        image.delete()
    check('ten pictures in one script', len(names) == 10 and len(seen) == 10, names)
    a = record_of(made(generate(seed=-1)[0])[0])['seed']
    b = record_of(made(generate(seed=-1)[0])[0])['seed']
    check('seed -1 takes a new one each time', a != b, a)
    result, _ = generate(**{'class': ''})
    check('no class is any class', 0 <= record_of(made(result)[0])['class'] < 10)
    for image in Gimp.get_images():
        image.delete()


def test_styles():
    styled = f'{SCRATCH}/styled.safetensors'  # noqa: F821
    pictures = {}
    for style in ['', 'ink', 'flat', 'any']:
        layer = made(generate(model=styled, style=style)[0])[0]
        pictures[style] = pixels(layer), record_of(layer).get('style_name')
    there = reference('ink')
    check('a style: the pixels of edt sample',
          pictures['ink'][0] == pixels(there.get_layers()[0]))
    there.delete()
    check('the record names it', [pictures[style][1] for style in pictures] ==
          ['flat', 'ink', 'flat', None], pictures)
    check('each in its own way, and the first where none is said',
          len({bytes for bytes, _ in pictures.values()}) == 3 and
          pictures[''] == pictures['flat'])
    record = record_of(made(generate(model=styled, style='random')[0])[0])
    check('a style at random', record['style'] in (0, 1), record)
    expect_error('unknown style', CALLING_ERROR, ['oil', 'ink'], model=styled, style='oil')
    expect_error('a style of a model without', CALLING_ERROR, ['ink', 'no styles'], style='ink')
    result, _ = call('plug-in-edt-classes', model=styled)
    check('the styles are listed', list(result.index(3)) == ['flat', 'ink'], result.index(3))
    for image in Gimp.get_images():
        image.delete()


def again(image, layers, **arguments):
    procedure = Gimp.get_pdb().lookup_procedure('plug-in-edt-again')
    config = procedure.create_config()
    config.set_property('image', image)
    config.set_core_object_array('drawables', layers)
    for key, value in arguments.items():
        config.set_property(key, value)
    result = procedure.run(config)
    return result, (None if result.index(0) == SUCCESS else Gimp.get_pdb().get_last_error())


def test_again():
    image = new_image()
    layer = made(generate(image)[0])[0]
    first = pixels(layer)
    layer.set_offsets(3, 4)
    layer.set_opacity(40)
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(mask)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 20, 20)
    result, error = again(image, [layer])
    check('again: the same layer', result.index(0) == SUCCESS and len(image.get_layers()) == 2, error)
    record = record_of(layer)
    check('again: from the next seed', (record['seed'], record['steps']) == (43, 4), record)
    check('again: place, opacity, mask stay',
          (offsets(layer), layer.get_opacity(), layer.get_mask() is not None) ==
          ((3, 4), 40, True))
    check('again: the selection stays, and holds nothing back',
          Gimp.Selection.bounds(image)[1:] == (True, 0, 0, 20, 20) and not image.get_channels(),
          Gimp.Selection.bounds(image))
    there = made(generate(seed=43)[0])[0]
    check('again: the pixels of that seed', pixels(layer) == pixels(there))
    check('again: our name follows the seed', layer.get_name() == 'tiger shark (seed 43)',
          layer.get_name())
    layer.set_name('mine')
    again(image, [layer], seed=42)
    check('again: of an exact seed', pixels(layer) == first)
    check('again: a name of the user stays', layer.get_name() == 'mine')
    again(image, [layer], steps=2, seed=42)
    check('again: with other steps', record_of(layer)['steps'] == 2 and pixels(layer) != first)
    check_again_names(image, layer)
    with no_history():
        result, error = again(image, [layer], seed=47)
    check('again: without a history, too', result.index(0) == SUCCESS and
          record_of(layer)['seed'] == 47, error)
    again(image, [layer], steps=2, seed=42)
    check_again_above(image, layer)
    check_again_refused(image, layer)
    image.delete()


def check_again_names(image, layer):
    """GIMP numbers a name that is there; it is ours all the same."""
    other = Gimp.Layer.new(image, 'tiger shark (seed 44)', 4, 4, Gimp.ImageType.RGBA_IMAGE, 100,
                           Gimp.LayerMode.NORMAL)
    image.insert_layer(other, None, 9)
    layer.set_name('tiger shark (seed 42)')
    again(image, [layer], seed=44)
    check('again: a name that is there is numbered', layer.get_name() == 'tiger shark (seed 44) #1',
          layer.get_name())
    again(image, [layer], seed=45)
    check('again: and follows the seed', layer.get_name() == 'tiger shark (seed 45)',
          layer.get_name())
    image.remove_layer(other)
    layer.set_name('mine')


def check_again_above(image, layer):
    before = pixels(layer)
    result, error = again(image, [layer], target='above')
    above = image.get_layers()[0]
    check('again above: a new layer in the same place', len(image.get_layers()) == 3 and
          offsets(above) == (3, 4) and pixels(layer) == before and
          image.get_item_position(layer) == 1, error)
    layer.edit_fill(Gimp.FillType.WHITE)  # within the selection
    painted = pixels(layer)
    check('again: painted on by the test', painted != before)
    result, error = again(image, [layer])
    check('again: what was painted on is not covered', pixels(layer) == painted and
          len(image.get_layers()) == 4, error)
    above.scale(50, 50, False)
    again(image, [above])
    check('again: nor what was scaled', above.get_width() == 50 and
          [l.get_width() for l in image.get_layers()].count(50) == 2)
    group = Gimp.GroupLayer.new(image, 'group')
    image.insert_layer(group, None, 0)
    image.reorder_item(layer, group, 0)
    count = len(group.get_children())
    again(image, [group], target='above')
    check('again: of a group what is in it', len(group.get_children()) == count + 1)


def test_several_again():
    image = new_image()
    first = made(generate(image)[0])[0]
    second = made(generate(image, seed=50)[0], {first.get_id()})[0]
    image.set_selected_layers([first, second])
    result, error = again(image, [first, second])
    check('again of several: each from its next seed',
          [record_of(layer)['seed'] for layer in (first, second)] == [43, 51], error)
    check('again of several: they stay selected',
          {layer.get_id() for layer in image.get_selected_layers()} ==
          {first.get_id(), second.get_id()}, image.get_selected_layers())
    image.delete()


def test_again_which():
    """Each layer once, whatever of it is selected; none of another image."""
    image = new_image()
    layer = made(generate(image)[0])[0]
    layer.add_mask(layer.create_mask(Gimp.AddMaskType.WHITE))
    result, error = again(image, [layer.get_mask()])
    check('again: the layer whose mask is edited', record_of(layer)['seed'] == 43, error)
    group = Gimp.GroupLayer.new(image, 'group')
    image.insert_layer(group, None, 0)
    image.reorder_item(layer, group, 0)
    result, error = again(image, [group, layer, layer], target='above')
    check('again: once, though its group is selected, too', len(group.get_children()) == 2,
          error or group.get_children())
    other = new_image()
    before = pixels(layer)
    result, error = again(other, [layer])
    check('again: none of another image', result.index(0) == CALLING_ERROR and
          pixels(layer) == before, error)
    layer.attach_parasite(Gimp.Parasite.new('edt-record', 1, b'{"class": 3, "seed": "x"}'))
    result, error = again(image, [layer])
    check('again: what is wrong with a damaged record', result.index(0) == EXECUTION_ERROR and
          '"seed" must be' in error, error)
    for there in [image, other]:
        there.delete()


def test_again_locks():
    """GIMP would write the colours of the new picture into the alpha of the old one."""
    model = f'{SCRATCH}/models/with-alpha.safetensors'  # noqa: F821
    os.symlink(STAMPS, model)  # noqa: F821
    image = new_image()
    layer = made(generate(image, model=model)[0])[0]
    before = pixels(layer, "R'G'B'A u8")
    layer.set_lock_alpha(True)
    result, error = again(image, [layer])
    check('again: not where the alpha is locked', result.index(0) == CALLING_ERROR and
          'locked' in error and pixels(layer, "R'G'B'A u8") == before, error)
    layer.set_lock_alpha(False)
    group = Gimp.GroupLayer.new(image, 'group')
    image.insert_layer(group, None, 0)
    image.reorder_item(layer, group, 0)
    group.set_lock_content(True)
    files = len(os.listdir(f'{SCRATCH}/state/edt/history'))  # noqa: F821
    result, error = again(image, [layer])
    check('again: nor where its group is locked, before anything is made', 'locked' in error and
          len(os.listdir(f'{SCRATCH}/state/edt/history')) == files, error)  # noqa: F821
    group.set_lock_content(False)
    check('again: the lock of the test', group.set_lock_alpha(True) and group.get_lock_alpha())
    result, error = again(image, [layer])
    check('again: nor where the alpha of its group is', error and 'locked' in error and
          pixels(layer, "R'G'B'A u8") == before, error)
    group.set_lock_alpha(False)
    result, error = again(image, [layer])
    check('again: but where nothing is locked any more', result.index(0) == SUCCESS and
          pixels(layer, "R'G'B'A u8") != before, error)
    os.remove(model)
    image.delete()


def test_again_feather():
    """A script may have GIMP feather what it selects: what is selected already stays as it is."""
    image = new_image()
    layer = made(generate(image)[0])[0]
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 20, 30, 90, 60)
    Gimp.Selection.feather(image, 6)
    before = selection_of(image)
    Gimp.context_push()
    Gimp.context_set_feather(True)
    Gimp.context_set_feather_radius(20, 20)
    result, error = again(image, [layer])
    check('again, a context that feathers: it stays so', Gimp.context_get_feather())
    Gimp.context_pop()
    check('again, a context that feathers: another picture', result.index(0) == SUCCESS and
          record_of(layer)['seed'] == 43, error)
    check('again, a context that feathers: the same is selected',
          selection_of(image) == before and not image.get_channels(), image.get_channels())
    image.delete()


def tree_of(layers):
    """Each layer, and where it lies; of a group what is in it, too."""
    return [(l.get_name(), offsets(l), l.get_width(), l.get_height(), l.get_lock_position(),
             tree_of(l.get_children()) if l.is_group_layer() else []) for l in layers]


def test_again_position():
    """GIMP neither scales nor moves a layer in a group whose position is locked."""
    image = new_image()
    layer = made(generate(image, fit='image')[0])[0]
    group = Gimp.GroupLayer.new(image, 'locked')
    image.insert_layer(group, None, 0)
    image.reorder_item(layer, group, 0)
    layer.set_name('mine')
    group.set_lock_position(True)
    image.set_selected_layers([layer])
    before = tree_of(image.get_layers())
    result, error = again(image, [layer])
    there = new_image()
    wanted = made(generate(there, fit='image', seed=43)[0])[0]
    check('again in a group that is not to be moved: another picture', pixels(layer) ==
          pixels(wanted), error)
    check('again in a group that is not to be moved: all layers where they were',
          tree_of(image.get_layers()) == before, tree_of(image.get_layers()))
    check('again in a group that is not to be moved: it stays selected',
          [l.get_id() for l in image.get_selected_layers()] == [layer.get_id()])
    for image in [image, there]:
        image.delete()


def test_again_channels():
    """What is switched off in the dialog of channels would stay of the old picture."""
    image = new_image()
    layer = made(generate(image)[0])[0]
    image.set_component_active(Gimp.ChannelType.RED, False)
    result, error = again(image, [layer])
    there = made(generate(seed=43)[0])[0]
    check('again: whichever channels are active', pixels(layer) == pixels(there), error)
    check('again: and those stay', not image.get_component_active(Gimp.ChannelType.RED) and
          image.get_component_active(Gimp.ChannelType.GREEN))
    image = new_image(mode=GRAY)
    layer = made(generate(image)[0])[0]
    before = pixels(layer)
    image.set_component_active(Gimp.ChannelType.GRAY, False)
    result, error = again(image, [layer])
    check('again: whichever channels are active, in gray', pixels(layer) != before, error)
    for there in Gimp.get_images():
        there.delete()


def check_again_refused(image, layer):
    ground = next(l for l in image.get_layers() if l.get_name() == 'ground')
    result, error = again(image, [ground])
    check('again: not of a layer that EDT did not make', result.index(0) == CALLING_ERROR and
          'was made by EDT' in error, error)
    before = {l.get_id() for l in all_layers(image.get_layers())}
    fresh = made(generate(image)[0], before)[0]
    fresh.set_lock_content(True)
    result, error = again(image, [fresh])
    check('again: nor of a locked one', result.index(0) == CALLING_ERROR and 'locked' in error, error)
    fresh.set_lock_content(False)
    text = json.dumps(record_of(fresh) | {'model_sha256': '0' * 64, 'model': 'Lost'}).encode()
    fresh.attach_parasite(Gimp.Parasite.new('edt-record', 1, text))
    result, error = again(image, [fresh])
    check('again: the model is gone', result.index(0) == EXECUTION_ERROR and 'Lost' in error, error)


def test_lists():
    result, _ = call('plug-in-edt-classes')
    check('all classes', (len(result.index(1)), result.index(2)[1]) == (10, 'goldfish'))
    result, _ = call('plug-in-edt-classes', search='shark')
    check('a search', sorted(result.index(1)) == ['2', '3'], result.index(1))
    result, _ = call('plug-in-edt-models')
    check('the models', result.index(1)[0].endswith('/tiny.safetensors') and
          (result.index(2), result.index(3)) == (['Tiny'], ['128']), result.index(1))


def test_seeds():
    made_of = {}
    for seed in [2**31, 2**53 - 1]:
        layer = made(generate(seed=seed)[0])[0]
        made_of[seed] = record_of(layer)['seed'], layer.get_name()
    check('large seeds are exact',
          all(there == (seed, f'tiger shark (seed {seed})') for seed, there in made_of.items()),
          made_of)
    expect_error('half a seed', CALLING_ERROR, ['seed', '7.5'], seed=7.5)
    expect_error('a seed below -1', CALLING_ERROR, ['seed', '-0.5'], seed=-0.5)


LAST = '''(class "barn owl")
(seed 4294967297.000000)
(steps 3)
(guidance 2.500000)
(count 2)
'''


def test_last_values():
    """What the dialog keeps stands above what a script says."""
    folder = f'{Gimp.directory()}/plug-in-settings'
    os.makedirs(folder, exist_ok=True)
    with open(f'{folder}/GimpProcedureConfigRun-plug-in-edt-generate.last', 'w') as file:
        file.write(LAST)
    image = new_image()
    result, error = generate(image, run_mode=Gimp.RunMode.WITH_LAST_VALS)
    check('last values: success', result.index(0) == SUCCESS, error)
    records = [record_of(layer) for layer in made(result)]
    check('last values: they are used',
          [(r['class_name'], r['seed'], r['steps'], r['cfg_scale']) for r in records] ==
          [('barn owl', 2**32 + i, 3, 2.5) for i in [1, 2]], records)
    check('last values: the image stays', result.index(1).get_id() == image.get_id())
    record = record_of(made(generate()[0])[0])
    check('other run modes do not see them', (record['class'], record['steps']) == (3, 4), record)


def test_interactive():
    procedure = Gimp.get_pdb().lookup_procedure('plug-in-edt-generate')
    config = procedure.create_config()
    config.set_property('run-mode', Gimp.RunMode.INTERACTIVE)
    result = procedure.run(config)
    error = Gimp.get_pdb().get_last_error()
    check('a dialog without a display is refused', result.index(0) == EXECUTION_ERROR)
    check('and told why', 'display' in error, error)


def main():
    only = 'test_' + os.environ.get('EDT_TEST_ONLY', '')
    tests = [value for name, value in sorted(globals().items()) if name.startswith(only)]
    for test in tests:
        try:
            test()
        except Exception:
            check(test.__name__, False, traceback.format_exc())
    with open(f'{SCRATCH}/results.json', 'w') as file:  # noqa: F821
        json.dump(results, file)
