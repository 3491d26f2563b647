# SPDX-License-Identifier: GPL-3.0-or-later
#
# Behind in_gimp.py, inside GIMP: sketches, selections and mixes, compared with `edt sample` of the
# same request, and what a picture started from with the file that is kept of it.
import subprocess


def redraw(image, **arguments):
    return call('plug-in-edt-redraw', image, **({'class': '3', 'seed': 42, 'steps': 4} | arguments))


def fill(image, **arguments):
    return call('plug-in-edt-fill', image, **({'class': '3', 'seed': 42, 'steps': 4} | arguments))


def sample(*arguments):
    path = f'{SCRATCH}/out/canvas.png'  # noqa: F821
    subprocess.run([os.environ['EDT_PROGRAM'], 'sample', '-o', path, '--force', '-c', '3', '-s',
                    '42', '--steps', '4', *arguments], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    image = reference('canvas')
    data = pixels(image.get_layers()[0])
    image.delete()
    return data


def save(image, name):
    path = f'{SCRATCH}/out/{name}.png'  # noqa: F821
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path(path), None)
    return path


def paint(layer, x, y, width, height, color):
    """A rectangle of sRGB bytes, whatever the image is in."""
    area = Gegl.Rectangle.new(x, y, width, height)
    layer.get_buffer().set(area, "R'G'B'A u8", bytes(color) * (width * height))
    layer.update(x, y, width, height)


def sketch(width=128, height=128, **more):
    image = new_image(width, height, **more)
    layer = image.get_layers()[0]
    paint(layer, 0, 0, width, height, (90, 120, 200, 255))
    paint(layer, 30, 40, 60, 50, (200, 100, 50, 255))
    return image


def add_drawing(image, x=60, y=50, side=50):
    """A layer with alpha, which has a square on it and is the selected one."""
    layer = Gimp.Layer.new(image, 'drawing', image.get_width(), image.get_height(),
                           Gimp.ImageType.RGBA_IMAGE, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    paint(layer, x, y, side, side, (200, 100, 50, 255))
    image.set_selected_layers([layer])
    return layer


def area_of(layer):
    return offsets(layer) + (layer.get_width(), layer.get_height())


def flat(image):
    copy = image.duplicate()
    data = pixels(copy.flatten(), "R'G'B'A u8")
    copy.delete()
    return data


def selection_of(image):
    return pixels(image.get_selection(), 'Y u8')


def kept(layer):
    """What a picture started from, as the history keeps it: [height * width] of R, G, B, A."""
    path = f'{SCRATCH}/state/edt/history/sources/{record_of(layer)["source"]}.png'  # noqa: F821
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(path))
    data = pixels(image.get_layers()[0], "R'G'B'A u8")
    image.delete()
    return [tuple(data[i:i + 4]) for i in range(0, len(data), 4)]


def near(pixel, color):
    return all(abs(a - b) <= 2 for a, b in zip(pixel, color))


def expect_refusal(name, result, words):
    outcome, error = result
    check(f'{name}: refused', outcome.index(0) == CALLING_ERROR, outcome.index(0))
    check(f'{name}: told why', error and all(word in error for word in words), error)


# ---- a layer ----

def test_canvas_redraw():
    image = sketch()
    path, before = save(image, 'sketch'), pixels(image.get_layers()[0])
    result, error = redraw(image, freedom=0.5)
    layer = made(result)[0]
    check('redraw: the pixels of edt sample',
          pixels(layer) == sample('--image', path, '--freedom', '0.5'), error)
    check('redraw: others with more freedom',
          pixels(made(redraw(image, freedom=0.9)[0])[0]) != pixels(layer))
    record = record_of(layer)
    check('redraw: the record says what it started from',
          len(record['source']) == 64 and record['freedom'] == 0.5, record)
    check('redraw: above the layer, in its place', area_of(layer) == (0, 0, 128, 128) and
          image.get_item_position(layer) == image.get_item_position(image.get_layers()[-1]) - 1)
    check('redraw: the layer stays', pixels(image.get_layers()[-1]) == before and
          image.get_layers()[-1].get_visible())
    check('redraw: no mask where nothing is selected', layer.get_mask() is None)
    origin, name = [bytes(holder.get_parasite(key).get_data()).decode().rstrip('\0')
                    for holder, key in [(layer, 'edt-origin'), (image, 'edt-image')]]
    check('redraw: which layer of which image it started from',
          origin == f'{image.get_layers()[-1].get_tattoo()} {name}', (origin, name))
    first = pixels(layer)
    again(image, [layer], seed=42)
    check('redraw: again makes the same of it', pixels(layer) == first)
    image.delete()


def text_of(holder, name):
    parasite = holder.get_parasite(name)
    return parasite and bytes(parasite.get_data()).decode().rstrip('\0')


def test_canvas_again_origin():
    """One more of a sketch above the first one is one of that sketch, too."""
    image = new_image(100, 100)
    drawing = add_drawing(image, 20, 20, 50)
    first = made(redraw(image)[0])[0]
    result, error = again(image, [first], target='above')
    above = image.get_layers()[0]
    check('again above: it names the layer that the first one started from',
          record_of(above)['seed'] == 43 and text_of(above, 'edt-origin') ==
          f'{drawing.get_tattoo()} {text_of(image, "edt-image")}', text_of(above, 'edt-origin'))
    image.remove_layer(drawing)
    result, error = again(image, [above], target='above')
    last = image.get_layers()[0]
    check('again above: none that is gone', record_of(last)['seed'] == 44 and
          not text_of(last, 'edt-origin'), error)
    image.delete()


def test_canvas_redraw_place():
    image = new_image(200, 160)
    drawing = add_drawing(image)
    check('redraw: the square around what is drawn',
          area_of(made(redraw(image)[0])[0]) == (60, 50, 50, 50))
    image.set_selected_layers([drawing])
    before = {l.get_id() for l in image.get_layers()}
    layer = made(redraw(image, model=STAMPS, **{'class': '5'})[0], before)[0]  # noqa: F821
    check('redraw: a margin for models with alpha', area_of(layer) == (57, 47, 56, 56),
          area_of(layer))
    seen = kept(layer)
    check('redraw: transparent beside it, the drawing in the middle',
          seen[0][3] == 0 and near(seen[32 * 64 + 32], (200, 100, 50, 255)), seen[32 * 64 + 32])
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 50, 60, 20, 10)
    image.set_selected_layers([drawing])
    before = {l.get_id() for l in image.get_layers()}
    layer = made(redraw(image)[0], before)[0]
    check('redraw: within the selection', area_of(layer) == (50, 55, 20, 20), area_of(layer))
    check('redraw: outside of a rectangle, too, nothing is covered',
          layer.get_mask() is not None and sum(masked(image, layer)) == 255 * 20 * 10)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 65, 55, 20, 20)
    image.set_selected_layers([drawing])
    before = {l.get_id() for l in image.get_layers()}
    layer = made(redraw(image)[0], before)[0]
    check('redraw: a square that it fills is no mask', layer.get_mask() is None and
          area_of(layer) == (65, 55, 20, 20), area_of(layer))
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 50, 40, 40, 60)
    image.set_selected_layers([drawing])
    selected, seen = selection_of(image), flat(image)
    before = {l.get_id() for l in image.get_layers()}
    layer = made(redraw(image)[0], before)[0]
    check('redraw: another shape is its mask', layer.get_mask() is not None)
    check_outside('redraw', image, selected, seen)
    image.delete()


def check_outside(name, image, selected, before):
    """Bit for bit the same where nothing is selected; something else where all is."""
    after = flat(image)
    changed = [i for i in range(len(selected)) if before[4 * i:4 * i + 4] != after[4 * i:4 * i + 4]]
    check(f'{name}: outside every bit stays', all(selected[i] for i in changed))
    check(f'{name}: inside a picture comes', len(changed) > sum(v == 255 for v in selected) / 10,
          len(changed))


def test_canvas_redraw_what_is_seen():
    image = new_image(128, 128)
    drawing = add_drawing(image, 20, 20, 80)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 20, 20, 40, 40)
    drawing.add_mask(drawing.create_mask(Gimp.AddMaskType.SELECTION))
    Gimp.Selection.none(image)
    check('redraw: what a mask hides is not seen',
          area_of(made(redraw(image)[0])[0]) == (20, 20, 40, 40))
    group = Gimp.GroupLayer.new(image, 'group')
    image.insert_layer(group, None, 0)
    image.reorder_item(drawing, group, 0)
    image.set_selected_layers([group])
    before = {l.get_id() for l in all_layers(image.get_layers())}
    layer = made(redraw(image)[0], before)[0]
    check('redraw: of a group all that is in it', area_of(layer) == (20, 20, 40, 40) and
          near(kept(layer)[64 * 128 + 64], (200, 100, 50, 255)), area_of(layer))
    check('redraw: above the group', layer.get_parent() is None and
          image.get_item_position(layer) == image.get_item_position(group) - 1)
    image.delete()


def test_canvas_redraw_filters():
    """GIMP 3 keeps what a filter does beside the pixels."""
    image = sketch()
    layer = image.get_layers()[0]
    before = pixels(layer)
    layer.append_filter(Gimp.DrawableFilter.new(layer, 'gegl:invert-gamma', ''))
    seen = kept(made(redraw(image)[0])[0])[60 * 128 + 60]
    check('redraw: what filters make of the layer', near(seen, (55, 155, 205)), seen)
    layer.get_filters()[0].set_visible(False)
    image.set_selected_layers([layer])
    there = {l.get_id() for l in image.get_layers()}
    last = made(redraw(image)[0], there)[0]
    seen = kept(last)[60 * 128 + 60]
    check('redraw: none of one that is switched off', near(seen, (200, 100, 50)), seen)
    image.remove_layer(last)
    check('redraw: the layer keeps its pixels and its filters', pixels(layer) == before and
          len(layer.get_filters()) == 1, layer.get_filters())
    check('redraw: nothing else is left', len(image.get_layers()) == 2)
    image.delete()
    check_filters_elsewhere()
    check_filters_undo()


def check_filters_elsewhere():
    """As before, whatever the image is in, and the mask hides what it hides."""
    for name, more in {'32 bit': {'precision': Gimp.Precision.FLOAT_NON_LINEAR},
                       'gray': {'mode': GRAY}}.items():
        image = sketch(**more)
        layer = image.get_layers()[0]
        layer.append_filter(Gimp.DrawableFilter.new(layer, 'gegl:invert-gamma', ''))
        seen = kept(made(redraw(image)[0])[0])[60 * 128 + 60]
        wanted = (125,) * 3 if name == 'gray' else (55, 155, 205)
        check(f'redraw, {name}: what filters make of the layer', near(seen, wanted), seen)
        image.delete()
    image = new_image(128, 128, RGB, Gimp.Precision.FLOAT_NON_LINEAR)
    image.set_color_profile(Gimp.ColorProfile.new_rgb_adobe())
    layer = image.get_layers()[0]
    layer.append_filter(Gimp.DrawableFilter.new(layer, 'gegl:invert-gamma', ''))
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 32, 32, 64, 64)
    layer.add_mask(layer.create_mask(Gimp.AddMaskType.SELECTION))
    Gimp.Selection.none(image)
    last = made(redraw(image)[0])[0]
    check('redraw: filters of a layer with a mask', area_of(last) == (32, 32, 64, 64) and
          near(kept(last)[64 * 128 + 64], (0, 0, 0)), (area_of(last), kept(last)[64 * 128 + 64]))
    image.delete()


def check_filters_undo():
    """The layer is read, then refused: that is no step, and nothing to save."""
    image, images = new_image(128, 128), len(Gimp.get_images())
    layer = add_drawing(image, side=4)
    layer.append_filter(Gimp.DrawableFilter.new(layer, 'gegl:invert-gamma', ''))
    image.clean_all()
    expect_refusal('a small drawing with filters', redraw(image), ['smaller than 8'])
    check('redraw: to read filters changes no image', not image.is_dirty())
    check('redraw: and leaves none', len(Gimp.get_images()) == images, Gimp.get_images())
    image.delete()


def test_canvas_redraw_modes():
    for name, more in {'16 bit': {'precision': Gimp.Precision.U16_LINEAR},
                       '32 bit': {'precision': Gimp.Precision.FLOAT_NON_LINEAR},
                       'gray': {'mode': GRAY}}.items():
        image = sketch(**more)
        layer = made(redraw(image)[0])[0]
        gray = (130,) * 3  # 200, 100, 50 by luminance
        seen = kept(layer)[60 * 128 + 60]
        check(f'redraw, {name}: its colours', near(seen, gray if name == 'gray' else (200, 100, 50)),
              seen)
        image.delete()
    image = new_image(128, 128, RGB, Gimp.Precision.FLOAT_NON_LINEAR)
    image.set_color_profile(Gimp.ColorProfile.new_rgb_adobe())
    paint(image.get_layers()[0], 0, 0, 128, 128, (200, 100, 50, 255))
    seen = kept(made(redraw(image)[0])[0])[60 * 128 + 60]
    check('redraw, Adobe RGB: its colours', near(seen, (200, 100, 50)), seen)
    image.delete()


def drawn(width, height, x, y, ground):
    """The only layer has fine lines on it, from x and y on."""
    image = new_image(width, height)
    image.remove_layer(image.get_layers()[0])
    layer = Gimp.Layer.new(image, 'drawing', width, height, Gimp.ImageType.RGBA_IMAGE, 100,
                           Gimp.LayerMode.NORMAL)
    layer.fill(ground)
    image.insert_layer(layer, None, 0)
    for i in range(0, 99, 7):
        paint(layer, x + i, y, 1 + i % 5, 99, (20 + 2 * i, 60, 200, 255))
        paint(layer, x, y + i, 99, 1 + i % 3, (200, 100, 50, 255))
    image.set_selected_layers([layer])
    return image


def test_canvas_redraw_small_on_large():
    """What is read of a drawing does not depend on how large its layer is."""
    for name, ground in {'transparent': Gimp.FillType.TRANSPARENT,
                         'white': Gimp.FillType.WHITE}.items():
        found = {}
        for width, x, y in [(250, 77, 63), (5000, 77, 63), (5000, 3333, 101),
                            (5001, 77, 63)]:
            image = drawn(width, 250, x, y, ground)
            result, error = redraw(image, model=STAMPS, steps=1)  # noqa: F821
            layer = made(result)[0]
            left, top, *size = area_of(layer)
            found[width, x, y] = record_of(layer)['source'], (left - x, top - y), size
            image.delete()
        first = found[250, 77, 63]
        check(f'redraw, {name}: as large as what is drawn', first[1:] == ((-6, -6), [114, 114]),
              first)
        check(f'redraw, {name}: of a large layer the same is read',
              all(there == first for there in found.values()), found)


def drawn_on_paper():
    """A black outline on white paper."""
    image = new_image(100, 100)
    layer = image.get_layers()[0]
    paint(layer, 20, 20, 60, 60, (0, 0, 0, 255))
    paint(layer, 26, 26, 48, 48, (255, 255, 255, 255))
    return image


def test_canvas_paper():
    for paper, corner, middle in [('auto', 0, 128), ('transparent', 0, 128), ('keep', 255, 255)]:
        image = drawn_on_paper()
        layer = made(redraw(image, paper=paper, model=STAMPS)[0])[0]  # noqa: F821
        seen = kept(layer)
        inside, edge = seen[32 * 64 + 32], seen[65 * (5 if paper == 'keep' else 1)]
        check(f'paper {paper}: the ground', edge[3] == corner, edge)
        check(f'paper {paper}: the inside', near(inside, (middle,) * 3 + (255,)), inside)
        check(f'paper {paper}: around what is drawn',
              area_of(layer) == ((-6, -6, 112, 112) if paper == 'keep' else (16, 16, 68, 68)),
              area_of(layer))
        image.delete()


def test_canvas_redraw_refused():
    image = new_image(100, 100)
    drawing = add_drawing(image, 10, 10, 20)
    image.set_selected_layers(image.get_layers())
    expect_refusal('redraw of two layers', redraw(image), ['one layer'])
    image.set_selected_layers([drawing])
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 60, 60, 30, 30)
    expect_refusal('redraw of nothing', redraw(image), ['nothing on the layer'])
    Gimp.Selection.none(image)
    paint(drawing, 10, 10, 20, 20, (0, 0, 0, 0))
    expect_refusal('redraw of an empty layer', redraw(image), ['nothing on the layer'])
    paint(drawing, 10, 10, 7, 7, (0, 0, 0, 255))
    expect_refusal('redraw of a dot', redraw(image), ['8 pixels'])
    paint(drawing, 10, 10, 40, 40, (0, 0, 0, 255))
    drawing.resize(50, 50, 0, 0)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 60, 60, 30, 30)
    expect_refusal('redraw beside the layer', redraw(image), ['does not touch'])
    check('refused: nothing has changed', len(image.get_layers()) == 2)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 10, 30, 30)
    Gimp.Selection.float(image, [drawing], 3, 3)
    expect_refusal('redraw beside a floating selection', redraw(image), ['floating'])
    expect_refusal('fill beside a floating selection', fill(image), ['floating'])
    image.delete()


def test_canvas_other_image():
    """A layer of another image, as a script may have it."""
    image, other = new_image(100, 100), sketch()
    before = flat(image)
    for name in ['redraw', 'morph']:
        more = {'between': 'layers', 'frames': 3} if name == 'morph' else {}
        procedure = Gimp.get_pdb().lookup_procedure(f'plug-in-edt-{name}')
        config = procedure.create_config()
        config.set_property('image', image)
        config.set_core_object_array('drawables', other.get_layers() * (1 + bool(more)))
        for key, value in ({'class': '3', 'steps': 2} | more).items():
            config.set_property(key, value)
        result = procedure.run(config)
        expect_refusal(f'{name} of another image', (result, Gimp.get_pdb().get_last_error()),
                       ['Select'])
    check('another image: nothing has changed', flat(image) == before and
          len(image.get_layers()) == len(other.get_layers()) == 1)
    image.delete()
    other.delete()


# ---- the selection ----

def test_canvas_fill_shape():
    for name, model in {'RGB': 'tiny', 'alpha': STAMPS}.items():  # noqa: F821
        image = sketch(200, 160)
        image.select_ellipse(Gimp.ChannelOps.REPLACE, 40, 30, 100, 80)
        selected, before = selection_of(image), flat(image)
        result, error = fill(image, model=model)
        layer = made(result)[0]
        check(f'shape, {name}: the square around it', area_of(layer) == (36, 16, 108, 108),
              area_of(layer))
        check(f'shape, {name}: the selection is its mask', masked(image, layer) == selected)
        check_outside(f'shape, {name}', image, selected, before)
        check(f'shape, {name}: the record', (record_of(layer)['fill'], len(record_of(layer)['mask']))
              == ('shape', 64), record_of(layer))
        check(f'shape, {name}: the selection stays', selection_of(image) == selected)
        image.delete()
    check_shape_follows_selection()


def masked(image, layer):
    """The mask of a layer in pixels of the image."""
    width, height = image.get_width(), image.get_height()
    x, y = offsets(layer)
    area = Gegl.Rectangle.new(-x, -y, width, height)
    return bytes(layer.get_mask().get_buffer().get(area, 1.0, 'Y u8', Gegl.AbyssPolicy.NONE))


def check_shape_follows_selection():
    """To the network itself: a thing of a model with alpha is transparent beside the shape."""
    image = new_image(100, 100)
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 0, 0, 100, 50)
    layer = made(fill(image, model=STAMPS)[0])[0]  # noqa: F821
    alpha = pixels(layer, "R'G'B'A u8")[3::4]
    width = layer.get_width()
    check('shape: the thing has it', alpha[8 * width + width // 2] < 20 and
          alpha[width // 2 * width + width // 2] > 200, area_of(layer))
    image.delete()


def test_canvas_fill_missing():
    image = sketch()
    path = save(image, 'known')
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 32, 32, 64, 64)
    mask = new_image(128, 128)
    paint(mask.get_layers()[0], 0, 0, 128, 128, (0, 0, 0, 255))
    paint(mask.get_layers()[0], 32, 32, 64, 64, (255, 255, 255, 255))
    mask_path = save(mask, 'mask')
    selected, before = selection_of(image), flat(image)
    layers = {}
    for careful in [False, True]:
        for context in ['layer', 'visible']:
            there = {l.get_id() for l in image.get_layers()}
            result, error = fill(image, into='missing', context=context, margin=0.5, careful=careful)
            layers[careful, context] = made(result, there)[0]
            check(f'missing, {context}, careful {careful}: the pixels of edt sample',
                  pixels(layers[careful, context]) ==
                  sample('--image', path, '--mask', mask_path, '--fill', 'missing',
                         *(['--careful'] if careful else [])), error)
            check_outside(f'missing, {context}, careful {careful}', image, selected, before)
            image.remove_layer(layers[careful, context])
            image.set_selected_layers(image.get_layers())
    mask.delete()
    image.delete()


def select_softly(image):
    """A square of 64 pixels; of its outer eight each is half selected."""
    channel = Gimp.Channel.new(image, 'soft', 128, 128, 100, Gegl.Color.new('black'))
    image.insert_channel(channel, None, 0)
    for first, side, value in [(0, 128, 0), (32, 64, 128), (40, 48, 255)]:
        channel.get_buffer().set(Gegl.Rectangle.new(first, first, side, side), 'Y u8',
                                 bytes([value]) * (side * side))
    image.select_item(Gimp.ChannelOps.REPLACE, channel)
    image.remove_channel(channel)
    image.set_selected_layers(image.get_layers())


def test_canvas_fill_soft():
    """A soft edge is the layer's mask alone: what is made lies under all of it."""
    image, hard = sketch(), new_image(128, 128)
    paint(hard.get_layers()[0], 0, 0, 128, 128, (0, 0, 0, 255))
    paint(hard.get_layers()[0], 32, 32, 64, 64, (255, 255, 255, 255))
    path, mask_path = save(image, 'known'), save(hard, 'mask')
    select_softly(image)
    selected, before = selection_of(image), flat(image)
    check('soft: the selection of the test', len(set(selected)) == 3, set(selected))
    layer = made(fill(image, into='missing', margin=0.5)[0])[0]
    check('soft: the selection is the mask', masked(image, layer) == selected)
    check('soft: what is made knows no edge but where it ends', pixels(layer) ==
          sample('--image', path, '--mask', mask_path, '--fill', 'missing'))
    check_outside('soft', image, selected, before)
    hard.delete()
    image.delete()


def test_canvas_fill_place():
    image = sketch(200, 160)
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 40, 30, 100, 80)
    selected, before = selection_of(image), flat(image)
    layer = made(fill(image, into='place')[0])[0]
    check('place: as large as fits', area_of(layer) == (50, 30, 80, 80), area_of(layer))
    check('place: the selection is its mask', layer.get_mask() is not None)
    check_outside('place', image, selected, before)
    check('place: it starts from nothing', 'source' not in record_of(layer) and
          'mask' not in record_of(layer), record_of(layer))
    image.delete()


def test_canvas_fill_feather():
    image = sketch(200, 160)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 60, 40, 60, 60)
    hard = made(fill(image)[0])[0]
    soft = made(fill(image, feather=10)[0], {hard.get_id()})[0]
    rows = [masked(image, layer)[70 * 200:71 * 200] for layer in [hard, soft]]
    check('fill: a hard edge', (rows[0][59], rows[0][60]) == (0, 255), rows[0])
    check('fill: a feathered one', 0 < rows[1][57] < rows[1][60] < rows[1][63] < 255 and
          rows[1][90] == 255 and rows[1][40] == 0, list(rows[1]))
    check('fill: strokes go into the picture, not into its mask', not soft.get_edit_mask())
    there = {layer.get_id() for layer in image.get_layers()}
    place = made(fill(image, into='place', feather=10)[0], there)[0]
    row = masked(image, place)[70 * 200:71 * 200]
    check('fill: feathered, too, only in its place', 0 < row[60] < row[63] < row[90] == 255 and
          row[59] == 0, list(row))
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 40, 60, 60)
    there = {layer.get_id() for layer in image.get_layers()}
    border = made(fill(image, feather=10)[0], there)[0]
    row = masked(image, border)[70 * 200:71 * 200]
    check('fill: what is selected up to the border is all of it', row[0] == row[30] == 255 and
          0 < row[60] < 255, list(row))
    image.delete()


def test_canvas_fill_modes():
    for name, more in {'16 bit': {'precision': Gimp.Precision.U16_NON_LINEAR},
                       'linear float': {'precision': Gimp.Precision.FLOAT_LINEAR},
                       'gray': {'mode': GRAY}}.items():
        image = sketch(**more)
        image.select_ellipse(Gimp.ChannelOps.REPLACE, 20, 20, 90, 60)
        Gimp.Selection.feather(image, 8)
        selected, before = selection_of(image), flat(image)
        layer = made(fill(image, into='missing')[0])[0]
        check(f'fill, {name}: its own soft selection is the mask', masked(image, layer) == selected)
        check_outside(f'fill, {name}', image, selected, before)
        image.delete()


def test_canvas_fill_several():
    image = sketch()
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 20, 20, 90, 60)
    layers = made(fill(image, count=2)[0])
    check('fill: several in a group, each with the mask', len(layers) == 2 and
          all(l.get_mask() and l.get_parent() for l in layers))
    image.delete()


def test_canvas_fill_refused():
    image = sketch()
    expect_refusal('fill without a selection', fill(image), ['select an area'])
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 10, 5, 5)
    expect_refusal('fill of a dot', fill(image), ['8 pixels'])
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 10, 100, 5)
    expect_refusal('fill of a line', fill(image, into='place'), ['8 pixels'])
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 10, 40, 40)
    expect_refusal('what is visible for a model with alpha',
                   fill(image, into='missing', context='visible', model=STAMPS),  # noqa: F821
                   ['transparent ground'])
    drawing = add_drawing(image, 100, 100, 20)
    expect_refusal('nothing near the selection', fill(image, into='missing', margin=0.1),
                   ['nothing near'])
    image.set_selected_layers([drawing, image.get_layers()[1]])
    expect_refusal('missing of two layers', fill(image, into='missing'), ['one layer'])
    check('fill refused: nothing has changed', len(image.get_layers()) == 2)
    image.delete()


def last_values(name, text):
    """What the dialog would have kept."""
    folder = f'{Gimp.directory()}/plug-in-settings'
    os.makedirs(folder, exist_ok=True)
    with open(f'{folder}/GimpProcedureConfigRun-plug-in-edt-{name}.last', 'w') as file:
        file.write(text)


def repeat(name, image, before):
    """Ctrl+F.  The new layer and its record."""
    result, error = call(f'plug-in-edt-{name}', image, run_mode=Gimp.RunMode.WITH_LAST_VALS)
    layer = made(result, before)[0]
    return layer, record_of(layer)


def test_canvas_repeat_fill():
    """The settings of the last time, another selection; a new seed where none was given."""
    image = sketch(200, 160)
    for seed, seeds in [(-1, 2), (7, 1)]:
        last_values('fill', f'(class "barn owl")\n(steps 3)\n(into "place")\n(seed {seed})\n')
        found = set()
        for x in [10, 90]:
            image.select_rectangle(Gimp.ChannelOps.REPLACE, x, 20, 60, 60)
            layer, record = repeat('fill', image, {l.get_id() for l in image.get_layers()})
            found.add(record['seed'])
            check(f'fill, seed {seed}, again at {x}: the settings, in the new selection',
                  area_of(layer) == (x, 20, 60, 60) and
                  (record['class_name'], record['steps']) == ('barn owl', 3), record)
        check(f'fill, seed {seed}, again: {seeds} of them', len(found) == seeds and -1 not in found,
              found)
    image.delete()


def test_canvas_repeat_redraw():
    """The same of another layer, and within another selection of it."""
    image = new_image(200, 160)
    drawings = {x: add_drawing(image, x) for x in [10, 90]}
    for seed, seeds in [(-1, 2), (7, 1)]:
        last_values('redraw', f'(class "barn owl")\n(steps 3)\n(freedom 0.5)\n(seed {seed})\n')
        found = set()
        for x, drawing in drawings.items():
            image.set_selected_layers([drawing])
            layer, record = repeat('redraw', image, {l.get_id() for l in image.get_layers()})
            found.add(record['seed'])
            check(f'redraw, seed {seed}, again at {x}: the settings, of the new layer',
                  area_of(layer) == (x, 50, 50, 50) and
                  (record['class_name'], record['steps'], record['freedom']) ==
                  ('barn owl', 3, 0.5), (area_of(layer), record))
        check(f'redraw, seed {seed}, again: {seeds} of them', len(found) == seeds and
              -1 not in found, found)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 95, 60, 20, 10)
    image.set_selected_layers([drawings[90]])
    layer, _ = repeat('redraw', image, {l.get_id() for l in image.get_layers()})
    check('redraw again: within the selection', area_of(layer) == (95, 55, 20, 20), area_of(layer))
    image.delete()


def test_canvas_repeat_of_picture():
    """Ctrl+F with the new picture selected: of the sketch, where the same is asked once more."""
    image = sketch()
    ground = pixels(image.get_layers()[0], "R'G'B'A u8")
    last_values('redraw', '(class "barn owl")\n(steps 3)\n(freedom 0.5)\n(seed 7)\n')
    first, record = repeat('redraw', image, {l.get_id() for l in image.get_layers()})
    second, other = repeat('redraw', image, {l.get_id() for l in image.get_layers()})
    check('redraw again: of the sketch, not of its picture', other['source'] == record['source'] and
          seen_by(second) == ground and pixels(second) == pixels(first))
    check('redraw again: above its picture', image.get_layers()[0].get_id() == second.get_id())
    check_completed_picture(image, second)
    image.set_selected_layers([second])
    paint(second, 20, 20, 40, 40, (10, 200, 30, 255))
    painted = pixels(second, "R'G'B'A u8")
    third, _ = repeat('redraw', image, {l.get_id() for l in image.get_layers()})
    check('redraw again: of the picture, once it was painted on', seen_by(third) == painted)
    image.set_selected_layers([first])
    before = {l.get_id() for l in image.get_layers()}
    asked = made(redraw(image)[0], before)[0]
    check('redraw by a script: of the layer that it names', seen_by(asked) ==
          pixels(first, "R'G'B'A u8"))
    image.delete()


def seen_by(layer):
    return bytes(value for pixel in kept(layer) for value in pixel)


def check_completed_picture(image, picture):
    """Completing is something else than redrawing: the picture itself is completed."""
    last_values('fill', '(class "barn owl")\n(steps 3)\n(into "missing")\n(margin 0.5)\n(seed 7)\n')
    image.set_selected_layers([picture])
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 32, 32, 64, 64)
    whole = pixels(picture, "R'G'B'A u8")
    before = {l.get_id() for l in image.get_layers()}
    layer, record = repeat('fill', image, before)
    check('completing a redrawn picture: that itself', seen_by(layer) == whole, record)
    last, other = repeat('fill', image, before | {layer.get_id()})
    check('completing once more: the same, not what was completed',
          other['source'] == record['source'] and pixels(last) == pixels(layer))
    image.remove_layer(layer)
    image.remove_layer(last)
    Gimp.Selection.none(image)


# ---- mixes ----

def test_canvas_mix():
    there = reference('plain')
    plain = pixels(there.get_layers()[0])
    there.delete()
    for name, settings, arguments in [
            ('blend', {'mix_class': 'barn owl', 'mix': 0.4}, ['--mix', '7:0.4']),
            ('shape', {'mix_class': '7', 'mix': 0.5, 'mix_how': 'shape'},
             ['--mix', '7:0.5', '--mix-how', 'shape']),
            ('vary', {'vary': 0.3, 'vary_seed': 9}, ['--vary', '9:0.3'])]:
        result, error = generate(**settings)
        layer = made(result)[0]
        check(f'{name}: the pixels of edt sample', pixels(layer) == sample(*arguments), error)
        check(f'{name}: not those without it', pixels(layer) != plain)
        named = 'tiger shark' + {'blend': ' + barn owl 40 %', 'shape': ' + barn owl 50 %'}.get(name, '')
        check(f'{name}: the name says it', layer.get_name() == f'{named} (seed 42)',
              layer.get_name())
        result.index(1).delete()
    expect_error('an unknown second class', CALLING_ERROR, ['goldfish'], mix_class='goldfsh', mix=0.5)
    result, _ = generate(vary=1.0, vary_seed=43)
    other, _ = generate(seed=43)
    check('a variation of 1 is the other seed', pixels(made(result)[0]) == pixels(made(other)[0]))
    for image in Gimp.get_images():
        image.delete()
