"""Moves a cart and pole with the bodies of the PETS cart-pole in MuJoCo, without the slide's stops.

Reads {"start": [x, speed, angle, angular speed], "forces": [...], "stepsPerForce": n} as JSON from the file named first
and writes to the file named second the masses and, after each force, the state in the same order.
"""

import json
import sys

import mujoco

MODEL = """
<mujoco>
  <option timestep="0.02" integrator="RK4" gravity="0 0 -9.81"/>
  <default>
    <joint damping="1"/>
    <geom contype="0" conaffinity="0" density="1000"/>
  </default>
  <worldbody>
    <body>
      <joint name="slide" type="slide" axis="1 0 0"/>
      <geom type="capsule" fromto="-0.1 0 0 0.1 0 0" size="0.1"/>
      <body>
        <joint name="hinge" type="hinge" axis="0 1 0"/>
        <geom type="capsule" fromto="0 0 0 0.001 0 -0.6" size="0.049"/>
      </body>
    </body>
  </worldbody>
  <actuator><motor joint="slide" gear="1"/></actuator>
</mujoco>
"""


def main():
    with open(sys.argv[1]) as file:
        request = json.load(file)
    model = mujoco.MjModel.from_xml_string(MODEL)
    data = mujoco.MjData(model)
    x, speed, angle, angular_speed = request["start"]
    data.qpos[:] = [x, angle]
    data.qvel[:] = [speed, angular_speed]
    states = []
    for force in request["forces"]:
        data.ctrl[0] = force
        for _ in range(request["stepsPerForce"]):
            mujoco.mj_step(model, data)
        states.append([float(v) for v in (data.qpos[0], data.qvel[0], data.qpos[1], data.qvel[1])])
    answer = {
        "masses": [float(mass) for mass in model.body_mass[1:]],
        "states": states,
    }
    with open(sys.argv[2], "w") as file:
        json.dump(answer, file)


main()
