# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads an archive of `edt sample --npz` as FID evaluations do, by zipfile, and by NumPy where it
is installed; prints shape, labels, how it was made, and a checksum of each picture, line by line."""
import ast
import hashlib
import struct
import sys
import zipfile


def npy(data):
    assert data[:8] == b'\x93NUMPY\x01\x00'
    length, = struct.unpack('<H', data[8:10])
    assert (10 + length) % 64 == 0
    return ast.literal_eval(data[10:10 + length].decode()), data[10 + length:]


with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    front, pixels = npy(archive.read('arr_0.npy'))
    front_of_labels, labels = npy(archive.read('arr_1.npy'))
    record = archive.read('edt.json').decode()
assert front['descr'] == '|u1' and front_of_labels['descr'] == '<i8'
n, height, width, channels = front['shape']
assert front_of_labels['shape'] == (n,) and len(pixels) == n * height * width * channels
labels = struct.unpack(f'<{n}q', labels)
try:
    import numpy
except ImportError:
    print('# without NumPy')
else:
    with numpy.load(sys.argv[1]) as arrays:
        assert arrays['arr_0'].shape == front['shape'] and arrays['arr_0'].dtype == numpy.uint8
        assert arrays['arr_0'].tobytes() == pixels and tuple(arrays['arr_1']) == labels
print(*front['shape'])
print(*labels)
print(record)
one = height * width * channels
for i in range(n):
    print(hashlib.sha256(pixels[i * one:(i + 1) * one]).hexdigest())
