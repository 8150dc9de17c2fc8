"""Draws poses of a MuJoCo model without a screen, for foresight record.

Arguments: the model's file, the size of a pose (numbers in qpos), and the height and width of a frame. Writes one byte when
it is ready. Then reads poses from standard input, each as little-endian doubles, and writes for each a frame of rows of
red, green and blue from the top left, until the input ends. What goes wrong is said on the standard error output.

The camera is the model's own that is called "track", which follows the body, or else one that sees the whole model.
"""

import ctypes
import os
import sys


def libraries():
    """The ways to draw off-screen whose library is installed, best first."""
    for name, library in (("egl", "libEGL.so.1"), ("osmesa", "libOSMesa.so.8")):
        try:
            ctypes.CDLL(library)
        except OSError:
            continue
        yield name


def read_exactly(stream, size):
    """The next `size` bytes, or fewer at the end of the stream."""
    data = bytearray()
    while len(data) < size:
        piece = stream.read(size - len(data))
        if not piece:
            break
        data += piece
    return bytes(data)


def main():
    file, size, height, width = sys.argv[1], *map(int, sys.argv[2:5])
    if "MUJOCO_GL" not in os.environ:
        # MuJoCo's package reads it when it is imported
        found = next(libraries(), None)
        if found is None:
            sys.exit("neither EGL nor OSMesa is installed; 'apt-get install libegl1 libgl1-mesa-dri' installs EGL")
        os.environ["MUJOCO_GL"] = found
    try:
        import mujoco
        import numpy
    except ImportError as error:
        sys.exit(f"{error}; 'make setup' installs it")

    model = mujoco.MjModel.from_xml_path(file)
    if model.nq != size:
        sys.exit(f"{file} has poses of {model.nq} numbers, not {size}")
    model.vis.global_.offheight = max(model.vis.global_.offheight, height)
    model.vis.global_.offwidth = max(model.vis.global_.offwidth, width)
    data = mujoco.MjData(model)
    tracking = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_CAMERA, "track")
    source, target = sys.stdin.buffer, sys.stdout.buffer
    with mujoco.Renderer(model, height, width) as renderer:
        target.write(b"+")
        target.flush()
        while len(pose := read_exactly(source, 8 * size)) == 8 * size:
            data.qpos[:] = numpy.frombuffer(pose, "<f8")
            mujoco.mj_forward(model, data)
            renderer.update_scene(data, camera=tracking)
            target.write(renderer.render().tobytes())
            target.flush()


main()
