# SPDX-License-Identifier: GPL-3.0-or-later
#
# Behind in_gimp_canvas.py, inside GIMP: what is made of many pictures.  Morphs, whose ends are the
# plain pictures to the bit; scattered ones, brushes and patterns.


def morph(image=None, **arguments):
    settings = {'class': '3', 'seed': 42, 'steps': 4, 'to_class': 'barn owl', 'frames': 4}
    return call('plug-in-edt-morph', image, **(settings | arguments))


def frames_of(image):
    """In the order of play: from below."""
    top = image.get_layers()[0]
    layers = top.get_children() if top.is_group_layer() else image.get_layers()
    return layers[::-1]


def plain(**arguments):
    result, _ = generate(**arguments)
    data = pixels(made(result)[0])
    result.index(1).delete()
    return data


def test_series_morph():
    result, error = morph()
    check('morph: success', result.index(0) == SUCCESS, error)
    image = result.index(1)
    frames = frames_of(image)
    check('morph: a new image of four layers', len(image.get_layers()) == 4 and
          (image.get_width(), image.get_height()) == (128, 128))
    check('morph: names with times', [f.get_name() for f in frames] ==
          [f'Frame {i} (100ms)' for i in [1, 2, 3, 4]], [f.get_name() for f in frames])
    seen = [pixels(f) for f in frames]
    check('morph: begins with the plain picture', seen[0] == plain())
    check('morph: ends with the plain picture', seen[3] == plain(**{'class': '7'}))
    check('morph: every frame is another', len(set(seen)) == 4)
    record = record_of(frames[1])
    check('morph: a frame knows what it was made of', record['mix'][0][0] == 7 and
          0 < record['mix'][0][1] < 0.5, record)
    again(image, [frames[1]], seed=42)
    check('morph: and is made again of it', pixels(frames[1]) == seen[1])
    image.delete()


def test_series_morph_seeds():
    result, error = morph(to_class='', to_seed=50, back=True, frame_time=40)
    image = result.index(1)
    frames = frames_of(image)
    seen = [pixels(f) for f in frames]
    check('morph there and back: six layers', len(frames) == 6 and
          frames[5].get_name() == 'Frame 6 (40ms)', error)
    check('morph: between two seeds', (seen[0], seen[3]) == (plain(), plain(seed=50)))
    check('morph: the way back', seen[4:] == [seen[2], seen[1]] and len(set(seen)) == 4)
    image.delete()
    result, _ = morph(to_class='', frames=2)
    check('morph: the same class ends at a new seed',
          record_of(frames_of(result.index(1))[1])['seed'] != 42)
    result.index(1).delete()


def apart_by(a, b):
    return sum((x - y) ** 2 for x, y in zip(a, b)) ** 0.5


def steps_of(**arguments):
    """How far apart the frames of a morph are, one after the other."""
    result, error = morph(model=STAMPS, seed=3, steps=12, frames=6, **arguments)  # noqa: F821
    seen = [pixels(f, "R'aG'aB'aA u8") for f in frames_of(result.index(1))]
    result.index(1).delete()
    return [apart_by(a, b) for a, b in zip(seen, seen[1:])], seen


def test_series_morph_even():
    usual, seen = steps_of(**{'class': 'fox', 'to_class': 'owl'})
    even, other = steps_of(**{'class': 'fox', 'to_class': 'owl', 'even': True})
    check('morph, even steps: the ends stay', (seen[0], seen[-1]) == (other[0], other[-1]))
    check('morph, even steps: the longest is shorter', max(even) < 0.85 * max(usual), (usual, even))
    check('morph, even steps: nearly equal', max(even) / min(even) < max(usual) / min(usual) / 1.5,
          (usual, even))


def test_series_morph_looks():
    result, error = morph(to_class='7', mix_how='shape', frames=3)
    records = [record_of(f) for f in frames_of(result.index(1))]
    check('morph to the looks of another: the class stays',
          [r['class'] for r in records] == [3, 3, 3], error)
    check('morph to the looks of another: more and more of them',
          [r.get('mix') for r in records] == [None, [[7, 0.5]], [[7, 1]]] and
          records[2]['mix_how'] == 'shape', records)
    result.index(1).delete()
    expect_refusal('a morph that would flicker', morph(sampler='ddpm'), ['flicker'])


def test_series_morph_in_image():
    image = sketch(200, 160)
    before = flat(image)
    result, error = morph(image, model=STAMPS, to_class='7', frames=3)  # noqa: F821
    group = image.get_layers()[0]
    check('morph in an image: a group above', len(image.get_layers()) == 2 and
          group.is_group_layer() and result.index(1).get_id() == image.get_id(), error)
    check('morph: what one can see through replaces',
          [f.get_name() for f in frames_of(image)] ==
          [f'Frame {i} (100ms) (replace)' for i in [1, 2, 3]])
    check('morph: in the middle', all(offsets(f) == (68, 48) for f in frames_of(image)))
    image.remove_layer(group)
    check('morph: nothing else has changed', flat(image) == before)
    images = len(Gimp.get_images())
    result, error = morph(image, new_image=True, frames=2)
    check('morph: in a new image, if asked for', len(Gimp.get_images()) == images + 1 and
          len(image.get_layers()) == 1 and len(result.index(1).get_layers()) == 2, error)
    result.index(1).delete()
    image.delete()


def two_layers(**second):
    """From below: the ground, a picture of 60x60, another one."""
    image = new_image(200, 160)
    lower = made(generate(image)[0])[0]
    lower.scale(60, 60, False)
    lower.set_offsets(10, 20)
    upper = made(generate(image, **({'class': '7', 'seed': 50} | second))[0], {lower.get_id()})[0]
    image.set_selected_layers([upper, lower])
    return image, lower, upper


def test_series_morph_layers():
    image, lower, upper = two_layers(mix_class='1', mix=0.25)
    last = pixels(upper)
    result, error = morph(image, between='layers', to_class='', frames=3)
    check('morph of layers: success', result.index(0) == SUCCESS, error)
    frames = frames_of(image)
    check('morph of layers: where the lower one is', area_of(frames[0]) == (10, 20, 60, 60),
          area_of(frames[0]))
    check('morph of layers: the name says it', image.get_layers()[0].get_name() ==
          'tiger shark → barn owl, 3 frames', image.get_layers()[0].get_name())
    check('morph of layers: without a mask, as they are', not frames[0].get_mask())
    image.remove_layer(image.get_layers()[0])
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 20, 30, 60)
    lower.add_mask(lower.create_mask(Gimp.AddMaskType.SELECTION))
    Gimp.Selection.none(image)
    image.set_selected_layers([upper, lower])
    morph(image, between='layers', frames=3)
    mask = masked(image, lower)
    check('morph of layers: with a mask, as they have', 0 < sum(mask) < 60 * 60 * 255 and
          all(frame.get_mask() and masked(image, frame) == mask for frame in frames_of(image)))
    lower.remove_mask(Gimp.MaskApplyMode.DISCARD)
    image.set_selected_layers([upper, lower])
    result, error = morph(image, between='layers', new_image=True, frames=3)
    frames = frames_of(result.index(1))
    check('morph of layers: from the lower to the upper', [pixels(frames[0]), pixels(frames[2])] ==
          [plain(), last], error)
    check('morph of layers: mixes are mixed', sorted(m[0] for m in record_of(frames[1])['mix']) ==
          [1, 7], record_of(frames[1]))
    result.index(1).delete()
    check_layers_alone(image, [upper, lower], last)
    image.delete()


def test_series_morph_layers_scaled():
    """Frames are as the lower layer is now: in its size, its mask and its colors."""
    palette = palette_of('Test of four', FOUR)
    image = new_image(200, 160)
    lower = made(generate(image, palette='Test of four')[0])[0]
    upper = made(generate(image, **{'class': '7', 'seed': 50})[0], {lower.get_id()})[0]
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 50, 30, 90, 70)
    lower.add_mask(lower.create_mask(Gimp.AddMaskType.SELECTION))
    Gimp.Selection.none(image)
    for size, place in {(100, 80): (18, 8, 64, 64), (300, 240): (54, 24, 192, 192)}.items():
        image.scale(*size)
        image.set_selected_layers([upper, lower])
        result, error = morph(image, between='layers', frames=3)
        frames, mask = frames_of(image), masked(image, lower)
        check(f'morph of layers, scaled to {size}: as large as the lower one', area_of(lower) ==
              place and [area_of(f) for f in frames] == [place] * 3,
              (error, [area_of(f) for f in frames]))
        check(f'morph of layers, scaled to {size}: its mask', 0 < sum(mask) < 255 * len(mask) and
              all(masked(image, f) == mask for f in frames))
        check(f'morph of layers, scaled to {size}: its colors', all(
            1 < len(few(f)[0]) and few(f)[0] <= set(FOUR) for f in frames), few(frames[0])[0])
        image.remove_layer(image.get_layers()[0])
    image.delete()
    palette.delete()


def check_layers_alone(image, layers, last):
    """A script need not say which image they are in."""
    procedure = Gimp.get_pdb().lookup_procedure('plug-in-edt-morph')
    config = procedure.create_config()
    config.set_core_object_array('drawables', layers)
    for name, value in {'between': 'layers', 'frames': 3, 'class': '3', 'steps': 4}.items():
        config.set_property(name, value)
    before, result = len(image.get_layers()), procedure.run(config)
    error = Gimp.get_pdb().get_last_error()
    check('morph of layers without their image: success', result.index(0) == SUCCESS, error)
    frames = frames_of(result.index(1))
    check('morph of layers without their image: an image of its own', len(frames) == 3 and
          pixels(frames[2]) == last and len(image.get_layers()) == before, frames)
    result.index(1).delete()


def half_masked(image, layer):
    """Its left half is seen."""
    _, x, y = layer.get_offsets()
    image.select_rectangle(Gimp.ChannelOps.REPLACE, x, y, layer.get_width() // 2,
                           layer.get_height())
    layer.add_mask(layer.create_mask(Gimp.AddMaskType.SELECTION))
    Gimp.Selection.none(image)


def test_series_mask_off():
    """A mask that is switched off hides nothing, nor does what is made of its layer."""
    image, lower, upper = two_layers()
    half_masked(image, lower)
    lower.set_apply_mask(False)
    image.set_selected_layers([upper, lower])
    result, error = morph(image, between='layers', frames=2)
    check('mask switched off: frames have none', result.index(0) == SUCCESS and
          not any(frame.get_mask() for frame in frames_of(image)), error)
    image.remove_layer(image.get_layers()[0])
    for applied in [False, True]:
        lower.set_apply_mask(applied)
        there = {l.get_id() for l in image.get_layers()}
        result, error = again(image, [lower], target='above')
        above = made(result, there)[0]
        check(f'mask applied {applied}: so is the one of another picture above',
              above.get_apply_mask() == applied and masked(image, above) == masked(image, lower),
              error)
    image.delete()


def test_series_morph_squeezed():
    """Frames cover the lower layer also where the image was scaled unevenly since."""
    image, lower, upper = two_layers()
    half_masked(image, lower)
    image.scale(100, 160)
    image.set_selected_layers([upper, lower])
    result, error = morph(image, between='layers', frames=2)
    frames = frames_of(image)
    check('morph, squeezed: as large as the lower layer',
          [area_of(frame) for frame in frames] == [(5, 20, 30, 60)] * 2, error or
          [area_of(frame) for frame in frames])
    mask = masked(image, lower)
    check('morph, squeezed: with its mask', sum(mask) == 255 * 15 * 60 and
          all(masked(image, frame) == mask for frame in frames), sum(mask) / 255)
    image.delete()


def test_series_morph_refused():
    image, lower, upper = two_layers(steps=5)
    before, images = flat(image), len(Gimp.get_images())
    for count in [0, 1]:
        expect_refusal(f'{count} frames', morph(image, frames=count), ['two frames'])
    expect_refusal('a morph to an unknown class', morph(image, to_class='goldfsh'), ['goldfish'])
    expect_refusal('a morph to itself', morph(image, to_class='', to_seed=42), ['where it begins'])
    expect_refusal('layers made in another way', morph(image, between='layers'), ['steps'])
    image.set_selected_layers([lower])
    expect_refusal('one layer', morph(image, between='layers'), ['two layers'])
    image.set_selected_layers([lower, image.get_layers()[-1]])
    expect_refusal('a layer of others', morph(image, between='layers'), ['two layers'])
    check('morph refused: nothing has changed', flat(image) == before and
          len(Gimp.get_images()) == images)
    image.delete()


def test_series_morph_last_values():
    folder = f'{Gimp.directory()}/plug-in-settings'
    os.makedirs(folder, exist_ok=True)
    with open(f'{folder}/GimpProcedureConfigRun-plug-in-edt-morph.last', 'w') as file:
        file.write('(class "3")\n(seed 42.000000)\n(steps 2)\n(to-class "7")\n(frames 3)\n')
    result, error = morph(run_mode=Gimp.RunMode.WITH_LAST_VALS)
    frames = frames_of(result.index(1))
    check('morph with last values', len(frames) == 3 and record_of(frames[2])['class'] == 7 and
          record_of(frames[0])['steps'] == 2, error)
    result.index(1).delete()
    os.remove(f'{folder}/GimpProcedureConfigRun-plug-in-edt-morph.last')
    result, error = morph(run_mode=Gimp.RunMode.INTERACTIVE)
    check('morph: no dialog without a display', result.index(0) == EXECUTION_ERROR and
          'display' in error, error)


# ---- scattered ----

def scatter(image=None, **arguments):
    settings = {'class': '3', 'seed': 42, 'steps': 4, 'count': 2, 'spots': 12, 'size': 24}
    return call('plug-in-edt-scatter', image, **(settings | arguments))


def test_series_scatter_selection():
    for name, more in {'RGB': {}, 'gray': {'mode': GRAY},
                       '16 bit': {'precision': Gimp.Precision.U16_LINEAR}}.items():
        image = sketch(200, 160, **more)
        image.select_ellipse(Gimp.ChannelOps.REPLACE, 40, 30, 120, 100)
        selected, before = selection_of(image), flat(image)
        result, error = scatter(image)
        check(f'scatter, {name}: success', result.index(0) == SUCCESS, error)
        layers = image.get_layers()
        check(f'scatter, {name}: one layer, where the selection is', len(layers) == 2 and
              area_of(layers[0]) == (40, 30, 120, 100), [area_of(l) for l in layers])
        check(f'scatter, {name}: the selection is its mask', masked(image, layers[0]) == selected)
        check_outside(f'scatter, {name}', image, selected, before)
        check(f'scatter, {name}: its name', layers[0].get_name() ==
              'tiger shark (seed 42), scattered', layers[0].get_name())
        image.delete()


def test_series_scatter_seeds():
    image = sketch(200, 160)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 10, 150, 100)
    seen = []
    for arguments in [{}, {}, {'seed': 44}, {'spots': 30, 'whole': False}]:
        scatter(image, **arguments)
        layer = image.get_layers()[0]
        check(f'scatter {arguments}: a rectangle is no mask', layer.get_mask() is None)
        seen.append(pixels(layer, "R'G'B'A u8"))
        image.remove_layer(layer)
    check('scatter: the same seed, the same layer', seen[0] == seen[1])
    check('scatter: another seed, another one', seen[2] != seen[0])
    alpha = [sum(s[3::4]) / 255 / len(s) * 4 for s in seen]
    check('scatter: things on transparent ground', 0.2 < alpha[0] < 0.6 < alpha[3], alpha)
    image.delete()


def test_series_scatter_pixels():
    """One picture that fits once and is not turned is there to the bit."""
    image = sketch(200, 160)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 20, 10, 128, 128)
    scatter(image, spots=1, count=1, size=0, differ=0.0, turn=0.0, distance=0.0, whole=False)
    layer = image.get_layers()[0]
    data, there = pixels(layer, "R'G'B'A u8"), plain()
    opaque = [i for i in range(128 * 128) if data[4 * i + 3]]
    rows = sorted({i // 128 for i in opaque})
    columns = sorted({i % 128 for i in opaque})
    found = [(dx, dy) for dx in {columns[0], columns[-1] - 127}
             for dy in {rows[0], rows[-1] - 127}
             if all(data[4 * i:4 * i + 3] ==
                    there[3 * ((i // 128 - dy) * 128 + i % 128 - dx):][:3] for i in opaque
                    if 0 <= i // 128 - dy < 128 and 0 <= i % 128 - dx < 128)]
    check('scatter: the pixels of the picture', len(opaque) > 1000 and found, (rows, columns))
    image.delete()


def test_series_scatter_tile():
    images = len(Gimp.get_images())
    result, error = scatter(where='tile', tile=96)
    image = result.index(1)
    layer = image.get_layers()[0]
    check('tile: a new image', len(Gimp.get_images()) == images + 1 and
          (image.get_width(), image.get_height()) == (96, 96) and area_of(layer) == (0, 0, 96, 96),
          error)
    data = pixels(layer, "R'G'B'A u8")
    edges = [[data[4 * (y * 96 + x) + 3] for y in range(96)] for x in [0, 95]]
    check('tile: what leaves on one side comes in on the other', any(edges[0]) and
          sum(abs(a - b) for a, b in zip(*edges)) < 255 * 20, edges)
    image.delete()


def test_series_scatter_again():
    """A scattered layer knows all that it is made of."""
    image = sketch(200, 160)
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 40, 30, 120, 100)
    settings = {'spots': 9, 'size': 20, 'differ': 0.5, 'turn': 90.0, 'distance': 0.7, 'count': 3}
    scatter(image, **settings)
    layer = image.get_layers()[0]
    first, mask = pixels(layer, "R'G'B'A u8"), masked(image, layer)
    Gimp.Selection.none(image)
    result, error = again(image, [layer])
    second = pixels(layer, "R'G'B'A u8")
    check('scatter again: in its place', result.index(0) == SUCCESS and len(image.get_layers()) == 2
          and area_of(layer) == (40, 30, 120, 100), error)
    check('scatter again: from the next seed', record_of(layer)['seed'] == 43 and second != first)
    check('scatter again: its name', layer.get_name() == 'tiger shark (seed 43), scattered',
          layer.get_name())
    check('scatter again: its mask', masked(image, layer) == mask)
    image.remove_layer(layer)
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 40, 30, 120, 100)
    scatter(image, **(settings | {'seed': 43}))
    layer = image.get_layers()[0]
    check('scatter again: what a scatter of that seed makes',
          pixels(layer, "R'G'B'A u8") == second)
    again(image, [layer], seed=42)
    check('scatter again: of an exact seed', pixels(layer, "R'G'B'A u8") == first)
    again(image, [layer], seed=7, target='above')
    above = image.get_layers()[0]
    check('scatter again above: with its mask, too', len(image.get_layers()) == 3 and
          masked(image, above) == mask and pixels(layer, "R'G'B'A u8") == first)
    layer.attach_parasite(Gimp.Parasite.new('edt-scattered', 1, b'no key file'))
    result, error = again(image, [layer])
    check('scatter again: what is damaged is told', result.index(0) == EXECUTION_ERROR and
          'damaged' in error, error)
    image.delete()
    image = sketch(200, 160)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 40, 30, 120, 100)
    scatter(image, **settings)
    layer = image.get_layers()[0]
    first = pixels(layer, "R'G'B'A u8")
    Gimp.Selection.none(image)
    again(image, [layer], seed=42)
    check('scatter again: of a rectangle, too', pixels(layer, "R'G'B'A u8") == first)
    other = made(generate(image, seed=42)[0], {layer.get_id()})[0]
    image.set_selected_layers([layer, other])
    expect_refusal('what is scattered is no one picture', morph(image, between='layers'),
                   ['two layers'])
    image.delete()
    image = scatter(where='tile', tile=96, **{'class': ''})[0].index(1)
    layer = image.get_layers()[0]
    first = pixels(layer, "R'G'B'A u8")
    again(image, [layer])
    check('tile again: another one', pixels(layer, "R'G'B'A u8") != first)
    again(image, [layer], seed=42)
    check('tile again: any class, and the same picture once more',
          pixels(layer, "R'G'B'A u8") == first)
    image.delete()


def test_series_scatter_again_keeps():
    """Its colors, its classes and the rectangle; where the layer has a mask now, that."""
    palette = palette_of('Test of four', FOUR)
    image = sketch(200, 160)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 40, 30, 120, 100)
    scatter(image, palette='Test of four', count=4, spots=30, **{'class': ''})
    layer = image.get_layers()[0]
    first, kind = pixels(layer, "R'G'B'A u8"), record_of(layer)['class']
    Gimp.Selection.none(image)
    result, error = again(image, [layer])
    check('scatter again: in the same colors', pixels(layer, "R'G'B'A u8") != first and
          few(layer)[0] <= set(FOUR), (error, few(layer)[0]))
    check('scatter again: of the same classes', record_of(layer)['class'] == kind)
    again(image, [layer], seed=42)
    check('scatter again: all of them, in the same places', pixels(layer, "R'G'B'A u8") == first)
    again(image, [layer], target='above')
    again(image, [image.get_layers()[0]], seed=42)
    check('scatter again above: colors, classes and places, too',
          pixels(image.get_layers()[0], "R'G'B'A u8") == first)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 40, 30, 60, 100)
    layer.add_mask(layer.create_mask(Gimp.AddMaskType.SELECTION))
    Gimp.Selection.none(image)
    result, error = again(image, [layer])
    alpha = pixels(layer, "R'G'B'A u8")[3::4]
    columns = {i % 120 for i, value in enumerate(alpha) if value}
    check('scatter again: within the mask', columns and max(columns) < 60 + 12,
          (error, len(image.get_layers()), max(columns)))
    image.delete()
    palette.delete()


def test_series_again_palette_gone():
    """Told before anything is made; nothing has changed, and it comes back with its palette."""
    palette = palette_of('Test of four', FOUR)
    image = sketch(200, 160)
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 40, 30, 120, 100)
    scatter(image, palette='Test of four')
    scattered = image.get_layers()[0]
    plain = made(generate(image, palette='Test of four')[0], {scattered.get_id()})[0]
    palette.delete()
    files = len(os.listdir(f'{SCRATCH}/state/edt/history'))  # noqa: F821
    for name, layer in {'one picture': plain, 'scattered': scattered}.items():
        for target in ['replace', 'above']:
            before = pixels(layer, "R'G'B'A u8"), record_of(layer), len(image.get_layers())
            result, error = again(image, [layer], target=target)
            check(f'again, {name}, {target}: the palette is gone', result.index(0) ==
                  EXECUTION_ERROR and '“Test of four”' in error and 'deleted' in error, error)
            check(f'again, {name}, {target}: nothing has changed', before == (
                pixels(layer, "R'G'B'A u8"), record_of(layer), len(image.get_layers())))
    check('again without the palette: nothing is made',
          len(os.listdir(f'{SCRATCH}/state/edt/history')) == files)  # noqa: F821
    palette = palette_of('Test of four', FOUR)
    result, error = again(image, [plain])
    check('again: with the palette that is back', record_of(plain)['seed'] == 43 and
          few(plain)[0] <= set(FOUR), error)
    image.delete()
    palette.delete()


def test_series_settings_refused():
    """The dialog of a layer's settings is for people, and for layers of ours."""
    image = new_image(64, 64)
    expect_refusal('settings of a layer of others', call('plug-in-edt-settings', image),
                   ['one layer that EDT made'])
    made(generate(image, steps=1)[0])
    expect_refusal('settings by a script', call('plug-in-edt-settings', image),
                   ['plug-in-edt-again'])
    layer = made(generate(image)[0])[0]
    layer.attach_parasite(Gimp.Parasite.new('edt-record', 1, b'{"class": 3'))
    image.set_selected_layers([layer])
    result, error = call('plug-in-edt-settings', image)
    check('settings of a damaged record: what is wrong with it', result.index(0) == EXECUTION_ERROR
          and 'not valid JSON' in error, error)
    image.delete()


def test_series_settings_repeat():
    """GIMP's Repeat after the dialog of a layer: one more picture of its settings."""
    image = new_image(200, 160)
    last_values('settings', '(class "barn owl")\n(steps 3)\n(seed -1)\n')
    layer, record = repeat('settings', image, {l.get_id() for l in image.get_layers()})
    check('settings, again: a picture of them', (record['class_name'], record['steps']) ==
          ('barn owl', 3) and image.get_layers()[0].get_id() == layer.get_id(), record)
    image.delete()


def test_series_scatter_refused():
    image = sketch(200, 160)
    before = flat(image)
    expect_refusal('scatter without an image', scatter(), ['image'])
    expect_refusal('scatter without a selection', scatter(image), ['select an area'])
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 10, 20, 20)
    expect_refusal('scatter of what is too large', scatter(image, differ=0.0), ['no room'])
    expect_refusal('scatter of an unknown class', scatter(image, **{'class': 'goldfsh'}), ['goldfish'])
    check('scatter refused: nothing has changed', flat(image) == before)
    image.delete()


# ---- brushes and patterns ----

def files_of(folder):
    return sorted(os.listdir(f'{Gimp.directory()}/{folder}')) \
        if os.path.isdir(f'{Gimp.directory()}/{folder}') else []


def brush(**arguments):
    settings = {'class': 'barn owl', 'seed': 42, 'steps': 2, 'count': 3}
    return call('plug-in-edt-brush', None, **(settings | arguments))


def pattern(**arguments):
    settings = {'class': 'barn owl', 'seed': 9, 'steps': 2, 'tile': 80, 'size': 20, 'spots': 10}
    return call('plug-in-edt-pattern', None, **(settings | arguments))


def test_series_brush():
    images = len(Gimp.get_images())
    for model, name in [(STAMPS, 'fox'), ('tiny', 'barn owl')]:  # noqa: F821
        slug = name.replace(' ', '-')
        result, error = brush(model=model, **{'class': name})
        check(f'brush, {name}: success', result.index(0) == SUCCESS, error)
        check(f'brush, {name}: in the folder of the user', f'edt-{slug}-42.gih' in files_of('brushes'),
              files_of('brushes'))
        there = Gimp.Brush.get_by_name(f'{name} (seed 42)')
        size = there.get_info()[1:3] if there else None
        check(f'brush, {name}: GIMP knows it', there is not None and
              size == ((64, 64) if name == 'fox' else (128, 128)), size)
    check_brush_paints()
    path = f'{Gimp.directory()}/brushes/edt-fox-42.gih'
    with open(path, 'rb') as file:
        before = file.read()
    brush(model=STAMPS, **{'class': 'fox'})  # noqa: F821
    with open(path, 'rb') as file:
        check('brush: a file that is there stays', file.read() == before)
    check('brush: the second one has another name', 'edt-fox-42-2.gih' in files_of('brushes') and
          Gimp.Brush.get_by_name('fox (seed 42) 2') is not None, files_of('brushes'))
    brush(count=1, seed=7)
    check('brush of one picture', 'edt-barn-owl-7.gbr' in files_of('brushes'), files_of('brushes'))
    check('brush: no stray image', len(Gimp.get_images()) == images)


def test_series_resource_names():
    """GIMP loads none whose name is longer than 256 bytes: cut between two characters."""
    long = f'{SCRATCH}/long.safetensors'  # noqa: F821
    for number, name in [('0', '狐' * 66 + ' (seed 5)'), ('1', '狐' * 66 + ' (seed 5) 2'),
                         ('2', 'x' * 200 + ' (seed 5)')]:
        for kind, run, by_name in [
                ('brush', brush, Gimp.Brush), ('brush of one', brush, Gimp.Brush),
                ('pattern', pattern, Gimp.Pattern)]:
            count = 1 if kind == 'brush of one' else 2
            result, error = run(model=long, seed=5 + (kind == 'brush'), count=count,
                                **{'class': number})
            name_now = name.replace('seed 5', 'seed 6') if kind == 'brush' else name
            there = by_name.get_by_name(name_now)
            check(f'{kind}, long name {number}: GIMP knows it', result.index(0) == SUCCESS and
                  there is not None and result.index(1).get_id() == there.get_id(), error)
    files = {name for name in files_of('brushes') + files_of('patterns') if len(name) > 90}
    check('long names: the files', files == {
        f'edt-{stem}-{end}' for stem, ends in
        {'-' * 85: ['5.gbr', '5-2.gbr', '6.gih', '6-2.gih', '5.pat', '5-2.pat'],
         'x' * 100: ['5.gbr', '6.gih', '5.pat']}.items() for end in ends}, files)


def check_brush_paints():
    image = new_image(100, 100)
    Gimp.context_push()
    Gimp.context_set_brush(Gimp.Brush.get_by_name('fox (seed 42)'))
    Gimp.context_set_brush_size(64)
    Gimp.paintbrush_default(image.get_layers()[0], [50, 50])
    Gimp.context_pop()
    data = pixels(image.get_layers()[0])
    colours = {data[i:i + 3] for i in range(0, len(data), 3)}
    check('brush: it paints in its colours', len(colours) > 50 and data[:3] == b'\xff\xff\xff',
          len(colours))
    image.delete()


def test_series_brush_refused():
    before = files_of('brushes')
    expect_refusal('brush of an unknown class', brush(**{'class': 'goldfsh'}), ['goldfish'])
    check('brush refused: no file', files_of('brushes') == before, files_of('brushes'))


def test_series_pattern():
    images = len(Gimp.get_images())
    settings = {'class': 'barn owl', 'seed': 9, 'steps': 2, 'tile': 80, 'size': 20, 'spots': 10}
    result, error = call('plug-in-edt-pattern', None, **settings)
    there = Gimp.Pattern.get_by_name('barn owl (seed 9)')
    check('pattern: GIMP knows it', result.index(0) == SUCCESS and there is not None and
          tuple(there.get_info()[1:3]) == (80, 80), error)
    check('pattern: in the folder of the user', 'edt-barn-owl-9.pat' in files_of('patterns'),
          files_of('patterns'))
    image = scatter(where='tile', count=6, **settings)[0].index(1)
    tile = pixels(image.get_layers()[0], "R'G'B'A u8")
    opened = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(
        f'{Gimp.directory()}/patterns/edt-barn-owl-9.pat'))
    check('pattern: the tile of the scatter', pixels(opened.get_layers()[0], "R'G'B'A u8") == tile)
    image.delete()
    opened.delete()
    call('plug-in-edt-pattern', None, **settings)
    check('pattern: a second one has another name', 'edt-barn-owl-9-2.pat' in files_of('patterns'))
    check('pattern: no stray image', len(Gimp.get_images()) == images)


# ---- few colours ----

FOUR = ['#102040', '#e0e0d0', '#c04020', '#50a060']


def palette_of(name, colours):
    palette = Gimp.Palette.new(name)
    for colour in colours:
        palette.add_entry(colour, Gegl.Color.new(colour))
    return palette


def few(layer):
    """The colours of what can be seen of a layer, and its alpha."""
    data = pixels(layer, "R'G'B'A u8")
    return ({f'#{data[i:i + 3].hex()}' for i in range(0, len(data), 4) if data[i + 3]}, data[3::4])


def test_series_palette():
    palette = palette_of('Test of four', FOUR)
    for name, settings in {'as it is made': {}, 'enlarged': {'fit': 'image'}}.items():
        image = new_image(200, 160)
        settings = {'model': STAMPS, 'class': '10', 'steps': 12} | settings  # noqa: F821
        free = made(generate(image, **settings)[0])[0]
        layer = made(generate(image, palette='Test of four', **settings)[0], {free.get_id()})[0]
        colours, alpha = few(layer)
        check(f'palette, {name}: only its colours', 1 < len(colours) and colours <= set(FOUR), colours)
        check(f'palette, {name}: not before', len(few(free)[0]) > 20)
        check(f'palette, {name}: alpha stays', apart(alpha, few(free)[1]) <= 3 and
              area_of(layer) == area_of(free), apart(alpha, few(free)[1]))
        image.delete()
    Gimp.context_push()
    Gimp.context_set_palette(palette)
    layer = made(generate(palette='active')[0])[0]
    check('palette: the active one', few(layer)[0] <= set(FOUR), few(layer)[0])
    Gimp.context_pop()
    first = pixels(layer)
    result, error = again(layer.get_image(), [layer], seed=7)
    check('palette: again of the same one', few(layer)[0] <= set(FOUR) and pixels(layer) != first,
          (error, few(layer)[0]))
    for image in Gimp.get_images():
        image.delete()
    check_palette_elsewhere()
    check_palette_refused()
    palette.delete()


def check_palette_elsewhere():
    image = sketch(200, 160)
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 40, 30, 120, 100)
    for name, run in {'redraw': redraw, 'fill': fill, 'scatter': scatter}.items():
        before = {l.get_id() for l in image.get_layers()}
        result, error = run(image, palette='Test of four')
        layer = next((l for l in image.get_layers() if l.get_id() not in before), None)
        check(f'palette of a {name}', layer and few(layer)[0] <= set(FOUR), error)
        image.remove_layer(layer)
        image.set_selected_layers(image.get_layers())
    morph(image, palette='Test of four', frames=2)
    check('palette of a morph', all(few(f)[0] <= set(FOUR) for f in frames_of(image)))
    image.delete()
    brush(palette='Test of four', seed=77, count=1)
    there = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(
        f'{Gimp.directory()}/brushes/edt-barn-owl-77.gbr'))
    check('palette of a brush', few(there.get_layers()[0])[0] <= set(FOUR))
    there.delete()


def check_palette_refused():
    image = new_image(64, 64)
    expect_refusal('an unknown palette', generate(image, palette='No such'), ['No such'])
    expect_refusal('the palette of an image without', generate(image, palette='image'), ['indexed'])
    empty = Gimp.Palette.new('Test of none')
    expect_refusal('a palette without colors', generate(image, palette='Test of none'),
                   ['“Test of none” has no colors'])
    Gimp.context_push()
    Gimp.context_set_palette(empty)
    expect_refusal('an active palette without colors', generate(image, palette='active'),
                   ['“Test of none” has no colors'])
    Gimp.context_pop()
    empty.delete()
    check('palette refused: nothing has changed', len(image.get_layers()) == 1)
    image.delete()


def indexed_image():
    """In four colours."""
    image = new_image(200, 160)
    layer = image.get_layers()[0]
    for i, colour in enumerate(FOUR):
        paint(layer, 50 * i, 0, 50, 160, bytes.fromhex(colour[1:]) + b'\xff')
    image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 4, False,
                          False, '')
    return image


def test_series_indexed():
    image = indexed_image()
    own, before = few(image.get_layers()[0])[0], flat(image)
    check('indexed: the image of the test', own == set(FOUR), own)
    for name, settings in {'RGB': {'fit': 'image'}, 'alpha': {'model': STAMPS},  # noqa: F821
                           'its palette by name': {'palette': 'image'}}.items():
        result, error = generate(image, **settings)
        layer = image.get_layers()[0]
        colours, _ = few(layer)
        check(f'indexed, {name}: in its own colours', layer.is_indexed() and 1 < len(colours) and
              colours <= own, (error, colours))
        image.remove_layer(layer)
    for name, run in {'redraw': redraw, 'fill': fill, 'scatter': scatter}.items():
        image.set_selected_layers(image.get_layers())
        image.select_ellipse(Gimp.ChannelOps.REPLACE, 40, 30, 100, 80)
        selected = selection_of(image)
        result, error = run(image)
        layer = image.get_layers()[0]
        check(f'indexed, {name}: in its own colours', len(image.get_layers()) == 2 and
              few(layer)[0] <= own, error)
        after = flat(image)
        check(f'indexed, {name}: outside every bit stays', all(
            selected[i] or before[4 * i:4 * i + 4] == after[4 * i:4 * i + 4]
            for i in range(len(selected))))
        image.remove_layer(layer)
    check_indexed_several(image)
    image.delete()


def check_indexed_several(image):
    Gimp.Selection.none(image)
    image.set_selected_layers(image.get_layers())
    layers = made(generate(image, count=2)[0])
    check('indexed: several without a group, which it could not have', len(layers) == 2 and
          len(image.get_layers()) == 3)
    first = pixels(layers[0])
    result, error = again(image, [layers[0]])
    check('indexed: again', result.index(0) == SUCCESS and pixels(layers[0]) != first and
          few(layers[0])[0] <= set(FOUR), error)
    second = pixels(layers[0])
    image.set_component_active(Gimp.ChannelType.INDEXED, False)
    result, error = again(image, [layers[0]])
    check('indexed: again, whichever channels are active', result.index(0) == SUCCESS and
          pixels(layers[0]) != second, error)
    check('indexed: and those stay', not image.get_component_active(Gimp.ChannelType.INDEXED))
    image.set_component_active(Gimp.ChannelType.INDEXED, True)
