# SPDX-License-Identifier: GPL-3.0-or-later
#
# A desktop of its own for a GUI test: Xvfb, a session bus, openbox and the accessibility bus; and
# the few verbs that a test needs to find widgets by role and name, to press, type and look.
import ctypes
import os
import subprocess
import sys
import time
from contextlib import contextmanager

import gi
gi.require_version('Atspi', '2.0')
from gi.repository import Atspi, GLib  # noqa: E402

BUTTONS = ('button', 'push button', 'toggle button', 'check box')


PATIENCE = 300  # seconds: how busy the machine is may not matter


def wait(condition, what):
    """The first true answer of condition(); never sleeps longer than needed."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            answer = condition()
        except GLib.Error:  # a widget that went away while it was asked
            answer = None
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(f'waited {PATIENCE} s for {what}')
        time.sleep(0.05)


def walk(node, depth=0):
    """The node and all below it; the cache of another process's tree may lag: ask again then."""
    yield node
    if depth > 40:
        return
    for i in range(node.get_child_count()):
        child = node.get_child_at_index(i)
        if child is not None:
            yield from walk(child, depth + 1)


def find(node, roles, name=None, showing=True):
    roles = (roles,) if isinstance(roles, str) else roles
    for widget in walk(node):
        if widget.get_role_name() not in roles:
            continue
        if name is not None and not (widget.get_name() or '').startswith(name):
            continue
        if showing and not widget.get_state_set().contains(Atspi.StateType.SHOWING):
            continue
        return widget
    return None


def application(name):
    desktop = Atspi.get_desktop(0)
    for i in range(desktop.get_child_count()):
        app = desktop.get_child_at_index(i)
        if app is not None and app.get_name() == name:
            return app
    return None


def sensitive(widget):
    return widget.get_state_set().contains(Atspi.StateType.SENSITIVE)


def focused(widget):
    return widget.get_state_set().contains(Atspi.StateType.FOCUSED)


def press(widget):
    widget.get_action_iface().do_action(0)


def type_into(widget, text):
    editable = widget.get_editable_text_iface()
    editable.set_text_contents(text)


def set_value(widget, value):
    widget.get_value_iface().set_current_value(value)


def choose(combo, number):
    combo.get_selection_iface().select_child(number)


def value(widget):
    return widget.get_value_iface().get_current_value()


KEYCODES = {'Control': 37, 'Alt': 64, 'F4': 70, 'Escape': 9, 'Return': 36, 'Down': 116}  # of Xvfb's keyboard


def keys(*combination):
    """Presses keys together, as on a keyboard: they go to the window with the focus."""
    for key in combination:
        Atspi.generate_keyboard_event(KEYCODES[key], None, Atspi.KeySynthType.PRESS)
    for key in reversed(combination):
        Atspi.generate_keyboard_event(KEYCODES[key], None, Atspi.KeySynthType.RELEASE)


def type_keys(text):
    Atspi.generate_keyboard_event(0, text, Atspi.KeySynthType.STRING)


def park_pointer():
    """Into a corner, whatever the screen: a tooltip would lie over the picture."""
    Atspi.generate_mouse_event(9999, 9999, 'abs')


def click(widget, times=1, button=1):
    """With the mouse, in the middle.  The server counts the time between, so that two are a double
    click also on a busy machine."""
    x, y, width, height = region(widget)
    xlib, xtest = ctypes.CDLL('libX11.so.6'), ctypes.CDLL('libXtst.so.6')
    xlib.XOpenDisplay.restype = ctypes.c_void_p
    display = ctypes.c_void_p(xlib.XOpenDisplay(None))
    later = ctypes.c_ulong(30)  # ms
    xtest.XTestFakeMotionEvent(display, -1, x + width // 2, y + height // 2, later)
    for press in [1, 0] * times:
        xtest.XTestFakeButtonEvent(display, button, press, later)
    xlib.XSync(display, 0)
    xlib.XCloseDisplay(display)


class Heard:
    """What a screen reader hears of a widget: the names that it gets."""

    def __init__(self, widget):
        self.widget, self.names = widget, []
        self.listener = Atspi.EventListener.new(self.hear)
        self.listener.register('object:property-change:accessible-name')
        end = time.monotonic() + 1  # the program hears of that later than we
        while time.monotonic() < end:
            GLib.MainContext.default().iteration(False)
            time.sleep(0.02)

    def hear(self, event):
        if event.source.get_role_name() == self.widget.get_role_name():
            self.names.append(event.any_data)

    def end(self):
        while GLib.MainContext.default().iteration(False):
            pass
        self.listener.deregister('object:property-change:accessible-name')
        return self.names


def screenshot(path):
    subprocess.run(['import', '-window', 'root', str(path)], check=True)


def region(widget):
    box = widget.get_component_iface().get_extents(Atspi.CoordType.SCREEN)
    return box.x, box.y, box.width, box.height


def inside(region, room):
    x, y, width, height = region
    return (x >= room[0] and y >= room[1] and
            x + width <= room[0] + room[2] and y + height <= room[1] + room[3])


def capture(widget, path):
    x, y, w, h = region(widget)
    subprocess.run(['import', '-window', 'root', '-crop', f'{w}x{h}+{x}+{y}', str(path)],
                   check=True)
    return path


def difference(a, b):
    """Number of pixels that differ."""
    done = subprocess.run(['compare', '-metric', 'AE', str(a), str(b), 'null:'],
                          capture_output=True, text=True)
    return float((done.stderr.split() or ['1'])[0])


@contextmanager
def display(screen='1200x800'):
    """A display of its own: its name and its server."""
    read, write = os.pipe()
    # without -r a key is pressed again where its release comes late, as on a busy machine
    server = subprocess.Popen(['Xvfb', '-displayfd', str(write), '-screen', '0', f'{screen}x24',
                               '-nolisten', 'tcp', '-r'], pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with open(read) as told:  # to the end of the line: a server that cannot write that ends
        number = told.readline().strip()
    try:
        yield f':{number}', server
    finally:
        server.terminate()
        server.wait()


def enter(command, env, screen='1200x800'):
    """Runs command under a fresh display and bus; its exit status.  What they print is talk."""
    # a server that has just begun may refuse the first client; asking for a name waits for its owner
    inside = ('(until openbox; do sleep .2; done) & OB=$!; '
              '/usr/libexec/at-spi-bus-launcher --launch-immediately & AT=$!; '
              'until dbus-send --session --print-reply --dest=org.a11y.Bus /org/a11y/bus '
              'org.a11y.Bus.GetAddress; do sleep .2; done; '
              '"$@"; CODE=$?; kill $OB $AT; exit $CODE')
    with display(screen) as (name, _):
        return subprocess.run(['dbus-run-session', '--', 'bash', '-c', inside, 'bash', *command],
                              env=env | {'DISPLAY': name}, stdout=sys.stderr).returncode
